import numpy as np
import pytest
from scipy import stats

from regime_platform.studies.effects import Effects
from regime_platform.studies.inference.comparison import compare_groups
from regime_platform.studies.leakage.controls import beyond_claim, controls, weighted
from regime_platform.studies.leakage.past import thirds
from regime_platform.studies.leakage.sample import Sample
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.outcomes import ABS_MOVE
from regime_platform.studies.result import Conclusion
from regime_platform_tests.studies.small_series import random_closes, runs, small_series

HORIZON = 5
OPTIONS = StudyOptions(horizon=HORIZON, draws=99)


@pytest.fixture(scope="module")
def sample() -> Sample:
    """Volatility changes every 50 bars; HIGH raises moves by a third on top of it."""
    high = runs(2, 1500, 10, 0.2)
    scale = np.where(runs(3, 1500, 50, 0.5), 2.0, 1.0) * np.where(np.roll(high, 1), 4 / 3, 1)
    returns = np.diff(np.log(random_closes(1, 1501))) * scale
    return Sample.of(small_series(100 * np.exp(np.cumsum(returns)), high), OPTIONS)


@pytest.fixture(scope="module")
def results(sample: Sample) -> dict[str, Conclusion]:
    plain = compare_groups(
        sample.on_series(sample.outcomes[ABS_MOVE]),
        sample.signal_on_series(),
        beyond_claim(ABS_MOVE, OPTIONS),
        OPTIONS,
        *sample.names,
    )
    return {each.title: each.result for each in controls(sample, ABS_MOVE, plain)}


def test_the_regression_has_errors_of_overlapping_windows(
    sample: Sample, results: dict[str, Conclusion]
) -> None:
    values, past = sample.outcomes[ABS_MOVE], sample.past
    columns = np.column_stack(
        [
            sample.signal,
            np.ones(len(values)),
            past.volatilities,
            past.volatilities[:, 1] ** 2,
            past.returns,
            np.abs(past.returns),
        ]
    )
    weights, *_ = np.linalg.lstsq(columns, values, rcond=None)
    scores = columns * (values - columns @ weights)[:, None]
    lags = round(1.3 * np.sqrt(len(values)))
    spread = scores.T @ scores
    for lag in range(1, lags + 1):  # Newey and West
        product = scores[lag:].T @ scores[:-lag]
        spread += (1 - lag / (lags + 1)) * (product + product.T)
    inverse = np.linalg.inv(columns.T @ columns)
    freedom = len(values) - columns.shape[1]
    error = np.sqrt((inverse @ spread @ inverse)[0, 0] * len(values) / freedom)

    result = results["regression on both"]

    reach = error * stats.t.ppf(0.975, freedom)
    assert result.effect == pytest.approx(weights[0], rel=1e-6)
    assert (result.low, result.high) == pytest.approx(
        (weights[0] - reach, weights[0] + reach), rel=1e-4
    )
    assert result.p_value >= 2 * stats.t.sf(weights[0] / error, freedom) * 0.999


def test_within_thirds_bars_of_like_volatility_are_compared(
    sample: Sample, results: dict[str, Conclusion]
) -> None:
    values, signal, cells = (
        sample.outcomes[ABS_MOVE],
        sample.signal,
        thirds(sample.past.volatility),
    )
    effects, counts = [], []
    for cell in range(3):
        inside, outside = values[signal & (cells == cell)], values[~signal & (cells == cell)]
        effects.append(inside.mean() - outside.mean())
        counts.append(len(inside))

    result = results["thirds of past volatility"]

    assert result.effect == pytest.approx(np.average(effects, weights=counts))
    assert result.low < result.effect < result.high


def test_windows_apart_are_every_fifth(sample: Sample, results: dict[str, Conclusion]) -> None:
    chosen = sample.enters.nonzero()[0][::HORIZON]  # no bar between is left out
    values, signal = sample.outcomes[ABS_MOVE][::HORIZON], sample.signal[::HORIZON]

    result = results["windows that do not overlap"]

    assert len(chosen) == len(values)
    assert result.effect == pytest.approx(values[signal].mean() - values[~signal].mean())
    assert result.p_value == pytest.approx(
        stats.ttest_ind(values[signal], values[~signal], equal_var=False).pvalue
    )


def test_what_only_repeats_volatility_adds_nothing(sample: Sample) -> None:
    past = sample.past.volatility
    series = small_series(sample.series.close, sample.on_series(past) > np.quantile(past, 0.8))
    repeating = Sample.of(series, OPTIONS)
    plain = compare_groups(
        repeating.on_series(repeating.outcomes[ABS_MOVE]),
        repeating.signal_on_series(),
        beyond_claim(ABS_MOVE, OPTIONS),
        OPTIONS,
    )

    *_, strictest = controls(repeating, ABS_MOVE, plain)

    assert plain.is_significant
    assert strictest.result.effect < plain.effect / 3
    assert not strictest.result.is_significant


def test_a_cell_without_both_sides_does_not_count() -> None:
    cells = Effects(np.array([[1.0, np.nan, 4.0]]), np.array([[1.0, 5.0, 3.0]]))

    assert weighted(cells) == pytest.approx([(1 + 3 * 4) / 4])
