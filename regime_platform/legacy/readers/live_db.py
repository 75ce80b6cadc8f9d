"""Bars of one live.db, the legacy engine's SQLite file, for validation; read-only.

Its table ``bars`` has a text ``ts`` without zone: dates for daily and weekly bars, New York time
for intraday bars of asset classes with New York sessions, UTC for the rest.
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
    """One live.db."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def series(self) -> dict[str, dict[str, str]]:
        """Symbol -> canonical timeframe -> its spelling in the file.

        Raises:
            BarsError: the file is missing, damaged or of another kind.
        """
        series: dict[str, dict[str, str]] = {}
        with self._opened() as connection:
            listing = "SELECT DISTINCT symbol, timeframe FROM bars ORDER BY symbol, timeframe"
            for symbol, word in connection.execute(listing):
                try:
                    series.setdefault(str(symbol), {})[canonical_timeframe(str(word))] = str(word)
                except UsageError as error:
                    message = f"{self.path}: {symbol}: {error}"
                    raise BarsError(message, code="unknown-timeframe") from error
        return series

    def bars(self, symbol: str, timeframe: str, asset_class: str) -> pl.DataFrame:
        """Read one series in ``BAR_SCHEMA``, in the order of the file, nothing repaired.

        Raises:
            BarsError: the file is damaged, or a value cannot be parsed; names it.
        """
        word = self.series().get(symbol, {}).get(timeframe, timeframe)
        with self._opened() as connection:
            rows = connection.execute(_READ, (symbol, word)).fetchall()
        columns = list(zip(*rows, strict=True)) or [()] * len(BAR_COLUMNS)
        where = f"{self.path}: {symbol} {timeframe}"
        try:
            prices = [pl.Series(columns[at], dtype=pl.Float64) for at in range(1, len(BAR_COLUMNS))]
            opens = parsed_timestamps(pl.Series("ts", columns[0], dtype=pl.String))
        except (TypeError, pl.exceptions.PolarsError) as error:
            message = f"{where}: a value has an unexpected type ({error})"
            raise BarsError(message, code="not-numbers") from error
        if opens is None or opens.null_count():
            message = f"{where}: a ts is neither a date nor a time; correct it in the file"
            raise BarsError(message, code="unreadable-time")
        if is_intraday(timeframe) and ASSET_CLASSES[asset_class].calendar == XNYS:
            opens = _from_new_york(opens, where)
        return pl.DataFrame([opens, *prices], schema=BAR_SCHEMA)

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        if not self.path.is_file():
            message = f"{self.path} is not a file; name the live.db to read"
            raise BarsError(message, code="no-legacy-store")
        try:
            address = f"{self.path.absolute().as_uri()}?mode=ro"
            with closing(sqlite3.connect(address, uri=True)) as connection:
                yield connection
        except sqlite3.Error as error:
            message = f"{self.path}: not a readable live.db ({error})"
            raise BarsError(message, code="legacy-file-damaged") from error


def _from_new_york(opens: pl.Series, where: str) -> pl.Series:
    try:
        local = opens.dt.replace_time_zone(None).dt.replace_time_zone(NEW_YORK)
    except pl.exceptions.PolarsError as error:
        message = f"{where}: a ts is not a valid New York time ({error})"
        raise BarsError(message, code="unreadable-time") from error
    return local.dt.convert_time_zone("UTC")
