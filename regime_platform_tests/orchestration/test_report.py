"""The asset `report`: requested after what changed the board, and red where it fails."""

from importlib.metadata import PackageNotFoundError

import dagster as dg
import pytest

from regime_platform.orchestration.build import build_definitions
from regime_platform.orchestration.jobs import RECOMPUTE
from regime_platform.orchestration.report import WRITE_REPORT, board_changes
from regime_platform.orchestration.resources import WorkspaceResource
from regime_platform.pipeline import pages
from regime_platform.settings import Settings
from regime_platform_tests.orchestration.graph import QUIET, run_listed

pytestmark = pytest.mark.slow
_REPORT = dg.AssetKey("report")


def _tick(
    settings: Settings, instance: dg.DagsterInstance, cursor: str | None = None, hours: float = 1.0
) -> dg.SensorResult | dg.SkipReason:
    """An evaluation so long after the board changed."""
    written = settings.root_folder / "board.parquet"
    at = (written.stat().st_mtime if written.exists() else 0.0) + hours * 3600
    resources = {"workspace": WorkspaceResource(settings, clock=lambda: at)}
    context = dg.build_sensor_context(instance=instance, cursor=cursor, resources=resources)
    answer = board_changes(context)
    assert isinstance(answer, dg.SensorResult | dg.SkipReason)
    return answer


def _requested(answer: dg.SensorResult | dg.SkipReason) -> str:
    """The cursor after a tick that requested one run."""
    assert isinstance(answer, dg.SensorResult)
    assert len(answer.run_requests or ()) == 1
    assert answer.cursor
    return answer.cursor


def _report(
    settings: Settings, instance: dg.DagsterInstance, *, with_pages: bool
) -> dg.ExecuteInProcessResult:
    config = {"ops": {"report": {"config": {"pages": with_pages}}}, "loggers": QUIET}
    job = build_definitions(settings).resolve_job_def(WRITE_REPORT)
    return job.execute_in_process(instance=instance, run_config=config, raise_on_error=False)


def test_a_report_is_requested_once_for_each_change_of_the_board_and_once_a_day(
    processed_eight: Settings, processed_instance: dg.DagsterInstance
) -> None:
    cursor = _requested(_tick(processed_eight, processed_instance))

    assert isinstance(_tick(processed_eight, processed_instance, cursor), dg.SkipReason)
    # a pass with nothing new leaves the board alone
    assert run_listed(processed_eight, processed_instance, [], "reconcile").success
    assert isinstance(_tick(processed_eight, processed_instance, cursor), dg.SkipReason)

    _requested(_tick(processed_eight, processed_instance, cursor, hours=25))
    (processed_eight.root_folder / "board.parquet").touch()
    changed = _requested(_tick(processed_eight, processed_instance, cursor))
    assert changed != cursor


def test_a_report_waits_for_a_pass_in_progress_but_not_for_ever(
    processed_eight: Settings, processed_instance: dg.DagsterInstance
) -> None:
    processed_instance.add_run(dg.DagsterRun(RECOMPUTE, status=dg.DagsterRunStatus.STARTED))

    waits = _tick(processed_eight, processed_instance, hours=0.1)
    _requested(_tick(processed_eight, processed_instance, hours=0.3))
    processed_instance.add_run(dg.DagsterRun(WRITE_REPORT, status=dg.DagsterRunStatus.STARTING))
    writes = _tick(processed_eight, processed_instance, hours=0.3)

    assert isinstance(waits, dg.SkipReason)
    assert waits.skip_message == "a pass is in progress"
    assert isinstance(writes, dg.SkipReason)
    assert writes.skip_message == "a report is being written"


def test_the_materialisation_links_to_the_page_and_its_file_also_without_the_extra(
    processed_eight: Settings,
    processed_instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing() -> None:
        raise PackageNotFoundError("litecharts")

    monkeypatch.setattr(pages, "chart_libraries", missing)

    result = _report(processed_eight, processed_instance, with_pages=True)

    (event,) = result.get_asset_materialization_events()
    metadata = event.materialization.metadata
    file = processed_eight.root_folder / "report" / "index.html"
    assert event.asset_key == _REPORT
    assert metadata["open"] == dg.MetadataValue.url("/report/")
    assert metadata["file"].value == str(file)
    assert metadata["bytes"].value == file.stat().st_size
    assert "litecharts" in str(metadata["pages"].value)
    assert not list(file.parent.glob("[A-Z]*.html"))


def test_a_report_that_fails_is_red_and_names_the_remedy(
    processed_eight: Settings, processed_instance: dg.DagsterInstance
) -> None:
    (processed_eight.root_folder / "board.parquet").write_bytes(b"damaged")

    result = _report(processed_eight, processed_instance, with_pages=False)

    assert not result.success
    failure = result.failure_data_for_node("report")
    assert failure is not None
    assert "remove it, the next run writes it again" in str(failure.user_failure_data)
    assert processed_instance.get_latest_materialization_event(_REPORT) is None
