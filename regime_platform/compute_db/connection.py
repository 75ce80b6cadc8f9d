"""Opens a compute.db by attaching it to the one DuckDB instance of this process.

Starting an instance costs 30 ms, attaching a file to it 2 ms. DuckDB lets one writer or any number
of readers open a file at a time, across processes. An attempt that finds the file in use is
repeated until a timeout, since a writer needs it for a tenth of a second.
"""

import itertools
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

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

#: An instance attaches a file once, so the threads of a process take turns.
_one_at_a_time = threading.RLock()
_names = itertools.count()


class FileInUseError(Exception):
    """Another process has the file open and did not close it before the timeout."""


@contextmanager
def attached(
    path: Path, *, read_only: bool, timeout: float = READER_TIMEOUT
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection whose unqualified names are those of the file at ``path``.

    On leaving, everything committed is in the file itself, not in a log beside it.

    Raises:
        FileInUseError: another process has the file open for longer than ``timeout`` seconds.
        duckdb.Error: it is no DuckDB file, or a damaged one.
    """
    with _one_at_a_time, _instance(os.getpid()).cursor() as connection:
        name = f"file_{next(_names)}"
        _attach(connection, path, name, read_only=read_only, timeout=timeout)
        try:
            connection.execute(f"USE {name}")
            yield connection
        finally:
            connection.execute("USE memory")
            connection.execute(f"DETACH {name}")  # moves what was committed into the file
    if not read_only and write_ahead_log(path).exists():  # DETACH does not report a failure
        _checkpoint(path)


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
    connection.commit()


@cache
def _instance(_process: int) -> duckdb.DuckDBPyConnection:
    """One per process: an instance does not survive a fork."""
    spill = str(Path(tempfile.gettempdir()) / "regime_platform.duckdb")
    settings: dict[str, Any] = {
        "threads": 1,
        "memory_limit": _MEMORY,
        "default_block_size": _BLOCK,
        "temp_directory": spill,
        "autoinstall_known_extensions": False,  # a file must not make this process load code
    }
    return duckdb.connect(":memory:", config=settings)


def _checkpoint(path: Path) -> None:
    name = f"file_{next(_names)}"
    with _instance(os.getpid()).cursor() as connection:
        _attach(connection, path, name, read_only=False, timeout=READER_TIMEOUT)
        try:
            connection.execute(f"CHECKPOINT {name}")
        finally:
            connection.execute(f"DETACH {name}")


def _attach(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    name: str,
    *,
    read_only: bool,
    timeout: float,
) -> None:
    quoted = str(path).replace("'", "''")
    mode = " (READ_ONLY)" if read_only else ""
    deadline = time.monotonic() + timeout
    while True:
        try:
            connection.execute(f"ATTACH '{quoted}' AS {name}{mode}")
        except duckdb.IOException as error:
            if _LOCK_MESSAGE not in str(error):
                raise
            if time.monotonic() > deadline:
                raise FileInUseError(_holder(error)) from error
            time.sleep(_PAUSE)
        else:
            return


def _holder(error: duckdb.IOException) -> str:
    """The sentence of DuckDB's message that names the process with the lock."""
    return str(error).rpartition('": ')[2].partition(". See also")[0]
