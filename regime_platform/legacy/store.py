"""Stores of the legacy engine: lists of parts, read whole, in their order, nothing repaired."""

import datetime as dt
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

import polars as pl

from regime_platform.errors import BarsError
from regime_platform.legacy.times import UNREADABLE_VALUE, LegacyTimes, legacy_times, marked
from regime_platform.model.bar_schema import BAR_COLUMNS, BAR_SCHEMA

#: A reason in stored records: its wording must not change.
NO_TIMEFRAME = "no timeframe is called so"
VALUES = tuple(name for name in BAR_COLUMNS if name != "ts")


@dataclass(frozen=True)
class LegacyRows:
    """The rows of one part, in its order."""

    raw_ts: pl.Series  # ts as stored: text, naive times or instants
    values: pl.DataFrame  # open to volume, Float64; null where the store has no value
    written_at: dt.datetime  # when the file was last written; no row was fetched later
    unreadable: pl.Series | None = None  # True where a value is not a number; None: nowhere
    is_chronological: bool = False  # equal local times are stored in the order they occurred
    has_integers: bool = False  # volume is stored as whole numbers

    def times(self, zone: str, *, needs_time: bool) -> LegacyTimes:
        """See ``legacy_times``; rows with a value that is not a number are refused too."""
        in_order = self.is_chronological
        times = legacy_times(self.raw_ts, zone, is_chronological=in_order, needs_time=needs_time)
        if self.unreadable is None:
            return times
        return replace(times, refused=marked(times.refused, self.unreadable, UNREADABLE_VALUE))


@dataclass(frozen=True)
class PartFiles:
    """The files of a part; they may contain other parts too."""

    paths: tuple[str, ...]
    size: int  # bytes
    written_at: dt.datetime  # when the newest was last written


@dataclass(frozen=True)
class LegacyPart(ABC):
    """One series in one file, or in one tree of day files."""

    symbol: str  # as the store writes it
    timeframe: str  # canonical
    name: str  # path and series, for messages
    rows: int | None  # None where it is known only after reading

    @abstractmethod
    def files(self) -> PartFiles:
        """List the files that exist now; a store of day files has millions."""

    @abstractmethod
    def read(self) -> LegacyRows:
        """Read all rows; ``BarsError`` names a file that is damaged, or changes meanwhile."""


@dataclass(frozen=True)
class UnreadSeries:
    """A series or file of a store that cannot be imported."""

    symbol: str
    timeframe: str  # as the store writes it; empty for a whole file
    name: str
    rows: int | None
    reason: str

    @property
    def message(self) -> str:
        """Symbol, timeframe, reason and place in one line."""
        series = f"{self.symbol} {self.timeframe}".strip()
        return f"{series}: {self.reason} ({self.name})"


@dataclass(frozen=True)
class LegacyStore:
    """All parts of a store, in the order in which they were written."""

    parts: tuple[LegacyPart, ...]
    unread: tuple[UnreadSeries, ...] = ()


def strict_bars(
    part: LegacyPart, rows: LegacyRows, zone: str, *, needs_time: bool, code: str
) -> pl.DataFrame:
    """The rows of a part in ``BAR_SCHEMA``, in its order.

    Raises:
        BarsError: names the first value that is no number, or time that means no instant or two.
    """
    if rows.unreadable is not None:
        first = rows.raw_ts[int(rows.unreadable.arg_true()[0])]
        message = f"{part.name}: a value at {first} has an unexpected type; correct it in the file"
        raise BarsError(message, code="not-numbers")
    times = rows.times(zone, needs_time=needs_time)
    if times.refused is not None:
        at = int(times.refused.is_not_null().arg_true()[0])
        raise BarsError(
            f"{part.name}: ts {rows.raw_ts[at]} in {zone}: {times.refused[at]}; correct it, give "
            "the series as UTC instants, or migrate it, which reports and leaves out such bars",
            code=code,
        )
    return pl.DataFrame([times.ts, *rows.values.get_columns()], schema=BAR_SCHEMA)
