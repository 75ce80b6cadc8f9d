"""Coverage: which share of the daily bars that its calendar expects a series has, by month."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from regime_platform.model.calendar.lateness import series_age
from regime_platform.model.calendar.trading_hours import expected_bars
from regime_platform.model.instruments import Instrument
from regime_platform.model.markets import Market

TIMEFRAME = "1day"
#: The shares from which on a month has the next level; the last is every bar.
LEVELS = (0.5, 0.8, 0.9, 0.95, 0.98, 0.995, 1.0)
_DAY = dt.timedelta(days=1)
_Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Month:
    """The daily bars of a month, of some symbols."""

    month: dt.date  # its first day
    present: int
    expected: int

    @property
    def share(self) -> float:
        """From 0 to 1."""
        return self.present / self.expected

    @property
    def level(self) -> int:
        """How many of ``LEVELS`` it reaches."""
        return sum(self.share >= bound for bound in LEVELS)


@dataclass(frozen=True)
class Calendar:
    """The months of some symbols, a row a year, newest first; None where nothing is expected."""

    name: str  # an asset class, or empty for all symbols
    years: Mapping[int, Sequence[Month | None]]

    @property
    def months(self) -> Sequence[Month]:
        """Those in which bars are expected."""
        return [month for year in self.years.values() for month in year if month is not None]

    @property
    def missing(self) -> int:
        """Bars that are expected and not there."""
        return sum(month.expected - month.present for month in self.months)

    @property
    def share(self) -> float:
        """Of the whole, from 0 to 1."""
        return 1 - self.missing / max(sum(month.expected for month in self.months), 1)


def coverage(
    instruments: Sequence[Instrument], bars: pl.DataFrame, now: dt.datetime
) -> Sequence[Calendar]:
    """The calendar of all symbols, and where there are several classes that of each.

    Bars are expected from the first of a series to its last, and to the one that is late by
    ``now``, if one is. A month has no more bars than its calendar expects.

    Args:
        instruments: of the universe.
        bars: daily bars by symbol, ascending: lists of ``month`` (its first day) and of ``bars``
            (how many); ``first`` and ``last``, the opens of the series.
        now: aware.
    """
    known = {instrument.symbol: instrument for instrument in instruments}
    rows = bars.filter(pl.col("symbol").is_in(list(known))).sort("symbol").to_dicts()
    if not rows:
        return []
    start = min(row["first"] for row in rows)
    grids: dict[Market, _Grid] = {}
    by_class: dict[str, _Counts] = {}
    for row in rows:
        instrument = known[row["symbol"]]
        if instrument.market not in grids:
            grids[instrument.market] = _Grid(instrument.market, start, now)
        counts = grids[instrument.market].counts(instrument, row)
        by_class[instrument.asset_class] = by_class.get(instrument.asset_class, 0) + counts
    edges = np.arange(np.datetime64(start.date(), "M"), np.datetime64(now.date(), "M") + 2)
    everything = np.sum([*by_class.values()], axis=0)
    classes = [_calendar(name, counts, edges) for name, counts in sorted(by_class.items())]
    return [_calendar("", everything, edges), *(classes if len(classes) > 1 else [])]


class _Grid:
    """The daily bars that a market expects, by month since that of a first bar."""

    def __init__(self, market: Market, start: dt.datetime, now: dt.datetime) -> None:
        self._now = now
        self._first = np.datetime64(start.date(), "M")
        end = np.datetime64(now.date(), "M") + 1
        opens = expected_bars(market, TIMEFRAME, start, now + _DAY)["ts"]
        self._opens = opens.dt.replace_time_zone(None).to_numpy().astype("datetime64[us]")
        edges = np.arange(self._first, end + 1).astype("datetime64[us]")
        self._edges = np.searchsorted(self._opens, edges)

    def counts(self, instrument: Instrument, row: Mapping[str, Any]) -> _Counts:
        """Two rows, present and expected, with a column per month."""
        age = series_age(instrument, TIMEFRAME, row["last"], self._now)
        bounds = [row["first"], (age.due_bar or row["last"]) + _DAY]
        naive = np.array([bound.replace(tzinfo=None) for bound in bounds], "datetime64[us]")
        expected = np.diff(np.clip(self._edges, *np.searchsorted(self._opens, naive)))
        present = np.zeros_like(expected)
        present[(np.array(row["month"], "datetime64[M]") - self._first).astype(int)] = row["bars"]
        return np.stack([np.minimum(present, expected), expected])


def _calendar(name: str, counts: _Counts, edges: npt.NDArray[np.datetime64]) -> Calendar:
    years: dict[int, list[Month | None]] = {}
    for edge, present, expected in zip(edges.tolist(), *counts.tolist(), strict=False):
        year = years.setdefault(edge.year, [None] * 12)
        year[edge.month - 1] = Month(edge, present, expected) if expected else None
    shown = {year: months for year, months in years.items() if any(months)}
    return Calendar(name, dict(sorted(shown.items(), reverse=True)))
