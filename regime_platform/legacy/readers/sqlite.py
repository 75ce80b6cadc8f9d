"""Old stores in SQLite: ``live.db`` and ``frozen_YYYY-MM-DD.db``, read and never touched.

Both have one table ``bars`` with text times. Rows come as Arrow columns; row by row they would take
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
    Extent,
    OldPart,
    OldRows,
    OldStore,
    Unread,
    known_timeframe,
    modified_at,
)
from regime_platform.sources.files.steady_files import SteadyFiles

#: Where the old engine keeps them, below the folder that is named.
_FOLDERS = (".", "*", "assets/*", "data/assets/*")
_NAMES = {"live": "live.db", "frozen": "frozen_????-??-??.db"}
_FROZEN = re.compile(r"frozen_(\d{4}-\d{2}-\d{2})\.db")
_BATCH = "adbc.sqlite.query.batch_rows"

_LIST = "SELECT symbol, timeframe, count(*) FROM bars GROUP BY symbol, timeframe"
_READ = "SELECT ts, open, high, low, close, volume FROM bars WHERE symbol = ? AND timeframe IN"


@dataclass(frozen=True)
class SqlitePart:
    """One series of one file, under all the words that mean its timeframe."""

    held: SteadyFiles = field(repr=False, compare=False)
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

    def extent(self) -> Extent:
        """The file."""
        return Extent((str(self.path),), self.size, self.written_at)

    def read(self) -> OldRows:
        """Its rows, those of a write-ahead log included.

        Raises:
            BarsError: the file is damaged, or changes meanwhile.
        """
        with self.held.address(self.path) as address:
            table = _columns(address, self)
        if len(table) != self.rows:
            raise BarsError(
                f"{self.name}: {self.rows:,} rows when they were counted, {len(table):,} when they "
                "were read; stop the engine that writes them"
            )
        return _rows(table, self)


def sqlite_store(kind: str, place: Path) -> OldStore:
    """All series of the files of one kind in ``place``, which may be such a file itself.

    A file that cannot be read counts as one of the symbol whose folder it is in.

    Raises:
        UsageError: there is no such file.
        BarsError: none of the files can be read; names one.
    """
    parts: list[OldPart] = []
    unread: list[Unread] = []
    files, error = SteadyFiles(), None
    for path in _files(kind, place):
        words: dict[tuple[str, str], list[tuple[str, int]]] = {}
        try:
            listed = _listed(files, path)
        except BarsError as damage:
            unread.append(Unread(path.parent.name, "", str(path), None, str(damage)))
            error = damage
            continue
        for symbol, word, rows in listed:
            timeframe = known_timeframe(word)
            if timeframe is None:
                unread.append(Unread(symbol, word, str(path), rows, NO_TIMEFRAME))
            else:
                words.setdefault((symbol, timeframe), []).append((word, rows))
        parts += [_part(files, path, *series, found) for series, found in words.items()]
    if error is not None and not parts:
        raise error
    return OldStore(tuple(parts), tuple(unread))


def _part(
    files: SteadyFiles, path: Path, symbol: str, timeframe: str, found: list[tuple[str, int]]
) -> SqlitePart:
    words, rows = tuple(word for word, _ in found), sum(rows for _, rows in found)
    size = path.stat().st_size
    return SqlitePart(files, path, symbol, words, timeframe, rows, size, _written_at(path))


def _files(kind: str, place: Path) -> Sequence[Path]:
    if place.is_file():
        return [place]
    found = {path for folder in _FOLDERS for path in place.glob(f"{folder}/{_NAMES[kind]}")}
    if not found:
        raise UsageError(
            f"{place} has no {_NAMES[kind]}, neither itself nor in a folder per symbol; "
            "name the folder that holds the old assets"
        )
    return sorted(found, key=lambda one: (one.parent, one.name))


def _listed(files: SteadyFiles, path: Path) -> list[tuple[str, str, int]]:
    try:
        with (
            files.address(path) as address,
            closing(sqlite3.connect(address, uri=True)) as connection,
        ):
            return [(str(one), str(word), rows) for one, word, rows in connection.execute(_LIST)]
    except sqlite3.Error as error:
        raise _unusable(str(path), error) from error


def _question(part: SqlitePart) -> tuple[str, tuple[str, ...]]:
    marks = ", ".join("?" * len(part.words))
    return f"{_READ} ({marks})", (part.symbol, *part.words)


def _columns(address: str, part: SqlitePart) -> pa.Table:
    try:
        with (
            closing(dbapi.connect(address, autocommit=True)) as connection,
            connection.cursor() as cursor,
        ):
            # all at once: a column's type is what all its rows have, not what the first ones have;
            # and no more than there are, since room is made for as many
            cursor.adbc_statement.set_options(**{_BATCH: str(part.rows)})
            cursor.execute(*_question(part))
            table: pa.Table = cursor.fetch_arrow_table()
    except (dbapi.Error, OSError) as error:
        raise _unusable(part.name, error) from error
    return table


def _rows(table: pa.Table, part: SqlitePart) -> OldRows:
    pairs = zip(table.column_names, table.columns, strict=True)
    said, *columns = (pl.Series(name, column) for name, column in pairs)
    if said.dtype == pl.String and all(_is_number(column) for column in columns):
        values = pl.DataFrame([column.cast(pl.Float64) for column in columns])
        return OldRows(said, values, part.written_at)
    return _one_by_one(part)


def _is_number(column: pl.Series) -> bool:
    # whole numbers among the prices of a column without affinity
    return column.dtype.is_float() or (column.dtype.is_integer() and _is_exact(column))


def _is_exact(column: pl.Series) -> bool:
    return column.is_empty() or bool(
        column.cast(pl.Float64).cast(pl.Int64).eq_missing(column).all()
    )


def _one_by_one(part: SqlitePart) -> OldRows:
    """Where a value is no number, each row for itself: what can be read is."""
    try:
        with (
            part.held.address(part.path) as address,
            closing(sqlite3.connect(address, uri=True)) as connection,
        ):
            found = connection.execute(*_question(part)).fetchall()
    except sqlite3.Error as error:
        raise _unusable(part.name, error) from error
    wrong = [any(not isinstance(one, float | int | None) for one in row[1:]) for row in found]
    numbers = [
        [None if not isinstance(row[at], float | int) else float(row[at]) for row in found]
        for at in range(1, 1 + len(VALUES))
    ]
    said = [row[0] if isinstance(row[0], str) else None for row in found]
    values = pl.DataFrame(
        dict(zip(VALUES, numbers, strict=True)), dict.fromkeys(VALUES, pl.Float64)
    )
    unreadable = pl.Series(wrong, dtype=pl.Boolean)
    return OldRows(pl.Series("ts", said, pl.String), values, part.written_at, unreadable)


def _written_at(path: Path) -> dt.datetime:
    """The modification, and of a frozen file not later than the date it is named by."""
    written = modified_at(path, Path(f"{path}-wal"))
    named = _FROZEN.fullmatch(path.name)
    if named is None:
        return written
    over = dt.datetime.fromisoformat(named[1]).replace(tzinfo=dt.UTC) + dt.timedelta(days=1)
    return min(written, over)


def _unusable(name: str, error: Exception) -> BarsError:
    return BarsError(f"{name}: no readable table of bars ({error}); restore the file")
