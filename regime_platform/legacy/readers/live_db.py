"""Bars in a SQLite file of the engine this platform replaces, read and never written.

Its table ``bars`` has a text ``ts`` without zone: dates for daily and weekly bars, local time of
New York for intraday bars of what trades there by day, UTC for the rest.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import polars as pl

from regime_platform.errors import BarsError, UsageError
from regime_platform.model.asset_classes import ASSET_CLASSES, NEW_YORK, XNYS
from regime_platform.model.bar_schema import BAR_COLUMNS, BAR_SCHEMA
from regime_platform.model.timeframes import canonical_timeframe, is_intraday
from regime_platform.sources.files.timestamps import parsed_timestamps

_READ = "SELECT ts, open, high, low, close, volume FROM bars WHERE symbol = ? AND timeframe = ?"


class LiveDb:
    """One such file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def series(self) -> dict[str, dict[str, str]]:
        """Symbol -> canonical timeframe -> the file's own word for it.

        Raises:
            BarsError: the file is missing, damaged or of another kind.
        """
        held: dict[str, dict[str, str]] = {}
        with self._opened() as connection:
            listing = "SELECT DISTINCT symbol, timeframe FROM bars ORDER BY symbol, timeframe"
            for symbol, word in connection.execute(listing):
                try:
                    held.setdefault(str(symbol), {})[canonical_timeframe(str(word))] = str(word)
                except UsageError as error:
                    raise BarsError(f"{self.path}: {symbol}: {error}") from error
        return held

    def bars(self, symbol: str, timeframe: str, asset_class: str) -> pl.DataFrame:
        """One series in ``BAR_SCHEMA`` and in the order of the file, nothing repaired.

        Raises:
            BarsError: the file is damaged, or a value cannot be understood; names it.
        """
        word = self.series().get(symbol, {}).get(timeframe, timeframe)
        with self._opened() as connection:
            found = connection.execute(_READ, (symbol, word)).fetchall()
        columns = list(zip(*found, strict=True)) or [()] * len(BAR_COLUMNS)
        where = f"{self.path}: {symbol} {timeframe}"
        try:
            prices = [pl.Series(columns[at], dtype=pl.Float64) for at in range(1, len(BAR_COLUMNS))]
            opens = parsed_timestamps(pl.Series("ts", columns[0], dtype=pl.String))
        except (TypeError, pl.exceptions.PolarsError) as error:
            raise BarsError(f"{where}: a value has an unexpected type ({error})") from error
        if opens is None or opens.null_count():
            raise BarsError(f"{where}: a ts is neither a date nor a time; correct it in the file")
        if is_intraday(timeframe) and ASSET_CLASSES[asset_class].calendar == XNYS:
            opens = _from_new_york(opens, where)
        return pl.DataFrame([opens, *prices], schema=BAR_SCHEMA)

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        if not self.path.is_file():
            raise BarsError(f"{self.path} is no file; name the live.db to read")
        try:
            address = f"{self.path.absolute().as_uri()}?mode=ro"
            with closing(sqlite3.connect(address, uri=True)) as connection:
                yield connection
        except sqlite3.Error as error:
            raise BarsError(f"{self.path}: not a readable live.db ({error})") from error


def _from_new_york(opens: pl.Series, where: str) -> pl.Series:
    try:
        local = opens.dt.replace_time_zone(None).dt.replace_time_zone(NEW_YORK)
    except pl.exceptions.PolarsError as error:
        raise BarsError(f"{where}: a ts is no time of New York ({error})") from error
    return local.dt.convert_time_zone("UTC")
