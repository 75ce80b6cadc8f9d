"""Dagster's event log in SQLite, with what it opens kept open.

The stock one makes an engine and a connection several times for each event, and compiles every
statement again: 20 ms of processor time per event, and a daily pass has 10,000 of them. Here an
engine is kept for each database, and with it its connection and compiled statements. Closing it put
every event into the file itself, and by the change of a run's file the UI notices what is new: here
the file is touched instead, and SQLite puts events there many at a time. Commits no longer wait for
the disk: a power cut may take the last events along, never the database.

Files, tables and everything else are the stock ones; with this class gone nothing has to be moved.
"""

import os
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dagster import EventLogEntry
from dagster._core.storage.event_log.sqlite.sqlite_event_log import (
    INDEX_SHARD_NAME,
    SqliteEventLogStorage,
)
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool

_RUNS = 8  # whose engines are kept; a webserver looks into many


class EventLog(SqliteEventLogStorage):
    """The stock event log, with engines that live as long as they are of use."""

    def __init__(self, base_dir: str) -> None:
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        self._tables: set[str] = set()
        super().__init__(base_dir)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            engine = self._engine(shard)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.connect() as connection, connection.begin():
                yield connection

    def store_event(self, event: EventLogEntry) -> None:
        """As the stock one; whoever watches the run's file is told."""
        super().store_event(event)
        os.utime(self.path_for_shard(event.run_id))

    def has_table(self, table_name: str) -> bool:
        """As the stock one, which opens the index anew; asked twice for every check's result."""
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)  # no table is ever dropped
        return table_name in self._tables

    def dispose(self) -> None:
        """Closes what is open."""
        with self._db_lock:
            while self._engines:
                self._engines.popitem()[1].dispose()
        super().dispose()

    def _engine(self, shard: str) -> Engine:
        if shard not in self._engines:
            self._engines[shard] = self._opened(shard)
        self._engines.move_to_end(shard)
        if len(self._engines) > _RUNS:
            oldest = next(name for name in self._engines if name != INDEX_SHARD_NAME)
            self._engines.pop(oldest).dispose()
        return self._engines[shard]

    def _opened(self, shard: str) -> Engine:
        engine = create_engine(
            self.conn_string_for_shard(shard),
            poolclass=QueuePool,
            connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
        )
        event.listen(engine, "connect", _wait_for_no_disk)
        return engine


def _wait_for_no_disk(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA synchronous = NORMAL")
