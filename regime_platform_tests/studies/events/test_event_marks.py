"""Events against a slow recomputation, and at planted bars."""

import math

import numpy as np

from regime_platform.studies.events.event_marks import (
    ATR_MULTIPLE,
    atr_events,
    average_true_range,
    large_moves,
)
from regime_platform.studies.series import Floats
from regime_platform_tests.studies.events.planted import (
    BARS,
    CRASHES,
    marks,
    planted_series,
    with_closes,
)

HORIZON = 20


def test_events_are_marked_at_planted_crashes() -> None:
    series = planted_series()
    before = marks([(bar - HORIZON, bar) for bar in CRASHES], BARS)

    for events, first_known in (
        (large_moves(series, HORIZON), 252 + HORIZON - 1),
        (atr_events(series, HORIZON), 14),
    ):
        assert events.begins.tolist() == list(CRASHES)
        assert events.reached.tolist() == list(CRASHES)
        known = ~np.isnan(events.follows)
        assert np.flatnonzero(known).tolist() == list(range(first_known, BARS - HORIZON))
        assert (events.follows[known] == before[known]).all()
        assert np.flatnonzero(events.before).tolist() == [bar - 1 for bar in CRASHES]


def test_large_moves_equal_a_slow_recomputation_on_random_closes() -> None:
    close = _random_closes(700)
    events = large_moves(with_closes(close), HORIZON)

    follows, reached = _slow_large_moves(close.tolist(), HORIZON)
    np.testing.assert_array_equal(events.follows, follows)
    chains = [bar for k, bar in enumerate(reached) if k == 0 or bar - reached[k - 1] >= HORIZON]
    assert len(chains) > 2
    assert events.reached.tolist() == chains
    assert (events.begins <= events.reached).all()
    assert (events.reached - events.begins < HORIZON).all()


def test_a_move_over_several_bars_begins_with_the_first_of_the_shortest() -> None:
    close = np.where(np.arange(600) % 2, 100.0, 103.0)  # the threshold is 3 %
    close[500:511] = 100 - np.arange(11.0)  # beyond it after three bars, from 99 to 96
    close[511:] = 90.0

    events = large_moves(with_closes(close), HORIZON)

    assert events.reached.tolist() == [501]  # from 103 at bar 498
    assert events.begins.tolist() == [499]
    close[480:500] = 100.0
    events = large_moves(with_closes(close), HORIZON)
    assert events.reached.tolist() == [504]
    assert events.begins.tolist() == [502]


def test_later_bars_change_no_event_before_them() -> None:
    series = with_closes(_random_closes(700))
    for mark in (large_moves, atr_events):
        whole, part = mark(series, HORIZON), mark(series.part(0, 600), HORIZON)

        known = slice(0, 600 - HORIZON)
        np.testing.assert_array_equal(part.follows[known], whole.follows[known])
        assert np.isnan(part.follows[600 - HORIZON :]).all()


def test_the_threshold_uses_no_window_that_overlaps_its_own() -> None:
    close = _random_closes(700)
    bar = 600
    crashed = close.copy()
    crashed[bar + 1 :] *= 0.5

    before, after = (large_moves(with_closes(each), HORIZON).follows for each in (close, crashed))

    # the windows of the 19 bars before see the crash; their own thresholds do not
    np.testing.assert_array_equal(before[: bar - HORIZON + 1], after[: bar - HORIZON + 1])
    assert (after[bar - HORIZON + 1 : bar + 1] == 1.0).all()


def test_the_average_true_range_is_that_of_wilder() -> None:
    rng = np.random.default_rng(4)
    close = _random_closes(60)
    high, low = (close * (1 + sign * rng.uniform(0, 0.02, 60)) for sign in (1, -1))
    ranges = [
        max(high[k] - low[k], abs(high[k] - close[k - 1]), abs(low[k] - close[k - 1]))
        for k in range(1, 60)
    ]
    average = sum(ranges[:14]) / 14
    expected = [math.nan] * 14 + [average]
    for each in ranges[14:]:
        average = (13 * average + each) / 14
        expected.append(average)

    np.testing.assert_allclose(average_true_range(with_closes(close, high, low)), expected)


def test_a_bar_is_wide_by_the_range_before_it_and_close_bars_are_one_event() -> None:
    close = np.full(200, 100.0)
    high, low = close + 0.5, close - 0.5  # a true range of 1 all along
    high[100] = 100 + ATR_MULTIPLE
    low[110] = 100 - ATR_MULTIPLE * 1.2
    low[115] = 100 - ATR_MULTIPLE * 2

    events = atr_events(with_closes(close, high, low), HORIZON)

    assert events.begins.tolist() == [110]
    assert np.flatnonzero(events.follows == 1.0).tolist() == list(range(90, 115))


def _slow_large_moves(close: list[float], horizon: int) -> tuple[list[float], list[int]]:
    count = len(close)
    moves = [
        max(abs(close[j] / close[t] - 1) for j in range(t + 1, t + horizon + 1))
        for t in range(count - horizon)
    ]
    follows, reached = [math.nan] * count, set()
    for t in range(252 + horizon - 1, count - horizon):
        ended = sorted(moves[: t - horizon + 1])
        threshold = ended[math.ceil(0.95 * (len(ended) - 1))]
        follows[t] = float(moves[t] > threshold)
        for j in range(t + 1, t + horizon + 1):
            if abs(close[j] / close[t] - 1) > threshold:
                reached.add(j)
                break
    return follows, sorted(reached)


def _random_closes(count: int) -> Floats:
    closes: Floats = 100 * np.exp(np.cumsum(np.random.default_rng(3).standard_t(4, count) / 80))
    return closes
