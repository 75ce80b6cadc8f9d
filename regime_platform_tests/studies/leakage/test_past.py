import numpy as np
import pytest

from regime_platform.studies.leakage.past import Past, thirds
from regime_platform_tests.studies.small_series import random_closes, small_series

HORIZON = 8


def test_volatility_and_return_are_of_the_bars_up_to_each() -> None:
    series = small_series(random_closes(1, 60))
    logs = np.log(series.close)

    past = Past.of(series, HORIZON)

    for span, column in zip((2, 8, 40), past.volatilities.T, strict=True):
        assert np.isnan(column[:span]).all()
        for bar in (span, 59):
            returns = [logs[t] - logs[t - 1] for t in range(bar - span + 1, bar + 1)]
            assert column[bar] == pytest.approx(np.std(returns))
    assert past.returns[20] == pytest.approx(series.close[20] / series.close[12] - 1)
    assert np.flatnonzero(past.is_known)[0] == 40


def test_later_bars_change_no_past() -> None:
    closes = random_closes(1, 80)
    changed = closes.copy()
    changed[60:] *= 3

    before, after = (Past.of(small_series(each), HORIZON) for each in (closes, changed))

    np.testing.assert_array_equal(before.volatilities[:60], after.volatilities[:60])
    np.testing.assert_array_equal(before.returns[:60], after.returns[:60])


def test_thirds_have_as_many_values() -> None:
    parts = thirds(np.random.default_rng(1).permutation(np.arange(30.0)))

    assert np.bincount(parts).tolist() == [10, 10, 10]
    assert thirds(np.arange(6.0)).tolist() == [0, 0, 1, 1, 2, 2]
