"""How a compute.db is opened: attached to the one DuckDB instance of this process, and let go.

Starting an instance costs 30 ms, attaching a file to it 2 ms. DuckDB gives a file to one writer or
to any number of readers at a time, across processes; who finds it taken tries again for a while,
since a writer keeps it for a tenth of a second.
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

#: Seconds to wait for whoever has the file.
READER_PATIENCE = 30.0
#: In memory, and gone once it is let go of.
NOWHERE = Path(":memory:")

_PAUSE = 0.02
#: What does not fit goes to the disk, block by block; what a store of any length needs fits.
_MEMORY = "96MB"
#: Of a new file. A bar more writes a block anew for each table, so small ones write less of it.
_BLOCK = 64 * 1024  # bytes
_TAKEN = "Could not set lock on file"

#: An instance knows each file once, so within a process one piece of work has it at a time.
_one_at_a_time = threading.RLock()
_names = itertools.count()


class TakenError(Exception):
    """Somebody else has the file open and did not let go of it in time."""


@contextmanager
def attached(
    path: Path, *, read_only: bool, patience: float = READER_PATIENCE
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection whose unqualified names are those of the file at ``path``.

    What was committed is in the file itself, not in a log beside it, once this is left.

    Raises:
        TakenError: another process has the file for longer than ``patience`` seconds.
        duckdb.Error: it is no DuckDB file, or a damaged one.
    """
    with _one_at_a_time, _instance(os.getpid()).cursor() as connection:
        name = f"file_{next(_names)}"
        _attach(connection, path, name, read_only=read_only, patience=patience)
        try:
            connection.execute(f"USE {name}")
            yield connection
        finally:
            connection.execute("USE memory")
            connection.execute(f"DETACH {name}")  # puts what was committed into the file
    if not read_only and log_beside(path).exists():  # it could not, and kept that to itself
        _put_into_file(path)


def log_beside(path: Path) -> Path:
    """Where DuckDB keeps what it committed and has not yet put into the file at ``path``."""
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
    elsewhere = str(Path(tempfile.gettempdir()) / "regime_platform.duckdb")
    settings: dict[str, Any] = {
        "threads": 1,
        "memory_limit": _MEMORY,
        "default_block_size": _BLOCK,
        "temp_directory": elsewhere,
        "autoinstall_known_extensions": False,  # no file makes this process load code
    }
    return duckdb.connect(":memory:", config=settings)


def _put_into_file(path: Path) -> None:
    name = f"file_{next(_names)}"
    with _instance(os.getpid()).cursor() as connection:
        _attach(connection, path, name, read_only=False, patience=READER_PATIENCE)
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
    patience: float,
) -> None:
    quoted = str(path).replace("'", "''")
    mode = " (READ_ONLY)" if read_only else ""
    gives_up = time.monotonic() + patience
    while True:
        try:
            connection.execute(f"ATTACH '{quoted}' AS {name}{mode}")
        except duckdb.IOException as error:
            if _TAKEN not in str(error):
                raise
            if time.monotonic() > gives_up:
                raise TakenError(_by_whom(error)) from error
            time.sleep(_PAUSE)
        else:
            return


def _by_whom(error: duckdb.IOException) -> str:
    """The sentence of DuckDB that names the process; before it stands the file, after it a page."""
    return str(error).rpartition('": ')[2].partition(". See also")[0]
