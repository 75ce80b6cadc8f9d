"""Events of a series: large moves over the horizon, and single bars far beyond their usual range.

Events closer together than the horizon are one. Each is reached at the first bar that is beyond a
threshold, and begins with the first bar of the shortest move that takes it there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import polars as pl

from regime_platform.compute.maturity import mature_bars
from regime_platform.compute.params import EVENT_EDGES
from regime_platform.studies.series import Bools, Floats, Ints, StudySeries, forward_abs_move

#: Bars of Wilder's average true range.
ATR_BARS = 14
#: A bar is an event beyond so many average true ranges: about two a year on S&P 500 and NASDAQ.
ATR_MULTIPLE = 2.5


@dataclass(frozen=True)
class Events:
    """The events of one kind in a series; positions are of its bars, ascending."""

    begins: Ints  # first bar of its move
    reached: Ints  # the bar that takes it beyond the threshold; not before ``begins``
    #: Per bar 1 where an event is reached within the horizon after its close, 0 where none is, NaN
    #: where that is unknown: no threshold yet, or fewer bars than the horizon follow.
    follows: Floats

    @property
    def before(self) -> Bools:
        """The last bar before each event: what is known at its close may be a warning."""
        marks = np.zeros(len(self.follows), np.bool_)
        marks[self.begins - 1] = True
        return marks


def large_moves(series: StudySeries, horizon: int) -> Events:
    """Moves of the close over ``horizon`` bars beyond their expanding 95th percentile.

    The threshold of a bar is taken over the windows that had ended by that bar, at least a year of
    them, so that it is known at its close and shares no bar with its own window.
    """
    move = forward_abs_move(series, horizon)
    ended = pl.Series(move, nan_to_null=True).shift(horizon)
    year = mature_bars(series.timeframe)
    threshold = ended.rolling_quantile(
        EVENT_EDGES.moderate,
        interpolation="higher",
        window_size=max(len(move), year),
        min_samples=year,
    ).to_numpy()
    follows = np.where(np.isnan(move) | np.isnan(threshold), np.nan, move > threshold)
    base = np.flatnonzero(follows == 1.0)
    reached = _first_beyond(series.close, base, threshold[base], horizon)
    bars, last = np.unique(reached[::-1], return_index=True)
    first_reached = _separate(bars, horizon)
    begins = base[::-1][last][np.isin(bars, first_reached)] + 1
    return Events(begins, first_reached, follows)


def atr_events(series: StudySeries, horizon: int) -> Events:
    """Bars that reach further from the close before them than 2.5 ATR(14) as of that close."""
    range_ = average_true_range(series)
    before = series.close[:-1]
    reach = np.maximum(np.abs(series.high[1:] - before), np.abs(series.low[1:] - before))
    is_event = np.append(False, reach > ATR_MULTIPLE * range_[:-1])[: len(range_)]
    count = np.append(0, np.cumsum(is_event))
    follows = np.full(len(range_), np.nan)
    if len(range_) > horizon:
        follows[:-horizon] = count[horizon + 1 :] > count[1:-horizon]
    follows[np.isnan(range_)] = np.nan
    bars = _separate(np.flatnonzero(is_event), horizon)
    return Events(bars, bars, follows)


def average_true_range(series: StudySeries) -> Floats:
    """ATR of Wilder (New Concepts in Technical Trading Systems, 1978); NaN in the first 14 bars.

    The first value is the mean of 14 true ranges; each further one moves it by 1/14 of the
    difference.
    """
    out = np.full(len(series.close), np.nan)
    if len(out) > ATR_BARS:
        before, high, low = series.close[:-1], series.high[1:], series.low[1:]
        ranges = np.maximum(high, before) - np.minimum(low, before)
        seeded = np.append(ranges[:ATR_BARS].mean(), ranges[ATR_BARS:])
        out[ATR_BARS:] = pl.Series(seeded).ewm_mean(alpha=1 / ATR_BARS, adjust=False).to_numpy()
    return out


WIDE_BAR = "wide bar"
#: How the events of each kind are marked.
EVENT_KINDS: Mapping[str, Callable[[StudySeries, int], Events]] = MappingProxyType(
    {"large move": large_moves, WIDE_BAR: atr_events}
)


def _first_beyond(close: Floats, base: Ints, threshold: Floats, horizon: int) -> Ints:
    """The first bar after each base whose close is further from that of the base than allowed."""
    reached = np.zeros(len(base), np.int64)
    for step in range(horizon, 0, -1):  # the nearest bar is written last and remains
        is_beyond = np.abs(close[base + step] / close[base] - 1) > threshold
        reached[is_beyond] = base[is_beyond] + step
    return reached


def _separate(bars: Ints, horizon: int) -> Ints:
    """Those that follow the one before them by ``horizon`` bars or more."""
    return bars[np.append(np.inf, np.diff(bars))[: len(bars)] >= horizon]
