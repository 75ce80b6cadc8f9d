"""Opens a compute.db by attaching it to the one DuckDB instance of this process.

Starting an instance costs 30 ms, attaching a file to it 2 ms. DuckDB lets one writer or any number
of readers open a file at a time, across processes; a writer needs it for a tenth of a second.
"""

import itertools
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from regime_platform.bar_store.proven import stamp_of
from regime_platform.errors import NewerResultsError, OlderResultsError, ResultsError, remedy_of
from regime_platform.model.result_schema import RESULT_SCHEMA_DIGEST, RESULT_SCHEMA_VERSION, TABLES
from regime_platform.temporary_files import spill_folder

#: Seconds to wait while another process has the file open.
READER_TIMEOUT = 30.0
#: A database in memory, which ends with its connection.
IN_MEMORY = Path(":memory:")

_PAUSE = 0.02
#: What does not fit goes to the disk, block by block; the results of one symbol fit.
_MEMORY = "96MB"
#: Of a new file. One more bar rewrites a block of each table, so small blocks write less.
_BLOCK = 64 * 1024  # bytes
_LOCK_MESSAGE = "Could not set lock on file"
_SQLITE = b"SQLite format 3\x00"
_HEADERS = 3 * 4096  # bytes of a DuckDB file before its blocks
#: A commit writes blocks and then the header that names them, not a log of the rows before that.
_COMMIT_TO_FILE = {"auto_checkpoint_skip_wal_threshold": 0, "checkpoint_threshold": "0B"}

#: An instance attaches a file once, so the threads of a process take turns.
_one_at_a_time = threading.RLock()
_names = itertools.count()


class FileInUseError(Exception):
    """Another process has the file open and did not close it before the timeout."""


@contextmanager
def attached(
    path: Path,
    *,
    read_only: bool,
    timeout: float = READER_TIMEOUT,
    flushes: bool = True,
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection whose unqualified names are those of the file at ``path``.

    On leaving, everything committed is in the file itself, not in a log beside it. Without
    ``flushes`` the caller flushes the file before anything relies on it.

    Raises:
        ResultsError: the file is truncated.
        FileInUseError: another process has the file open for longer than ``timeout`` seconds.
        duckdb.Error: it is no DuckDB file, or a damaged one.
    """
    spill_folder()  # exists then
    with _one_at_a_time, _instance(os.getpid()).cursor() as connection:
        mode = "STANDARD" if flushes else "NONE"
        connection.execute(f"SET GLOBAL fsync_mode = '{mode}'")
        with _attachment(connection, path, read_only=read_only, timeout=timeout) as name:
            connection.execute(f"USE {name}")
            yield connection
        if not read_only and write_ahead_log(path).exists():  # DETACH does not report a failure
            with _attachment(connection, path, read_only=False, timeout=READER_TIMEOUT) as name:
                connection.execute(f"CHECKPOINT {name}")


@contextmanager
def opened(
    path: Path, *, read_only: bool, timeout: float = READER_TIMEOUT
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The same for a whole file of today's version.

    Raises:
        ResultsError: the file is missing or of another version; and see `attached`.
        FileInUseError, duckdb.Error: see `attached`.
    """
    _require_duckdb(path)
    with attached(path, read_only=read_only, timeout=timeout) as connection:
        _require_version(path, connection)
        yield connection


@contextmanager
def not_attached() -> Iterator[None]:
    """No other thread of this process has a file attached within the block.

    For code that opens a compute.db itself: closing a file gives up every lock that the process has
    on it (POSIX), and another process could then write what DuckDB is reading here.
    """
    with _one_at_a_time:
        yield


def require_stored_tables(path: Path) -> None:
    """Refuses a file with a view in place of a table; for files of unknown origin.

    A query of a view can read other files, a query of a table cannot.

    Raises:
        ResultsError: the file is missing, damaged, or lacks a table.
    """
    _require_duckdb(path)
    query = "SELECT table_name FROM duckdb_tables() WHERE database_name = current_database()"
    try:
        with attached(path, read_only=True) as connection:
            stored = {name for (name,) in connection.execute(query).fetchall()}
    except (FileInUseError, duckdb.Error) as error:
        raise ResultsError(
            f"{path.name} cannot be read ({first_line(error)})", code="results-damaged"
        ) from error
    lacking = [name for name in (*TABLES, "schema_version", "content_blocks") if name not in stored]
    if lacking:
        raise ResultsError(f"{path.name} has no table {', '.join(lacking)}", code="results-damaged")


def is_sqlite(path: Path) -> bool:
    """True of the SQLite file of the legacy engine; raises ResultsError where there is no file."""
    try:
        with not_attached(), path.open("rb") as stream:
            return stream.read(len(_SQLITE)) == _SQLITE
    except FileNotFoundError as error:
        raise ResultsError(
            f"{path} does not exist; `regime run {_symbol(path)}` makes it", code="no-results"
        ) from error
    except OSError as error:
        raise damaged(path, f"it cannot be read: {error.strerror}") from error


def write_ahead_log(path: Path) -> Path:
    """Where DuckDB keeps what is committed and not yet in the file at ``path``."""
    return path.with_name(f"{path.name}.wal")


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All statements inside take effect together, or none does."""
    connection.begin()
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    sys.audit("regime_platform.commit")  # for tests, see decision 142
    connection.commit()
    sys.audit("regime_platform.committed")


def damaged(path: Path, reason: str) -> ResultsError:
    """The error for a compute.db that is not what was written."""
    return ResultsError(
        f"{path} is damaged ({reason}); {remedy_of(_symbol(path))}", code="results-damaged"
    )


def first_line(error: Exception) -> str:
    """The first line of an error; some libraries add pages."""
    return str(error).splitlines()[0] if str(error) else type(error).__name__


@cache
def _instance(_process: int) -> duckdb.DuckDBPyConnection:
    """One per process: an instance does not survive a fork."""
    settings: dict[str, Any] = {
        "threads": 1,
        "memory_limit": _MEMORY,
        "default_block_size": _BLOCK,
        "temp_directory": spill_folder(),
        "autoinstall_known_extensions": False,  # a file must not make this process load code
        **_COMMIT_TO_FILE,
    }
    return duckdb.connect(":memory:", config=settings)


@contextmanager
def _attachment(
    connection: duckdb.DuckDBPyConnection, path: Path, *, read_only: bool, timeout: float
) -> Iterator[str]:
    """The name by which the file is attached within the block."""
    name = f"file_{next(_names)}"
    _attach(connection, path, name, read_only=read_only, deadline=time.monotonic() + timeout)
    try:
        yield name
    finally:
        connection.execute("USE memory")
        connection.execute(f"DETACH {name}")  # moves what was committed into the file


def _attach(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    name: str,
    *,
    read_only: bool,
    deadline: float,
) -> None:
    """Attaches the file, and no mixture of it with another.

    DuckDB 2 reads the headers of a file, closes it, and opens the path again for its blocks and for
    the lock. What was replaced or written between the two is attached again.
    """
    quoted, mode = str(path).replace("'", "''"), " (READ_ONLY)" if read_only else ""
    while True:
        before = stamp_of(path)
        try:
            connection.execute(f"ATTACH '{quoted}' AS {name}{mode}")
        except duckdb.Error as error:
            if _LOCK_MESSAGE in str(error):
                if time.monotonic() > deadline:  # with the sentence that names the process
                    holder = str(error).rpartition('": ')[2].partition(". See also")[0]
                    raise FileInUseError(holder) from error
                time.sleep(_PAUSE)
            elif not read_only or stamp_of(path) == before:
                raise
            continue
        now = stamp_of(path)
        if not read_only or now == before:
            break
        connection.execute(f"DETACH {name}")
    if before is not None and now is not None:
        _require_whole(connection, path, name, now.bytes)


def _require_whole(connection: duckdb.DuckDBPyConnection, path: Path, name: str, size: int) -> None:
    """Refuses a file of which ``size`` bytes are fewer than its own block count says.

    DuckDB opens a truncated file without an error as long as nothing beyond its end is read. Free
    blocks do not count: DuckDB itself truncates those at the end of a file.
    """
    query = "SELECT block_size, used_blocks FROM pragma_database_size() WHERE database_name = ?"
    ((block, count),) = connection.execute(query, [name]).fetchall()
    in_use = _HEADERS + block * count
    if size < in_use:
        connection.execute(f"DETACH {name}")
        raise damaged(path, f"truncated to {size:,} bytes, {in_use:,} are in use")


def _require_duckdb(path: Path) -> None:
    """Refuses the file of the legacy engine, without opening it as a database."""
    if is_sqlite(path):
        raise OlderResultsError(
            f"{path} is a SQLite file of version 1, expected version {RESULT_SCHEMA_VERSION}; "
            f"`regime run {_symbol(path)}` replaces it by results of its bars (those of an old "
            "store come in by `regime migrate`); state, history and export read it as it is"
        )


def _require_version(path: Path, connection: duckdb.DuckDBPyConnection) -> None:
    """Refuses a file of another schema."""
    rows = connection.execute("SELECT version, definition FROM schema_version").fetchall()
    if rows and rows[0][0] > RESULT_SCHEMA_VERSION:
        raise NewerResultsError(
            f"{path} has version {rows[0][0]}, expected version {RESULT_SCHEMA_VERSION}: it was "
            "written by a later release; use that one, or move the file away to compute it again"
        )
    if rows != [(RESULT_SCHEMA_VERSION, RESULT_SCHEMA_DIGEST)]:
        stated = f"version {rows[0][0]} ({str(rows[0][1])[:12]})" if rows else "no version"
        is_older = rows and rows[0][0] < RESULT_SCHEMA_VERSION
        raise (OlderResultsError if is_older else ResultsError)(
            f"{path} has {stated}, expected version {RESULT_SCHEMA_VERSION} "
            f"({RESULT_SCHEMA_DIGEST[:12]}); recompute it with "
            f"`regime compute --force {_symbol(path)}`",
            code="older-results" if is_older else "results-version",
        )


def _symbol(path: Path) -> str:
    return path.parent.name  # the folder has the name of the symbol
