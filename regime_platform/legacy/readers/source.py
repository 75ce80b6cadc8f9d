"""Stores of the legacy engine, in one interface for SQLite and Parquet.

A store is a list of parts: one series in one file or in one tree of day files. A part is read
whole, in the order of the store, with nothing repaired; its files are opened for reading only.
`sqlite` and `parquet` list and read parts, `times` converts their times.
"""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import polars as pl

from regime_platform.errors import UsageError
from regime_platform.model.asset_classes import ASSET_CLASSES, NEW_YORK, XNYS
from regime_platform.model.bar_schema import BAR_COLUMNS
from regime_platform.model.timeframes import canonical_timeframe, is_intraday

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

    @property
    def height(self) -> int:
        """Number of rows."""
        return self.raw_ts.len()


@dataclass(frozen=True)
class PartFiles:
    """The files of a part; they may contain other parts too."""

    paths: tuple[str, ...]
    size: int  # bytes
    written_at: dt.datetime  # when the newest was last written


class LegacyPart(Protocol):
    """One series in one file or folder of a store."""

    @property
    def symbol(self) -> str:
        """Symbol as the store writes it."""
        ...

    @property
    def timeframe(self) -> str:
        """Canonical timeframe."""
        ...

    @property
    def name(self) -> str:
        """Path and series, for messages."""
        ...

    @property
    def rows(self) -> int | None:
        """Number of rows; None where it is known only after reading."""
        ...

    def files(self) -> PartFiles:
        """The files of the part, listed at each call: a store of day files has millions."""
        ...

    def read(self) -> LegacyRows:
        """Read all rows.

        Raises:
            BarsError: the part is damaged, or changes while it is read; names the file.
        """
        ...


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
        """Symbol, timeframe and reason in one line."""
        return f"{self.symbol} {self.timeframe}: {self.reason}".replace(" :", ":")


@dataclass(frozen=True)
class LegacyStore:
    """All parts of a store by symbol, in the order in which they were written."""

    parts: tuple[LegacyPart, ...]
    unread: tuple[UnreadSeries, ...] = ()


def known_timeframe(word: str) -> str | None:
    """The canonical name of a timeframe; None for an unknown word."""
    try:
        return canonical_timeframe(word)
    except UsageError:
        return None


def zone_of(asset_class: str, timeframe: str) -> str:
    """Time zone of a store's naive times.

    New York for intraday bars of asset classes with New York sessions, UTC for all others. Dates
    have no zone.
    """
    in_sessions = ASSET_CLASSES[asset_class].calendar == XNYS
    return NEW_YORK if is_intraday(timeframe) and in_sessions else "UTC"


def modified_at(*paths: Path) -> dt.datetime:
    """Time of the last write to any of the files that exist."""
    stamps = [path.stat().st_mtime for path in paths if path.exists()]
    return dt.datetime.fromtimestamp(max(stamps), dt.UTC)
