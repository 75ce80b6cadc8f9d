"""Dagster's event log in SQLite, with its databases kept open and events stored in groups.

The stock class makes engines and connections for each event and compiles every statement again:
20 ms of processor time per event, and a daily pass has 10,000. It also closes the database after
every event, which changes the file of the run that the UI watches; here the file is touched. An
event alone writes 100 kB, a page of each index of two databases and later each page again; a group
writes a page once. A power cut may lose the last events, but does not damage the database. Files
and tables are the stock ones, so that this class can be removed without a conversion.
"""

import os
import threading
from collections import OrderedDict, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from dagster import (
    AssetKey,
    AssetRecordsFilter,
    DagsterEventType,
    EventLogEntry,
    EventRecordsResult,
)
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationPlanned,
)
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData as CheckTarget,
)
from dagster._core.events import (
    ASSET_CHECK_EVENTS,
    ASSET_EVENTS,
    EVENT_TYPE_TO_PIPELINE_RUN_STATUS,
)
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus
from dagster._core.storage.event_log.schema import (
    AssetCheckExecutionsTable,
    SqlEventLogStorageTable,
)
from dagster._core.storage.event_log.sqlite.sqlite_event_log import (
    INDEX_SHARD_NAME,
    SqliteEventLogStorage,
)
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import serialize_value
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
#: Events of these types are in the index of all runs too.
_INDEXED = {*ASSET_EVENTS, *ASSET_CHECK_EVENTS, *EVENT_TYPE_TO_PIPELINE_RUN_STATUS}

#: (asset, partition) -> its materialisation that was stored last.
Materialized = dict[tuple[AssetKey, str], CheckTarget]


class EventLog(SqliteEventLogStorage):
    """The stock event log with cached engines, and with transactions of many events."""

    def __init__(self, base_dir: str) -> None:
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        self._tables: set[str] = set()
        self._waiting: list[EventLogEntry] = []
        self._materialized: Materialized | None = None  # of a group that is being gathered
        self._index: Connection | None = None  # of the transaction in progress
        super().__init__(base_dir)
        self._db_lock: Any = threading.RLock()  # parts of a transaction take it again

    @contextmanager
    def together(self) -> Iterator[Materialized]:
        """Events of the block are stored at its end, or before anything is read.

        Gives what they materialise, which is complete after the block.
        """
        with self._db_lock:
            self._store_waiting()
            made: Materialized = {}
            self._materialized = made
        try:
            yield made
        finally:
            with self._db_lock:
                try:
                    self._store_waiting()
                finally:
                    self._materialized = None

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            if self._index is not None and shard == INDEX_SHARD_NAME:
                yield self._index
                return
            self._store_waiting()
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
        """As the stock method, at the end of the group where there is one."""
        with self._db_lock:
            if self._materialized is None:
                self.store_event_batch([event])
            else:
                self._waiting.append(event)

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Stores events by a transaction of their run, then one of the index of all runs.

        Touches the files of runs, which the UI watches.
        """
        rows: dict[str, list[tuple[EventLogEntry, dict[str, Any]]]] = defaultdict(list)
        for each in events:
            rows[each.run_id].append((each, self._event_to_row(each)))
        for run, entries in rows.items():
            with self.run_connection(run) as connection:
                connection.execute(SqlEventLogStorageTable.insert(), [row for _, row in entries])
            os.utime(self.path_for_shard(run))
        indexed = [
            (each, row)
            for entries in rows.values()
            for each, row in entries
            if each.is_dagster_event and each.dagster_event_type in _INDEXED
        ]
        if indexed:
            with self.index_connection() as connection:
                self._index = connection
                try:
                    self._store_indexed(connection, indexed)
                finally:
                    self._index = None

    def _store_indexed(
        self, connection: Connection, entries: Sequence[tuple[EventLogEntry, dict[str, Any]]]
    ) -> None:
        """Rows as `SqliteEventLogStorage.store_event` writes them; that of an asset once."""
        events: list[EventLogEntry] = []
        ids: list[int] = []
        latest: dict[tuple[str, Any], tuple[EventLogEntry, int]] = {}
        for entry, row in entries:
            result = connection.execute(SqlEventLogStorageTable.insert(), row)
            (number,) = result.inserted_primary_key or (0,)
            if entry.dagster_event_type in ASSET_EVENTS:
                events.append(entry)
                ids.append(number)
                kind = (row["asset_key"], entry.dagster_event_type)
                latest.pop(kind, None)
                latest[kind] = entry, number
                self._note(entry, number)
            elif entry.dagster_event_type in ASSET_CHECK_EVENTS:
                self.store_asset_check_event(entry, number)
        self._store_asset_event_tags(connection, events, ids)
        for entry, number in latest.values():
            self._store_asset_event(connection, entry, number)

    def _store_asset_check_evaluation_planned(
        self, event: EventLogEntry, event_id: int | None
    ) -> None:
        """As the stock method, which stores the names of all partitions with each of them."""
        dagster_event = event.get_dagster_event()
        planned = dagster_event.asset_check_planned_data
        if planned.partitions_subset is None:
            super()._store_asset_check_evaluation_planned(event, event_id)
            return
        alone = AssetCheckEvaluationPlanned(
            asset_key=planned.asset_key, check_name=planned.check_name
        )
        alike = {
            "asset_key": planned.asset_key.to_string(),
            "check_name": planned.check_name,
            "run_id": event.run_id,
            "execution_status": AssetCheckExecutionRecordStatus.PLANNED.value,
            "evaluation_event": serialize_value(
                event._replace(dagster_event=dagster_event._replace(event_specific_data=alone))
            ),
            "evaluation_event_timestamp": self._event_to_row(event)["timestamp"],
            "evaluation_event_storage_id": event_id,
        }
        names = planned.partitions_subset.get_partition_keys()
        with self.index_connection() as connection:
            connection.execute(
                AssetCheckExecutionsTable.insert(), [{**alike, "partition": name} for name in names]
            )

    def _note(self, entry: EventLogEntry, number: int) -> None:
        event = entry.get_dagster_event()
        if self._materialized is None or not event.is_step_materialization:
            return
        if event.asset_key is not None and event.partition is not None:
            target = CheckTarget(storage_id=number, run_id=entry.run_id, timestamp=entry.timestamp)
            self._materialized[event.asset_key, event.partition] = target

    def _store_waiting(self) -> None:
        if self._waiting:
            events, self._waiting = self._waiting, []
            self.store_event_batch(events)

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
