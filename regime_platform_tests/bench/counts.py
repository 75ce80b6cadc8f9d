"""Counts what a piece of work asks of disk, databases and Dagster, within this process.

Counts are the same on a busy machine as on a quiet one, so tests may state them. What DuckDB and
Arrow do in native code is seen only by their calls from Python: DuckDB flushes its files itself at
every commit and detachment, SQLite at every commit.
"""

import os
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
import pyarrow.parquet as pq
from dagster import DagsterInstance
from sqlalchemy import Engine, event

#: Everything that is counted; a count that stays away is 0.
COUNTS = (
    "fsync",
    "open_to_read",
    "open_to_write",
    "list_folder",
    "stat",
    "rename",
    "duckdb_statement",
    "duckdb_attach",
    "sqlite_statement",
    "sqlite_commit",
    "dagster_event",
    "dagster_log_line",
    "bytes_written",
    "bytes_read",
)
_DUCKDB = ("execute", "executemany", "sql", "begin", "commit", "rollback", "appender")
_FOLDERS = {"os.listdir", "os.scandir"}

_counting: list[tuple[str, Counter[str]]] = []  # folder that counts, and the counts, of now


@contextmanager
def counting(folder: Path) -> Iterator[Counter[str]]:
    """The counts of what runs within the block, files and folders only below ``folder``."""
    counts: Counter[str] = Counter()
    before = _moved_bytes()
    with ExitStack() as patches:
        for patched in (*_patched_files(counts), *_patched_databases(counts)):
            patches.enter_context(patched)
        patches.enter_context(_listening(counts))
        _counting.append((str(folder), counts))
        try:
            yield counts
        finally:
            _counting.pop()
    counts.update({name: value - before[name] for name, value in _moved_bytes().items()})


def _watch(happened: str, arguments: tuple[Any, ...]) -> None:
    if not _counting or happened not in {"open", "os.rename", *_FOLDERS}:
        return
    folder, counts = _counting[-1]
    if not str(arguments[0]).startswith(folder):
        return
    if happened in _FOLDERS:
        counts["list_folder"] += 1
    elif happened == "os.rename":
        counts["rename"] += 1
    else:
        writes = arguments[2] & (os.O_WRONLY | os.O_RDWR)
        counts["open_to_write" if writes else "open_to_read"] += 1


sys.addaudithook(_watch)  # for good: Python has no way to take one away


def _patched_files(counts: Counter[str]) -> Iterator[Any]:
    for place, function, name in (
        (os, "fsync", "fsync"),
        (os, "fdatasync", "fsync"),
        (os, "stat", "stat"),
        (pq, "read_metadata", "open_to_read"),
        (pq, "write_table", "open_to_write"),
    ):
        yield patch.object(place, function, _counted(counts, name, getattr(place, function)))


def _patched_databases(counts: Counter[str]) -> Iterator[Any]:
    connection = duckdb.DuckDBPyConnection
    for method in _DUCKDB:
        counted = _counted(counts, "duckdb_statement", getattr(connection, method))
        if method == "execute":
            counted = _counted_attachments(counts, counted)
        yield patch.object(connection, method, counted)
    connect = sqlite3.connect  # not SQLAlchemy's, which has a name of its own for it

    def traced(*arguments: Any, **named: Any) -> sqlite3.Connection:
        opened: sqlite3.Connection = connect(*arguments, **named)
        opened.set_trace_callback(lambda text: _count_sqlite(counts, text))
        return opened

    yield patch.object(sqlite3, "connect", traced)
    handle = DagsterInstance.handle_new_event

    def counted_event(instance: DagsterInstance, entry: Any, **named: Any) -> Any:
        counts["dagster_event" if entry.is_dagster_event else "dagster_log_line"] += 1
        return handle(instance, entry, **named)

    yield patch.object(DagsterInstance, "handle_new_event", counted_event)


@contextmanager
def _listening(counts: Counter[str]) -> Iterator[None]:
    """Statements of SQLAlchemy, also by connections that were opened before."""

    def statement(_connection: Any, _cursor: Any, text: str, *_: Any) -> None:
        _count_sqlite(counts, text)

    def commit(_connection: Any) -> None:
        counts["sqlite_commit"] += 1

    event.listen(Engine, "before_cursor_execute", statement)
    event.listen(Engine, "commit", commit)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", statement)
        event.remove(Engine, "commit", commit)


def _count_sqlite(counts: Counter[str], text: str) -> None:
    counts["sqlite_commit" if text.startswith("COMMIT") else "sqlite_statement"] += 1


def _counted(counts: Counter[str], name: str, work: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(work)
    def counted(*arguments: Any, **named: Any) -> Any:
        counts[name] += 1
        return work(*arguments, **named)

    return counted


def _counted_attachments(counts: Counter[str], work: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(work)
    def counted(connection: Any, query: Any, *arguments: Any, **named: Any) -> Any:
        counts["duckdb_attach"] += str(query).startswith("ATTACH")
        return work(connection, query, *arguments, **named)

    return counted


def _moved_bytes() -> dict[str, int]:
    """What this process has written and read so far, native code included; 0 where unknown."""
    counters = Path("/proc/self/io")
    if not counters.exists():
        return {"bytes_written": 0, "bytes_read": 0}
    lines = counters.read_text(encoding="ascii").splitlines()
    known = dict(line.split(": ") for line in lines)
    return {"bytes_written": int(known["wchar"]), "bytes_read": int(known["rchar"])}
