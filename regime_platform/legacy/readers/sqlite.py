"""Legacy stores in SQLite: ``live.db`` and ``frozen_YYYY-MM-DD.db``; read-only.

Both have one table ``bars`` with text times. Rows are read as Arrow columns; row by row would take
three times as long.
"""

import datetime as dt
import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import pyarrow as pa
from adbc_driver_sqlite import dbapi

from regime_platform.errors import BarsError, UsageError
from regime_platform.legacy.readers.source import (
    NO_TIMEFRAME,
    VALUES,
    LegacyPart,
    LegacyRows,
    LegacyStore,
    PartFiles,
    UnreadSeries,
    known_timeframe,
    modified_at,
)
from regime_platform.legacy.readers.sqlite_files import SqliteFiles

#: Where the legacy engine keeps them, below the given folder.
_FOLDERS = (".", "*", "assets/*", "data/assets/*")
_NAMES = {"live": "live.db", "frozen": "frozen_????-??-??.db"}
_FROZEN = re.compile(r"frozen_(\d{4}-\d{2}-\d{2})\.db")
_BATCH = "adbc.sqlite.query.batch_rows"

_LIST = "SELECT symbol, timeframe, count(*) FROM bars GROUP BY symbol, timeframe"
_READ = "SELECT ts, open, high, low, close, volume FROM bars WHERE symbol = ? AND timeframe IN"


@dataclass(frozen=True)
class SqlitePart:
    """One series of one file, under all spellings of its timeframe."""

    store_files: SqliteFiles = field(repr=False, compare=False)
    path: Path
    symbol: str
    words: tuple[str, ...]
    timeframe: str
    rows: int
    size: int
    written_at: dt.datetime

    @property
    def name(self) -> str:
        """The file and the series."""
        return f"{self.path}: {self.symbol} {' and '.join(self.words)}"

    def files(self) -> PartFiles:
        """The database file."""
        return PartFiles((str(self.path),), self.size, self.written_at)

    def read(self) -> LegacyRows:
        """Read all rows, those of a write-ahead log included.

        Raises:
            BarsError: the file is damaged, or changes while it is read.
        """
        with self.store_files.address(self.path) as address:
            table = _columns(address, self)
        if len(table) != self.rows:
            raise BarsError(
                f"{self.name}: {self.rows:,} rows when they were counted, {len(table):,} when they "
                "were read; stop the engine that writes them",
                code="changed-while-read",
            )
        return _rows(table, self)


def sqlite_store(kind: str, place: Path) -> LegacyStore:
    """List all series of the files of one kind in ``place``, which may be such a file itself.

    A file that cannot be read is reported under the name of its folder.

    Raises:
        UsageError: there is no such file.
        BarsError: none of the files can be read; names one.
    """
    parts: list[LegacyPart] = []
    unread: list[UnreadSeries] = []
    files, error = SqliteFiles(), None
    for path in _files(kind, place):
        words: dict[tuple[str, str], list[tuple[str, int]]] = {}
        try:
            listed = _listed(files, path)
        except BarsError as damage:
            unread.append(UnreadSeries(path.parent.name, "", str(path), None, str(damage)))
            error = damage
            continue
        for symbol, word, rows in listed:
            timeframe = known_timeframe(word)
            if timeframe is None:
                unread.append(UnreadSeries(symbol, word, str(path), rows, NO_TIMEFRAME))
            else:
                words.setdefault((symbol, timeframe), []).append((word, rows))
        parts += [_part(files, path, *series, counts) for series, counts in words.items()]
    if error is not None and not parts:
        raise error
    return LegacyStore(tuple(parts), tuple(unread))


def _part(
    files: SqliteFiles, path: Path, symbol: str, timeframe: str, counts: list[tuple[str, int]]
) -> SqlitePart:
    words, rows = tuple(word for word, _ in counts), sum(rows for _, rows in counts)
    size = path.stat().st_size
    return SqlitePart(files, path, symbol, words, timeframe, rows, size, _written_at(path))


def _files(kind: str, place: Path) -> Sequence[Path]:
    if place.is_file():
        return [place]
    files = {path for folder in _FOLDERS for path in place.glob(f"{folder}/{_NAMES[kind]}")}
    if not files:
        raise UsageError(
            f"{place} has no {_NAMES[kind]}, neither itself nor in a folder per symbol; "
            "name the folder of the legacy assets",
            code="no-legacy-store",
        )
    return sorted(files, key=lambda path: (path.parent, path.name))


def _listed(files: SqliteFiles, path: Path) -> list[tuple[str, str, int]]:
    try:
        with (
            files.address(path) as address,
            closing(sqlite3.connect(address, uri=True)) as connection,
        ):
            rows = connection.execute(_LIST)
            return [(str(symbol), str(word), count) for symbol, word, count in rows]
    except sqlite3.Error as error:
        raise _unreadable(str(path), error) from error


def _query(part: SqlitePart) -> tuple[str, tuple[str, ...]]:
    marks = ", ".join("?" * len(part.words))
    return f"{_READ} ({marks})", (part.symbol, *part.words)


def _columns(address: str, part: SqlitePart) -> pa.Table:
    try:
        with (
            closing(dbapi.connect(address, autocommit=True)) as connection,
            connection.cursor() as cursor,
        ):
            # one batch, so that a column's type fits all rows and not only the first ones; of the
            # size of the part, since memory is allocated for the whole batch
            cursor.adbc_statement.set_options(**{_BATCH: str(part.rows)})
            cursor.execute(*_query(part))
            table: pa.Table = cursor.fetch_arrow_table()
    except (dbapi.Error, OSError) as error:
        raise _unreadable(part.name, error) from error
    return table


def _rows(table: pa.Table, part: SqlitePart) -> LegacyRows:
    pairs = zip(table.column_names, table.columns, strict=True)
    raw_ts, *columns = (pl.Series(name, column) for name, column in pairs)
    if raw_ts.dtype == pl.String and all(_is_number(column) for column in columns):
        values = pl.DataFrame([column.cast(pl.Float64) for column in columns])
        return LegacyRows(raw_ts, values, part.written_at)
    return _row_by_row(part)


def _is_number(column: pl.Series) -> bool:
    # a column without affinity may hold whole numbers among its prices
    return column.dtype.is_float() or (column.dtype.is_integer() and _is_exact(column))


def _is_exact(column: pl.Series) -> bool:
    return column.is_empty() or bool(
        column.cast(pl.Float64).cast(pl.Int64).eq_missing(column).all()
    )


def _row_by_row(part: SqlitePart) -> LegacyRows:
    """Read a series with values that are not numbers; the other rows stay usable."""
    try:
        with (
            part.store_files.address(part.path) as address,
            closing(sqlite3.connect(address, uri=True)) as connection,
        ):
            rows = connection.execute(*_query(part)).fetchall()
    except sqlite3.Error as error:
        raise _unreadable(part.name, error) from error
    wrong = [any(not isinstance(value, float | int | None) for value in row[1:]) for row in rows]
    numbers = [
        [None if not isinstance(row[at], float | int) else float(row[at]) for row in rows]
        for at in range(1, 1 + len(VALUES))
    ]
    raw_ts = [row[0] if isinstance(row[0], str) else None for row in rows]
    values = pl.DataFrame(
        dict(zip(VALUES, numbers, strict=True)), dict.fromkeys(VALUES, pl.Float64)
    )
    unreadable = pl.Series(wrong, dtype=pl.Boolean)
    return LegacyRows(pl.Series("ts", raw_ts, pl.String), values, part.written_at, unreadable)


def _written_at(path: Path) -> dt.datetime:
    """Time of modification; for a frozen file not later than the date in its name."""
    written = modified_at(path, Path(f"{path}-wal"))
    named = _FROZEN.fullmatch(path.name)
    if named is None:
        return written
    end = dt.datetime.fromisoformat(named[1]).replace(tzinfo=dt.UTC) + dt.timedelta(days=1)
    return min(written, end)


def _unreadable(name: str, error: Exception) -> BarsError:
    message = f"{name}: no readable table of bars ({error}); restore the file"
    return BarsError(message, code="legacy-file-damaged")
