"""What a migration sees of the stores of the engine this platform replaces, whatever their form.

A store is a list of parts: one series in one file, or in one tree of day files. A part is read
whole, in the order of the store and with nothing repaired; its files are opened for reading only.
`legacy_sqlite` and `legacy_parquet` find and read them, `legacy_times` tells what their times mean.
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

NO_TIMEFRAME = "no timeframe is called so"
VALUES = tuple(name for name in BAR_COLUMNS if name != "ts")


@dataclass(frozen=True)
class OldRows:
    """The rows of one part, in its order."""

    said: pl.Series  # their ts as it stands there: text, or naive times, or instants
    values: pl.DataFrame  # open to volume, Float64; null where a value is none
    written_at: dt.datetime  # none of them was fetched later than this
    unreadable: pl.Series | None = None  # True where a value is no number; None: all are
    order_tells: bool = False  # equal local times stand in the order in which they happened
    has_integers: bool = False  # the store keeps volume as whole numbers

    @property
    def height(self) -> int:
        """How many rows the part has."""
        return self.said.len()


@dataclass(frozen=True)
class Extent:
    """The files that a part is in; other parts may be in them too."""

    files: tuple[str, ...]
    size: int  # bytes
    written_at: dt.datetime  # when the youngest was last written


class OldPart(Protocol):
    """One series in one place."""

    @property
    def symbol(self) -> str:
        """As the store writes it."""
        ...

    @property
    def timeframe(self) -> str:
        """Canonical."""
        ...

    @property
    def name(self) -> str:
        """Where it is, for messages."""
        ...

    @property
    def rows(self) -> int | None:
        """How many rows it has; None where only reading tells."""
        ...

    def extent(self) -> Extent:
        """Its files, looked up anew: a store of day files has millions."""
        ...

    def read(self) -> OldRows:
        """Its rows.

        Raises:
            BarsError: it is damaged, or changes while it is read; names the file.
        """
        ...


@dataclass(frozen=True)
class Unread:
    """What stands in a store and is no series of ours."""

    symbol: str
    timeframe: str  # as the store writes it; empty of a whole file
    name: str
    rows: int | None
    reason: str

    @property
    def told(self) -> str:
        """The whole of it in one line."""
        return f"{self.symbol} {self.timeframe}: {self.reason}".replace(" :", ":")


@dataclass(frozen=True)
class OldStore:
    """All parts of a store, by symbol and in the order in which they were written."""

    parts: tuple[OldPart, ...]
    unread: tuple[Unread, ...] = ()


def known_timeframe(word: str) -> str | None:
    """The canonical name of a timeframe, None where it is none."""
    try:
        return canonical_timeframe(word)
    except UsageError:
        return None


def zone_of(asset_class: str, timeframe: str) -> str:
    """The zone of a store's naive times: New York for intraday bars of what trades by its sessions.

    Currencies and what never closes are in UTC, and a date is a date in no zone.
    """
    in_sessions = ASSET_CLASSES[asset_class].calendar == XNYS
    return NEW_YORK if is_intraday(timeframe) and in_sessions else "UTC"


def modified_at(*paths: Path) -> dt.datetime:
    """When the youngest of the files that exist was last written."""
    stamps = [path.stat().st_mtime for path in paths if path.exists()]
    return dt.datetime.fromtimestamp(max(stamps), dt.UTC)
