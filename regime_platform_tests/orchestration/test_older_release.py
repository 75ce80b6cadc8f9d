"""Dagster's state that release 0.1.0 left: what was switched, what ran and what was recorded."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.selector import InstigatorSelector
from dagster._core.execution.backfill import BulkActionStatus

from regime_platform.orchestration.build import build_definitions
from regime_platform.orchestration.events.failures import run_failure_of
from regime_platform.orchestration.instance.home import open_instance
from regime_platform.orchestration.sensors import Position, changed_symbols
from regime_platform.pipeline.outcomes import Stage
from regime_platform_tests.older_release import BLOCKED, OlderRelease, unpack
from regime_platform_tests.orchestration.graph import failure_text, green, red, run_listed

#: What the operator of release 0.1.0 switched.
SWITCHED = {
    "after_close_daily": "STOPPED",
    "intraday_core": "STOPPED",
    "prune_runs_weekly": "RUNNING",
    "regime_changes": "STOPPED",
    "verify_nightly": "STOPPED",
}


@pytest.fixture(scope="module")
def _unpacked(tmp_path_factory: pytest.TempPathFactory) -> OlderRelease:
    return unpack(tmp_path_factory.mktemp("release"))


@pytest.fixture
def release(_unpacked: OlderRelease, tmp_path: Path) -> OlderRelease:
    """The unpacked release, to be changed by the test."""
    shutil.copytree(_unpacked.folder, tmp_path / "release")
    return OlderRelease(tmp_path / "release")


@pytest.fixture
def older(release: OlderRelease) -> Iterator[dg.DagsterInstance]:
    """Dagster's instance of that data root, opened by the code of today."""
    with open_instance(release.settings) as opened:
        yield opened


def test_what_was_switched_on_or_off_stays_so(
    release: OlderRelease, older: dg.DagsterInstance
) -> None:
    repository = build_definitions(release.settings).get_repository_def()
    names = [schedule.name for schedule in repository.schedule_defs]
    names += [sensor.name for sensor in repository.sensor_defs]

    statuses = {}
    for name in names:
        selector = InstigatorSelector(
            location_name="regime_platform", repository_name=repository.name, name=name
        )
        # the second part is what the storage looks for: neither code nor process is in it
        state = older.get_instigator_state("origin of another process", selector.get_id())
        if state is not None:
            statuses[name] = state.status.value

    assert {name: statuses[name] for name in SWITCHED} == SWITCHED
    stored = {state.instigator_name for state in older.all_instigator_state()}
    assert stored <= set(names)


def test_runs_and_backfills_stay_visible(older: dg.DagsterInstance) -> None:
    runs = {run.job_name: run.status for run in older.get_runs()}
    backfills = {backfill.status for backfill in older.get_backfills()}

    assert runs == {
        "__ASSET_JOB": dg.DagsterRunStatus.FAILURE,
        "walk_group": dg.DagsterRunStatus.SUCCESS,
        "walk_listed": dg.DagsterRunStatus.SUCCESS,
    }
    assert backfills == {BulkActionStatus.COMPLETED_FAILED, BulkActionStatus.COMPLETED_SUCCESS}
    for run in older.get_runs():
        assert older.all_logs(run.run_id)


def test_a_failed_run_still_names_its_symbols(older: dg.DagsterInstance) -> None:
    (run,) = older.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE]))
    (failure,) = (
        entry.dagster_event for entry in older.all_logs(run.run_id, dg.DagsterEventType.RUN_FAILURE)
    )
    assert failure is not None
    context = dg.build_run_status_sensor_context("run_failures", failure, older, run)

    failed = run_failure_of(context.for_run_failure())

    (line,) = failed.lines
    assert failed.summary == "blocked symbols"
    assert line.startswith(f"{BLOCKED} blocked at validated_bars: 1day: high_low_order")


def test_partitions_keep_their_colours(release: OlderRelease, older: dg.DagsterInstance) -> None:
    assert green(release.settings, older, Stage.COMPUTE_DB) == {"EURUSD", "ALDER", "CEDAR", "ELM"}
    assert red(release.settings, older, Stage.COMPUTE_DB) == {BLOCKED}


def test_fetches_that_the_release_processed_start_no_run(older: dg.DagsterInstance) -> None:
    symbols, last, _began = changed_symbols(older, Position())

    assert symbols == frozenset()
    assert last.id > 0


@pytest.mark.slow
def test_a_listed_run_goes_on_in_the_same_history(
    release: OlderRelease, older: dg.DagsterInstance
) -> None:
    assert run_listed(release.settings, older, ["ALDER", "CEDAR"], "process_listed").success
    failed = run_listed(release.settings, older, [BLOCKED], "process_listed")

    assert "high_low_order" in failure_text(failed)
    assert older.get_runs_count() == 5


@pytest.mark.parametrize(
    ("job", "old", "new"),
    [
        ("process_all", "walk_symbols", "symbol_pipeline"),
        ("process_listed", "walk_listed_step", "process_listed_step"),
    ],
)
def test_run_config_of_the_release_is_refused_with_the_name_of_today(
    release: OlderRelease, older: dg.DagsterInstance, job: str, old: str, new: str
) -> None:
    resolved = build_definitions(release.settings).resolve_job_def(job)
    config = {"ops": {old: {"config": {"force": True}}}}

    with pytest.raises(dg.DagsterInvalidConfigError, match=rf"(?s){old}.*{new}"):
        resolved.execute_in_process(instance=older, run_config=config, partition_key=None)
