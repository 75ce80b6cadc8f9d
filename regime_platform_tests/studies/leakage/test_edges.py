import numpy as np
import numpy.typing as npt
import pytest

from regime_platform.studies.leakage.edges import edge_spans, edges, shifted
from regime_platform.studies.leakage.sample import Sample
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.outcomes import ABS_MOVE, RETURN
from regime_platform_tests.studies.small_series import random_closes, runs, small_series

BARS = 2000
OPTIONS = StudyOptions(draws=199)


def smallest_p(closes: npt.NDArray[np.float64], high: npt.NDArray[np.bool_]) -> float:
    return min(each.p_value for each in edges(Sample.of(small_series(closes, high), OPTIONS)))


def top(values: npt.NDArray[np.float64], share: float = 0.15) -> npt.NDArray[np.bool_]:
    known = np.nan_to_num(values, nan=-1.0)
    above: npt.NDArray[np.bool_] = known > np.quantile(known, 1 - share)
    return above


def test_a_shift_looks_later_or_earlier() -> None:
    values = np.array([1.0, 2.0, 3.0, 4.0])

    np.testing.assert_array_equal(shifted(values, 0), values)
    np.testing.assert_array_equal(shifted(values, 1), [2, 3, 4, np.nan])
    np.testing.assert_array_equal(shifted(values, -3), [np.nan, np.nan, np.nan, 1])
    assert np.isnan(shifted(values, 4)).all()


def test_the_stretches_follow_each_other() -> None:
    series = small_series(random_closes(1, BARS), runs(2, BARS, 10, 0.2))
    sample = Sample.of(series, OPTIONS)

    (edge,) = (each for each in edges(sample) if (each.outcome, each.bars) == (RETURN, 5))

    close, high = series.close, series.bucket == 3
    bars = np.flatnonzero(sample.enters)[sample.is_inside]
    assert edge_spans(20) == (1, 5, 20)
    for effect, start in ((edge.before, -5), (edge.after, 0), (edge.later, 5)):
        moves = np.array([close[t + start + 5] / close[t + start] - 1 for t in bars])
        assert effect == pytest.approx(moves[high[bars]].mean() - moves[~high[bars]].mean())
    assert edge.excess == pytest.approx(
        abs(edge.after) / 2 - max(abs(edge.before), abs(edge.later))
    )


@pytest.mark.parametrize("ahead", [1, 5, 20])
def test_a_signal_made_of_later_closes_is_flagged(ahead: int) -> None:
    closes = random_closes(4, BARS)
    series = small_series(closes)

    assert smallest_p(closes, top(ABS_MOVE.of(series, ahead))) <= 0.05
    assert smallest_p(closes, top(-RETURN.of(series, ahead))) <= 0.05


@pytest.mark.parametrize("length", [4, 40])
def test_an_honest_signal_that_lasts_is_not(length: int) -> None:
    high = runs(5, BARS, length, 0.2)
    # the return after a bar with the signal is three times as large
    returns = np.diff(np.log(random_closes(4, BARS + 1))) * np.where(np.roll(high, 1), 3, 1)
    closes = 100 * np.exp(np.cumsum(returns))

    assert smallest_p(closes, high) > 0.05
    assert smallest_p(closes, top(np.abs(returns))) > 0.05  # made of its own bar


def test_noise_is_not() -> None:
    assert smallest_p(random_closes(4, BARS), runs(6, BARS, 4, 0.2)) > 0.05
