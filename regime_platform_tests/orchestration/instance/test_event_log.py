"""The event log is the stock one with engines kept open: same files, answers and notifications."""

import threading
from contextlib import suppress
from pathlib import Path
from queue import Queue

import dagster as dg
import pytest
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage

from regime_platform.orchestration.instance.event_log import EventLog
from regime_platform.orchestration.instance.home import open_instance
from regime_platform_tests.orchestration.graph import QUIET
from regime_platform_tests.scenario import street

ASSET = dg.AssetKey("sample")
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
