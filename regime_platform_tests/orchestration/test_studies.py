"""The job `study_weekly` writes the pages of all studies and reports what they conclude."""

import sys

import dagster as dg
import pytest

from regime_platform.orchestration.build import build_definitions
from regime_platform.orchestration.jobs import STUDY_WEEKLY
from regime_platform.settings import Settings
from regime_platform.studies.catalog import STUDIES
from regime_platform_tests.orchestration.graph import QUIET
from regime_platform_tests.report.study.reports import make_up

pytestmark = pytest.mark.slow
_STUDIES = dg.AssetKey("studies")


def _run(settings: Settings, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    job = build_definitions(settings).resolve_job_def(STUDY_WEEKLY)
    return job.execute_in_process(
        instance=instance, run_config={"loggers": QUIET}, raise_on_error=False
    )


def test_a_run_writes_a_page_per_study_and_an_index_of_them(
    processed_eight: Settings,
    processed_instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_up(monkeypatch)
    folder = processed_eight.root_folder / "report" / "studies"
    folder.mkdir(parents=True)
    (folder / "a-study-of-before.html").write_text("old")

    result = _run(processed_eight, processed_instance)

    assert result.success
    (event,) = result.get_asset_materialization_events()
    metadata = event.materialization.metadata
    assert metadata["open"] == dg.MetadataValue.url("/report/studies/index.html")
    assert {path.name for path in folder.iterdir()} == {
        "index.html",
        *(f"{name}.html" for name in STUDIES),
    }
    rows = metadata["forward-returns"].value
    assert isinstance(rows, dg.TableMetadataValue)
    (row,) = rows.records
    assert "Too few to say" in str(row.data["conclusion"])
    assert row.data["independent windows"] == 8
    index = (folder / "index.html").read_text()
    assert index.count('<h2><a href="') == len(STUDIES)
    assert '<a href="forward-returns.html">' in index


def test_without_the_extra_the_run_fails_with_the_remedy_and_leaves_the_pages(
    processed_eight: Settings,
    processed_instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in {"arch", *(each for each in sys.modules if each.startswith("arch."))}:
        monkeypatch.setitem(sys.modules, name, None)
    for name in [*sys.modules]:  # what was imported by now
        if name.startswith("regime_platform.studies.") and name.count(".") > 2:
            monkeypatch.delitem(sys.modules, name)

    result = _run(processed_eight, processed_instance)

    assert not result.success
    failure = result.failure_data_for_node("studies")
    assert failure is not None
    assert "make studies" in str(failure.user_failure_data)
    assert processed_instance.get_latest_materialization_event(_STUDIES) is None
    assert not (processed_eight.root_folder / "report").exists()
