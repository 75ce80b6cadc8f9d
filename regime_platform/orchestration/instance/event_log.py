"""Dagster's event log in SQLite, with its databases kept open.

The stock class makes engines and connections for each event and compiles every statement again:
20 ms of processor time per event, and a daily pass has 10,000. It also closes the database after
every event, which changes the file of the run that the UI watches; here the file is touched. A
power cut may lose the last events, but does not damage the database. Files and tables are the
stock ones, so that this class can be removed without a conversion.
"""

import os
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dagster import (
    AssetKey,
    AssetRecordsFilter,
    DagsterEventType,
    EventLogEntry,
    EventRecordsResult,
)
from dagster._core.storage.event_log.sqlite.sqlite_event_log import (
    INDEX_SHARD_NAME,
    SqliteEventLogStorage,
)
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.pool import QueuePool

#: SQLite gives the highest id of a table again once its row is deleted, with a run or by a wipe.
#: Cursors of sensors and cached states of partitions would miss new events up to it, so the id is
#: kept by an empty row, which is of no type and no run.
_KEEP_LAST_ID = """
CREATE TRIGGER IF NOT EXISTS keep_last_id AFTER DELETE ON event_logs
WHEN OLD.id > (SELECT coalesce(max(id), 0) FROM event_logs)
BEGIN INSERT INTO event_logs (id, run_id, event) VALUES (OLD.id, '', ''); END
"""
_RUNS = 8  # engines of runs that are kept; a webserver reads many runs


class EventLog(SqliteEventLogStorage):
    """The stock event log with cached engines."""

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
                if shard == INDEX_SHARD_NAME:
                    with engine.connect() as connection, connection.begin():
                        connection.execute(text(_KEEP_LAST_ID))
            with engine.connect() as connection, connection.begin():
                yield connection

    def store_event(self, event: EventLogEntry) -> None:
        """As the stock method; also touches the file of the run, which the UI watches."""
        super().store_event(event)
        os.utime(self.path_for_shard(event.run_id))

    @property
    def can_store_asset_failure_events(self) -> bool:
        """The stock log drops the events that say why a partition failed, and finds none."""
        return True

    def fetch_failed_materializations(
        self,
        records_filter: AssetKey | AssetRecordsFilter,
        limit: int,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> EventRecordsResult:
        """Those events, as the stock methods do for other events of assets."""
        if isinstance(records_filter, AssetKey):
            records_filter = AssetRecordsFilter(asset_key=records_filter)
        wanted = records_filter.to_event_records_filter(
            DagsterEventType.ASSET_FAILED_TO_MATERIALIZE, cursor=cursor, ascending=ascending
        )
        result: EventRecordsResult = self._get_event_records_result(
            wanted, limit, cursor, ascending
        )
        return result

    def has_table(self, table_name: str) -> bool:
        """As the stock method, cached: it is called twice for every check result."""
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)  # no table is ever dropped
        return table_name in self._tables

    def dispose(self) -> None:
        """Closes all engines."""
        with self._db_lock:
            while self._engines:
                self._engines.popitem()[1].dispose()
        super().dispose()

    def _engine(self, shard: str) -> Engine:
        if shard not in self._engines:
            self._engines[shard] = self._new_engine(shard)
        self._engines.move_to_end(shard)
        if len(self._engines) > _RUNS:
            oldest = next(name for name in self._engines if name != INDEX_SHARD_NAME)
            self._engines.pop(oldest).dispose()
        return self._engines[shard]

    def _new_engine(self, shard: str) -> Engine:
        engine = create_engine(
            self.conn_string_for_shard(shard),
            poolclass=QueuePool,
            connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
        )
        event.listen(engine, "connect", _do_not_wait_for_disk)
        return engine


def _do_not_wait_for_disk(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA synchronous = NORMAL")
