"""Hypothesis strategies for bars: stretches of very different markets one after the other.

A draw decides on a few stretches and on a seed, so that examples are small to draw and to shrink
and still hold thousands of bars. Prices lie on a grid whose step is a power of two: coarse grids
make exact ties, fine ones none, and equal moves between equal prices are equal to the last bit.
No fine grid repeats a move at other prices: returns that differ in their last digits only have a
deviation made of rounding, the formulas divide by it, and no two computations would agree.
"""

import datetime as dt
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from hypothesis import strategies as st

from regime_platform.model.bar_schema import BAR_SCHEMA
from regime_platform.model.timeframes import TIMEFRAMES
from regime_platform_tests.builders import make_opens

Floats = npt.NDArray[np.float64]

LOWEST, HIGHEST = 1e-6, 1e6
#: Ranges of lengths, as often as they are wanted: below a gate, below the other, full, long.
_LENGTHS = ((1, 199), (200, 399), *[(400, 700)] * 5, (701, 3000))
_STARTS = tuple(dt.datetime(year, 1, 2, tzinfo=dt.UTC) for year in (1999, 2008, 2009, 2012, 2019))


@dataclass(frozen=True)
class Stretch:
    """Some bars in a row that behave alike."""

    move: str  # walk, rise, fall, swing, leap, still
    volume: str  # traded, fractional, equal, zero, missing
    bars: int
    size: float  # of a typical move, as a log return
    wick: float  # range beyond open and close, in such moves; 0 = none
    gap: float  # distance of the open from the close before, likewise

    def path(self, rng: np.random.Generator) -> Floats:
        """Log price relative to the bar before the stretch."""
        draws: Floats = rng.standard_normal(self.bars)
        if self.move == "still":
            return np.zeros(self.bars)
        if self.move == "swing":
            there = (np.arange(self.bars) % 2 == 0) & (np.arange(self.bars) < self.bars - 1)
            return np.where(there, self.size * (1.0 + 0.1 * rng.random()), 0.0)
        if self.move in ("walk", "leap"):
            draws[0] *= 40.0 if self.move == "leap" else 1.0
            return np.cumsum(self.size * draws)
        return np.cumsum(self.size * np.abs(draws)) * (1.0 if self.move == "rise" else -1.0)

    def volumes(self, rng: np.random.Generator) -> Floats:
        """One volume per bar, NaN where it is not known."""
        traded: Floats = np.exp(8.0 + rng.standard_normal(self.bars))
        kinds: dict[str, Floats] = {
            "traded": np.round(traded),
            "fractional": traded / 1e6,
            "equal": np.full(self.bars, 1234.0),
            "zero": np.zeros(self.bars),
            "missing": np.full(self.bars, np.nan),
        }
        return kinds[self.volume]


@dataclass(frozen=True)
class Series:
    """Bars of one timeframe."""

    timeframe: str
    bars: pl.DataFrame  # BAR_SCHEMA


def stretches() -> st.SearchStrategy[Stretch]:
    """One stretch; still ones without any range among them."""
    return st.builds(
        Stretch,
        move=st.sampled_from(["walk", "walk", "rise", "fall", "swing", "leap", "still"]),
        volume=st.sampled_from(["traded", "traded", "fractional", "equal", "zero", "missing"]),
        bars=st.integers(1, 300),
        size=st.sampled_from([0.0003, 0.003, 0.01, 0.03, 0.12]),
        wick=st.sampled_from([0.0, 0.5, 0.5, 3.0]),
        gap=st.sampled_from([0.0, 0.2, 1.5]),
    )


def lengths(shortest: int = 1, longest: int = 3000) -> st.SearchStrategy[int]:
    """A number of bars: mostly some hundreds, sometimes below a gate, sometimes thousands."""
    ranges = [
        (max(low, shortest), min(high, longest))
        for low, high in _LENGTHS
        if high >= shortest and low <= longest
    ]
    return st.sampled_from(ranges).flatmap(lambda ends: st.integers(*ends))


@st.composite
def series(
    draw: st.DrawFn,
    shortest: int = 1,
    longest: int = 3000,
    timeframes: tuple[str, ...] = TIMEFRAMES,
) -> Series:
    """Bars with all that may befall them; ``shortest`` to ``longest`` of them have a close."""
    count = draw(lengths(shortest, longest))
    parts = draw(st.lists(stretches(), min_size=1, max_size=7))
    parts *= count // sum(part.bars for part in parts) + 1
    start = 10.0 ** (draw(st.integers(-55, 55)) / 10)
    tick = 2.0 ** (math.floor(math.log2(start)) - draw(st.sampled_from([3, 6, 10, 40, 40])))
    hole, lost = draw(st.sampled_from([0.0, 0.0, 0.003, 0.05])), draw(st.sampled_from([0.0, 0.02]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    columns = _prices(parts, start, tick, rng)
    columns["volume"] = np.concatenate([part.volumes(rng) for part in parts])
    for name in ("open", "high", "low"):
        columns[name][rng.random(columns[name].size) < hole] = np.nan
    rows = np.repeat(np.arange(count), 1 + (rng.random(count) < lost))  # twice: the second is lost
    again = np.flatnonzero(np.diff(rows, prepend=-1) == 0)
    columns = {name: values[:count][rows] for name, values in columns.items()}
    columns["close"][again] = np.nan
    timeframe = draw(st.sampled_from(timeframes))
    opens = make_opens(rows.size, timeframe, draw(st.sampled_from(_STARTS)))
    return Series(timeframe, pl.DataFrame({"ts": opens, **columns}, schema=BAR_SCHEMA))


def _prices(
    parts: list[Stretch], start: float, tick: float, rng: np.random.Generator
) -> dict[str, Floats]:
    """Open, high, low and close on the grid, in order and within the limits."""
    paths = [np.array([math.log(start)])]
    for part in parts:
        paths.append(paths[-1][-1] + part.path(rng))
    path = _folded(np.concatenate(paths))
    sizes = np.concatenate([np.full(part.bars, part.size) for part in parts])
    sizes[np.concatenate([np.full(part.bars, part.move == "still") for part in parts])] = 0.0
    gaps = sizes * np.concatenate([np.full(part.bars, part.gap) for part in parts])
    wicks = sizes * np.concatenate([np.full(part.bars, part.wick) for part in parts])
    draws = rng.standard_normal((3, sizes.size))
    ends = np.array([path[:-1] + gaps * draws[0], path[1:]])
    logs = {
        "open": ends[0],
        "high": ends.max(axis=0) + wicks * np.abs(draws[1]),
        "low": ends.min(axis=0) - wicks * np.abs(draws[2]),
        "close": ends[1],
    }
    low, high = math.ceil(LOWEST / tick) * tick, math.floor(HIGHEST / tick) * tick
    return {
        name: np.clip(np.round(np.exp(values) / tick) * tick, low, high)
        for name, values in logs.items()
    }


def _folded(path: Floats) -> Floats:
    """The path mirrored at the logs of the lowest and the highest price."""
    low, width = math.log(LOWEST), math.log(HIGHEST / LOWEST)
    return low + width - np.abs(np.mod(path - low, 2 * width) - width)
