"""Tests of studies find what was planted, and nothing where nothing was; windows stay apart."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from regime_platform.compute.params import BUCKETS, EVENT_EDGES
from regime_platform.studies.catalog import STUDIES
from regime_platform.studies.events.event_marks import EVENT_KINDS
from regime_platform.studies.inference.comparison import Claim, compare_groups
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.result import Conclusion, Unit
from regime_platform.studies.series import (
    Floats,
    StudySeries,
    forward_abs_move,
    forward_drawdown,
    forward_return,
)
from regime_platform_tests.studies.synthetic import (
    falling,
    looking_ahead,
    more_volatile,
    repeating_volatility,
    unrelated,
)

OPTIONS = StudyOptions(draws=99)
CLAIM = Claim("planted", "HIGH is followed by a {direction} outcome", Unit.POINTS)
BARS = 2_000


def _compared(series: StudySeries, outcome: Callable[[StudySeries, int], Floats]) -> Conclusion:
    values = outcome(series, OPTIONS.horizon)
    return compare_groups(values, series.rank >= BUCKETS.high, CLAIM, OPTIONS, "S")


def test_what_was_planted_is_significant_and_has_its_sign() -> None:
    volatile = _compared(more_volatile(1, BARS, size=1.0), forward_abs_move)
    fall = _compared(falling(1, BARS, size=0.5), forward_return)

    assert [volatile.is_significant, fall.is_significant] == [True, True]
    assert fall.effect < 0 < volatile.effect


def test_few_placebos_as_far_are_followed_by_ten_times_as_many() -> None:
    planted = _compared(more_volatile(1, BARS, size=2.0), forward_abs_move)
    nothing = _compared(unrelated(3, BARS), forward_abs_move)

    assert planted.p_value < 1 / (1 + OPTIONS.draws)
    assert nothing.p_value * (1 + OPTIONS.draws) == pytest.approx(
        1 + nothing.placebo_share * OPTIONS.draws
    )


def test_where_nothing_was_planted_one_test_in_twenty_is_significant() -> None:
    p_values = [_compared(unrelated(seed, BARS), forward_return).p_value for seed in range(60)]

    assert sum(p <= OPTIONS.alpha for p in p_values) <= 6  # 3 are expected
    assert np.mean(p_values) == pytest.approx(0.5, abs=0.12)


@pytest.mark.parametrize("outcome", [forward_return, forward_abs_move, forward_drawdown])
def test_bars_after_a_bar_change_only_windows_that_reach_them(
    outcome: Callable[[StudySeries, int], Floats],
) -> None:
    series, at, horizon = unrelated(5, 400), 250, 20
    close = np.where(np.arange(400) > at, series.close * 0.2, series.close)

    before, after = (outcome(each, horizon) for each in (series, replace(series, close=close)))

    np.testing.assert_array_equal(before[: at - horizon + 1], after[: at - horizon + 1])
    assert (before[at - horizon + 1 : at + 1] != after[at - horizon + 1 : at + 1]).all()


@pytest.mark.slow
def test_a_planted_look_ahead_is_flagged_and_a_true_signal_is_not() -> None:
    leakage, options = STUDIES["leakage"].load(), StudyOptions(draws=199)

    def shown(series: StudySeries) -> dict[str, bool]:
        study = leakage.of(series, {}, options)
        return {each.key: each.is_significant for each in study.conclusions}

    leaking, repeating = shown(looking_ahead(1, BARS)), shown(repeating_volatility(1, 5_000))
    assert leaking["look_ahead"]
    assert not shown(more_volatile(1, BARS, size=1.0))["look_ahead"]
    assert [repeating[key] for key in ("abs_move_HIGH", "beyond_abs_move")] == [True, False]


@pytest.mark.parametrize("kind", EVENT_KINDS)
def test_what_comes_later_changes_no_event_that_was_known(kind: str) -> None:
    assert not _is_changed_by_the_future(lambda series: EVENT_KINDS[kind](series, 20).follows)


def test_a_threshold_from_the_whole_history_is_caught() -> None:
    def follows(series: StudySeries) -> Floats:
        move = forward_abs_move(series, 20)
        return np.where(np.isnan(move), np.nan, move > np.nanquantile(move, EVENT_EDGES.moderate))

    assert _is_changed_by_the_future(follows)


def _is_changed_by_the_future(follows: Callable[[StudySeries], Floats]) -> bool:
    """Whether windows that had ended by bar 1,000 are other ones with other bars after it."""
    series, at, horizon = unrelated(6, 1_200), 1_000, 20
    later = np.arange(len(series)) > at
    prices = {
        name: np.where(later, getattr(series, name) * 3, getattr(series, name))
        for name in ("open", "high", "low", "close")
    }
    before, after = (
        follows(each)[: at - horizon + 1] for each in (series, replace(series, **prices))
    )
    assert np.nansum(before) > 0
    return not np.array_equal(before, after, equal_nan=True)
