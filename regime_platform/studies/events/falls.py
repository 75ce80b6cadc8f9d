"""The falls of a series, each with what the signal showed on the way down.

A fall lasts from the highest close of a year until a close is the highest of a year again. Against
the highest close ever, as drawdowns are usually measured, the NASDAQ would have had a single one
from 2000 to 2015, and no crash in 2008.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from regime_platform.compute.params import DEFAULT_PARAMS
from regime_platform.studies.series import Bools, Floats

#: A fall of so much is a crash; of half as much a correction.
CRASH = 0.20
CORRECTION = 0.10


@dataclass(frozen=True)
class Fall:
    """One fall by closes; positions are of the bars of its series."""

    peak: int
    trough: int  # the lowest close
    end: int | None  # first bar that is the highest close of a year again; None if there is none
    depth: float  # of the trough against the peak, < 0


def falls(close: Floats, timeframe: str, at_least: float) -> tuple[Fall, ...]:
    """All falls of ``at_least`` a share of the price such as 0.20, oldest first."""
    year = DEFAULT_PARAMS.at(timeframe).year_bars
    highest = pl.Series(close).rolling_max(window_size=year, min_samples=1).to_numpy()
    is_under = close < highest
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_under, [False]]).astype(np.int8)))
    return tuple(
        fall
        for start, stop in edges.reshape(-1, 2).tolist()
        if (fall := _fall(close, start, stop)).depth <= -at_least
    )


def _fall(close: Floats, start: int, stop: int) -> Fall:
    trough = start + int(np.argmin(close[start:stop]))
    depth = float(close[trough] / close[start - 1] - 1)
    return Fall(start - 1, trough, stop if stop < len(close) else None, depth)


def inside(fall_list: tuple[Fall, ...], count: int, before: int) -> Bools:
    """The bars from ``before`` bars before each peak to the trough, of ``count`` bars."""
    marks = np.zeros(count, np.bool_)
    for fall in fall_list:
        marks[max(fall.peak - before, 0) : fall.trough + 1] = True
    return marks
