"""The event log is the stock one with engines kept open: same files, answers and notifications."""

import threading
from contextlib import suppress
from pathlib import Path
from queue import Queue

import dagster as dg
import pytest
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationPlanned,
)
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import serialize_value
from sqlalchemy.event import listen

from regime_platform.orchestration.instance.command_run import CommandRun
from regime_platform.orchestration.instance.event_log import EventLog
from regime_platform.orchestration.instance.home import open_instance
from regime_platform_tests.orchestration.graph import QUIET
from regime_platform_tests.scenario import street

ASSET = dg.AssetKey("sample")
KEY = "dagster/data_version"
VERSION = {KEY: "x"}
MANY = 12  # runs, more than engines are kept for


@dg.op(out={})
def tell():  # type: ignore[no-untyped-def]
    """Reports two partitions and what a check says of them."""
    for name in ("a", "b"):
        yield dg.AssetMaterialization(ASSET, partition=name)
        yield dg.AssetCheckEvaluation(
            asset_key=ASSET, check_name="sound", passed=True, partition=name
        )


@dg.job
def telling() -> None:
    """A plain job."""
    tell()


def _run(instance: dg.DagsterInstance) -> str:
    return telling.execute_in_process(instance=instance, run_config={"loggers": QUIET}).run_id


@pytest.mark.slow
def test_what_it_writes_the_stock_log_reads(tmp_path: Path) -> None:
    settings = street(tmp_path, ["OAK"])
    with open_instance(settings) as instance:
        assert isinstance(instance.event_log_storage, EventLog)
        runs = [_run(instance) for _ in range(MANY)]
        ours = {run: [log.message for log in instance.all_logs(run)] for run in runs}
    folder = settings.dagster_folder / "storage"

    storage = DagsterSqliteStorage.from_local(str(folder))
    assert isinstance(storage.event_log_storage, SqliteEventLogStorage)
    read = {
        run: [event.message for event in storage.event_log_storage.get_logs_for_run(run)]
        for run in runs
    }
    storage.dispose()

    assert read == ours
    assert all(len(messages) > 8 for messages in read.values())


@pytest.mark.slow
def test_ids_of_deleted_events_are_not_given_again(tmp_path: Path) -> None:
    settings = street(tmp_path, ["OAK"])
    with open_instance(settings) as instance:
        _run(instance)
        deleted = _run(instance)
        ends = dg.DagsterEventType.RUN_SUCCESS
        before = instance.fetch_run_status_changes(ends, limit=1).records[0].storage_id
        instance.delete_run(deleted)
    with open_instance(settings) as instance:  # opened again: kept in the database
        _run(instance)
        instance.wipe_assets([ASSET])
        last = _run(instance)

        (record,) = instance.fetch_run_status_changes(ends, limit=1).records
        assert (record.run_id, record.storage_id > before) == (last, True)
        assert len(instance.fetch_materializations(ASSET, limit=9).records) == 2
        assert instance.get_materialized_partitions(ASSET) == {"a", "b"}


@pytest.mark.slow
def test_events_of_a_group_are_stored_by_one_transaction_of_each_database(tmp_path: Path) -> None:
    partitions = dg.StaticPartitionsDefinition(["a", "b", "c"])
    with open_instance(street(tmp_path, ["OAK"])) as instance:
        log = instance.event_log_storage
        assert isinstance(log, EventLog)
        run = CommandRun(instance, is_success=True)
        run.note("its database is opened")
        instance.get_materialized_partitions(ASSET)  # and the index
        commits = count_commits(log)
        with log.together() as made:
            for name in partitions.get_partition_keys():
                run.report(dg.AssetMaterialization(ASSET, partition=name, tags=VERSION))
                run.report(
                    dg.AssetCheckEvaluation(
                        asset_key=ASSET, check_name="sound", passed=name != "b", partition=name
                    )
                )
            assert (made, commits) == ({}, [])

        assert len(commits) == 2
        records = instance.fetch_materializations(ASSET, limit=9).records
        assert {record.partition_key: record.storage_id for record in records} == {
            name: target.storage_id for (_asset, name), target in made.items()
        }
        assert {record.asset_materialization.tags[KEY] for record in records} == {"x"}  # type: ignore[union-attr, index]
        (info,) = instance.get_asset_records([ASSET])
        assert info.asset_entry.last_materialization_record == records[0]
        infos = log.get_asset_check_partition_info([dg.AssetCheckKey(ASSET, "sound")])
        assert {info.partition_key: info.latest_execution_status.value for info in infos} == {
            "a": "SUCCEEDED",
            "b": "FAILED",
            "c": "SUCCEEDED",
        }


def test_what_a_group_reported_is_read_inside_it_and_kept_where_it_fails(tmp_path: Path) -> None:
    with open_instance(street(tmp_path, ["OAK"])) as instance:
        log = instance.event_log_storage
        assert isinstance(log, EventLog)
        run = CommandRun(instance, is_success=True)
        with suppress(KeyboardInterrupt), log.together():
            run.report(dg.AssetMaterialization(ASSET, partition="a"))
            assert instance.get_materialized_partitions(ASSET) == {"a"}
            run.report(dg.AssetMaterialization(ASSET, partition="b"))
            raise KeyboardInterrupt
        assert instance.get_materialized_partitions(ASSET) == {"a", "b"}


def test_a_planned_check_of_many_partitions_names_them_once(tmp_path: Path) -> None:
    partitions = dg.StaticPartitionsDefinition([f"S{number}" for number in range(200)])
    planned = AssetCheckEvaluationPlanned(
        asset_key=ASSET,
        check_name="sound",
        partitions_subset=partitions.subset_with_all_partitions(),
    )
    kind = dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED.value
    with open_instance(street(tmp_path, ["OAK"])) as instance:
        run = CommandRun(instance, is_success=True).stored()
        event = dg.DagsterEvent(kind, run.job_name, event_specific_data=planned)
        instance.report_dagster_event(event, run.run_id)
        key = dg.AssetCheckKey(ASSET, "sound")
        infos = instance.event_log_storage.get_asset_check_partition_info([key])
        (latest,) = instance.event_log_storage.get_asset_check_execution_history(key, limit=1)
    assert len(infos) == 200
    assert {info.latest_execution_status.value for info in infos} == {"PLANNED"}
    assert len(serialize_value(latest.event)) < 1000


def count_commits(log: EventLog) -> list[str]:
    """The commits from now on, as they are made."""
    commits: list[str] = []
    for shard, engine in log._engines.items():
        listen(engine, "commit", lambda _connection, shard=shard: commits.append(shard))
    return commits


def test_a_watcher_of_a_run_receives_every_event_when_it_is_stored(tmp_path: Path) -> None:
    settings, received = street(tmp_path, ["OAK"]), Queue[str]()
    with open_instance(settings) as instance, open_instance(settings) as watching:
        run = _run(instance)
        past = watching.get_records_for_run(run).cursor
        watching.watch_event_logs(run, past, lambda event, _cursor: received.put(event.message))
        for number in range(3):
            instance.report_engine_event(f"one more: {number}", run_id=run, job_name="telling")

            assert received.get(timeout=60) == f"one more: {number}"


def test_threads_may_use_it_together(tmp_path: Path) -> None:
    with open_instance(street(tmp_path, ["OAK"])) as instance:
        run = _run(instance)
        problems: list[BaseException] = []

        def work() -> None:
            try:
                for _ in range(10):
                    instance.report_engine_event("here", run_id=run, job_name="telling")
                    instance.fetch_materializations(ASSET, limit=5)
            except BaseException as error:  # noqa: BLE001 - asserted below
                problems.append(error)

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        messages = [log.message for log in instance.all_logs(run)]
    assert problems == []
    assert messages.count("here") == 30


def test_it_leaves_no_file_open(tmp_path: Path) -> None:
    with open_instance(street(tmp_path, ["OAK"])) as instance:
        _run(instance)

    links = []
    for link in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # the listing's own
            links.append(str(link.readlink()))
    assert [link for link in links if str(tmp_path) in link and "history/runs" in link] == []
