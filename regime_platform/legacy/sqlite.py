"""Legacy stores in SQLite, ``live.db`` and ``frozen_YYYY-MM-DD.db``, with no file written beside.

Rows are read as Arrow columns; row by row would take three times as long.
"""

import datetime as dt
import re
import shutil
import sqlite3
import tempfile
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import polars as pl

from regime_platform.errors import BarsError, UsageError
from regime_platform.files import copy_file
from regime_platform.legacy.store import (
    NO_TIMEFRAME,
    VALUES,
    LegacyPart,
    LegacyRows,
    LegacyStore,
    PartFiles,
    UnreadSeries,
    strict_bars,
)
from regime_platform.legacy.times import zone_of
from regime_platform.model.markets import Market
from regime_platform.model.timeframes import canonical_timeframe, known_timeframe
from regime_platform.regular_files import IrregularFileError, require_regular

#: Where the legacy engine keeps its files, below the given folder.
FOLDERS = (".", "*", "assets/*", "data/assets/*")
_NAMES = {"live": "live.db", "frozen": "frozen_????-??-??.db"}
_FROZEN = re.compile(r"frozen_(\d{4}-\d{2}-\d{2})\.db")
_MOST = 1 << 40  # bytes, larger than any disk
_BATCH = "adbc.sqlite.query.batch_rows"
_LIST = "SELECT symbol, timeframe, count(*) FROM bars GROUP BY symbol, timeframe"
_NUMBERS = {name: f"typeof({name}) IN ('real', 'integer')" for name in VALUES}
#: Columns as stored, and with null in the place of each value of another type, which takes longer.
_STORED = ", ".join(("ts", *VALUES))
_GUARDED = ", ".join(
    (
        "CASE typeof(ts) WHEN 'text' THEN ts END AS ts",
        *(
            f"CASE WHEN {is_number} THEN CAST({name} AS REAL) END AS {name}"
            for name, is_number in _NUMBERS.items()
        ),
        " OR ".join(f"NOT ({is_number} OR {name} IS NULL)" for name, is_number in _NUMBERS.items())
        + " AS is_unreadable",
    )
)

_State = list[tuple[int, int]]  # bytes and modification of a file and its write-ahead log


class SqliteFiles:
    """Opens SQLite files of other programs unchanged; keeps the last copy.

    A file without a write-ahead log or journal is opened as immutable, so that SQLite creates no
    lock or shared-memory file. Else committed rows may be in the log, and a copy of all is read.
    """

    def __init__(self) -> None:
        self._copied: tuple[Path, _State] | None = None
        self._folder = Path()
        self._delete_copy: Callable[[], object] = bool

    def __getstate__(self) -> dict[str, object]:
        # another process uses the copy of this one, which alone deletes it
        return {**vars(self), "_delete_copy": bool}

    @contextmanager
    def address(self, path: Path) -> Iterator[str]:
        """A URI for all committed rows; ``BarsError``: the file changes, or is no regular one."""
        try:
            require_regular(path, _MOST)
        except IrregularFileError as error:
            raise BarsError(str(error), code="irregular-file") from error
        before = _state(path)
        companions = [Path(f"{path}{suffix}") for suffix in ("-wal", "-journal")]
        if not any(file.exists() and file.stat().st_size for file in companions):
            yield f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        else:
            yield self._copy(path, companions, before).as_uri()
        if _state(path) != before:
            message = f"{path} was written to while it was read; stop the program that writes it"
            raise BarsError(message, code="changed-while-read")

    @contextmanager
    def connection(self, path: Path) -> Iterator[sqlite3.Connection]:
        """A connection to ``path``; raises as ``address`` does."""
        with (
            self.address(path) as address,
            closing(sqlite3.connect(address, uri=True)) as connection,
        ):
            yield connection

    def _copy(self, path: Path, companions: Sequence[Path], state: _State) -> Path:
        if self._copied != (path, state):
            self._delete_copy()
            self._folder, self._copied = Path(tempfile.mkdtemp()), (path, state)
            self._delete_copy = weakref.finalize(self, shutil.rmtree, self._folder)
            for source in (path, *companions):
                if source.exists():
                    copy_file(source, self._folder / source.name)
        return self._folder / path.name


@dataclass(frozen=True)
class SqlitePart(LegacyPart):
    """One series of one file, under all spellings of its timeframe."""

    path: Path
    words: tuple[str, ...]
    store_files: SqliteFiles = field(repr=False, compare=False)

    def files(self) -> PartFiles:
        """The database file."""
        return PartFiles((str(self.path),), self.path.stat().st_size, _written_at(self.path))

    def read(self) -> LegacyRows:
        """Read all rows, those of a write-ahead log included."""
        raw_ts, *columns = self._columns(_STORED)
        unreadable = None
        if raw_ts.dtype != pl.String or not all(map(_is_number, columns)):
            raw_ts, *columns, wrong = self._columns(_GUARDED)
            unreadable = wrong.cast(pl.Boolean) if wrong.sum() else None
        if (height := raw_ts.len()) != self.rows:
            raise BarsError(
                f"{self.name}: {self.rows:,} rows when they were counted, {height:,} when they "
                "were read; stop the engine that writes them",
                code="changed-while-read",
            )
        values = pl.DataFrame([column.cast(pl.Float64) for column in columns])
        return LegacyRows(raw_ts.cast(pl.String), values, _written_at(self.path), unreadable)

    def _columns(self, columns: str) -> list[pl.Series]:
        dbapi = _driver()
        words = ", ".join("?" * len(self.words))
        query = f"SELECT {columns} FROM bars WHERE symbol = ? AND timeframe IN ({words})"  # noqa: S608
        try:
            with (
                self.store_files.address(self.path) as address,
                closing(dbapi.connect(address, autocommit=True)) as connection,
                connection.cursor() as cursor,
            ):
                # one batch, so that a column's type fits all rows and not only the first ones; of
                # the size of the part, since memory is allocated for the whole batch
                cursor.adbc_statement.set_options(**{_BATCH: str(self.rows)})
                cursor.execute(query, (self.symbol, *self.words))
                table = cursor.fetch_arrow_table()
        except (dbapi.Error, OSError) as error:
            raise _damaged(self.name, error) from error
        return [
            pl.Series(name, column)
            for name, column in zip(table.column_names, table.columns, strict=True)
        ]


def _driver() -> Any:
    """The driver, an extra that queries do without; its import takes half a second."""
    return import_module("adbc_driver_sqlite.dbapi")


def sqlite_store(kind: str, place: Path) -> LegacyStore:
    """List all series of the files of one kind in ``place``, which may be such a file itself.

    A file that cannot be read is reported under the name of its folder.

    Raises:
        UsageError, BarsError: there is no such file, or none that can be read.
        ModuleNotFoundError: the extra ``legacy`` is not installed.
    """
    _driver()
    parts: list[LegacyPart] = []
    unread: list[UnreadSeries] = []
    files, error = SqliteFiles(), None
    for path in _files(kind, place):
        counts: dict[tuple[str, str], dict[str, int]] = {}
        try:
            with files.connection(path) as connection:
                listed = connection.execute(_LIST).fetchall()
        except (sqlite3.Error, BarsError) as fault:
            error = fault if isinstance(fault, BarsError) else _damaged(str(path), fault)
            unread.append(UnreadSeries(path.parent.name, "", str(path), None, str(error)))
            continue
        for symbol, word, rows in listed:
            timeframe = known_timeframe(str(word))
            if timeframe is None:
                unread.append(UnreadSeries(str(symbol), str(word), str(path), rows, NO_TIMEFRAME))
            else:
                counts.setdefault((str(symbol), timeframe), {})[str(word)] = rows
        for (symbol, timeframe), words in counts.items():
            name = f"{path}: {symbol} {' and '.join(words)}"
            rows = sum(words.values())
            parts.append(SqlitePart(symbol, timeframe, name, rows, path, tuple(words), files))
    if error is not None and not parts:
        raise error
    return LegacyStore(tuple(parts), tuple(unread))


def live_series(path: Path) -> dict[str, dict[str, LegacyPart]]:
    """The series of one live.db: symbol -> canonical timeframe -> part.

    Raises:
        BarsError: the file is missing, damaged or of another kind, or has an unknown timeframe.
    """
    if not path.is_file():
        message = f"{path} is not a file; name the live.db to read"
        raise BarsError(message, code="no-legacy-store")
    store = sqlite_store("live", path)
    for unread in store.unread:
        try:
            canonical_timeframe(unread.timeframe)
        except UsageError as error:
            message = f"{path}: {unread.symbol}: {error}"
            raise BarsError(message, code="unknown-timeframe") from error
    series: dict[str, dict[str, LegacyPart]] = {}
    for part in sorted(store.parts, key=lambda part: (part.symbol, part.timeframe)):
        series.setdefault(part.symbol, {})[part.timeframe] = part
    return series


def live_bars(part: LegacyPart, market: Market) -> pl.DataFrame:
    """Read one series as ``strict_bars`` does; a date is its midnight."""
    zone = zone_of(market, part.timeframe)
    return strict_bars(part, part.read(), zone, needs_time=False, code="unreadable-time")


def _files(kind: str, place: Path) -> Sequence[Path]:
    if place.is_file():
        return [place]
    files = {path for folder in FOLDERS for path in place.glob(f"{folder}/{_NAMES[kind]}")}
    if not files:
        raise UsageError(
            f"{place} has no {_NAMES[kind]}, neither itself nor in a folder per symbol; "
            "name the folder of the legacy assets",
            code="no-legacy-store",
        )
    return sorted(files, key=lambda path: (path.parent, path.name))


def _state(path: Path) -> _State:
    files = [file for file in (path, Path(f"{path}-wal")) if file.exists()]
    return [(file.stat().st_size, file.stat().st_mtime_ns) for file in files]


def _is_number(column: pl.Series) -> bool:
    # a column without affinity may hold whole numbers among its prices
    return column.dtype.is_float() or column.null_count() == column.len()


def _written_at(path: Path) -> dt.datetime:
    """Time of modification; for a frozen file not later than the date in its name."""
    files = [file for file in (path, Path(f"{path}-wal")) if file.exists()]
    written = dt.datetime.fromtimestamp(max(file.stat().st_mtime for file in files), dt.UTC)
    named = _FROZEN.fullmatch(path.name)
    if named is None:
        return written
    end = dt.datetime.fromisoformat(named[1]).replace(tzinfo=dt.UTC) + dt.timedelta(days=1)
    return min(written, end)


def _damaged(name: str, error: Exception) -> BarsError:
    message = f"{name}: no readable table of bars ({error}); restore the file"
    return BarsError(message, code="legacy-file-damaged")
