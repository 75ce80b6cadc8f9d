import numpy as np
import pytest
from scipy import stats

from regime_platform.studies.forward_returns.separate import separate_test
from regime_platform.studies.series import forward_return
from regime_platform_tests.studies.small_series import random_closes, runs, small_series

HORIZON = 20


def test_the_tests_are_those_of_scipy_on_every_twentieth_window() -> None:
    series = small_series(random_closes(1, 900), runs(2, 900, 30, 0.4))
    outcome, mask = forward_return(series, HORIZON), series.bucket == 3
    usable = np.arange(900) >= 7

    result = separate_test(outcome, mask, usable, HORIZON)

    chosen = np.arange(7, 880, HORIZON)
    inside, outside = outcome[chosen[mask[chosen]]], outcome[chosen[~mask[chosen]]]
    assert result.windows == len(inside)
    assert result.welch == pytest.approx(stats.ttest_ind(inside, outside, equal_var=False).pvalue)
    assert result.mann_whitney == pytest.approx(
        stats.mannwhitneyu(inside, outside, method="asymptotic").pvalue
    )


def test_on_overlapping_windows_noise_would_seem_significant() -> None:
    apart, overlapping = 0, 0
    for seed in range(60):
        series = small_series(random_closes(seed, 900), runs(seed + 500, 900, 30, 0.4))
        outcome, mask = forward_return(series, HORIZON), series.bucket == 3
        everywhere = np.ones(900, bool)
        apart += separate_test(outcome, mask, everywhere, HORIZON).welch < 0.05
        known = ~np.isnan(outcome)
        inside, outside = outcome[mask & known], outcome[~mask & known]
        overlapping += stats.ttest_ind(inside, outside, equal_var=False).pvalue < 0.05

    assert apart <= 7  # 3 of 60 by chance
    assert overlapping >= 20


def test_too_few_windows_on_a_side_give_no_p_value() -> None:
    series = small_series(random_closes(3, 400), np.arange(400) < 60)

    result = separate_test(
        forward_return(series, HORIZON), series.bucket == 3, np.ones(400, bool), HORIZON
    )

    assert result.windows == 3
    assert np.isnan([result.welch, result.mann_whitney]).all()
