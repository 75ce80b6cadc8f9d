"""The metadata of a stage tell what it stored; a stage that stored nothing has no version."""

import dagster as dg

from regime_platform.manifests.compute_manifest import SeriesLineage
from regime_platform.orchestration.events.metadata import ROWS_INSERTED, stage_metadata
from regime_platform.pipeline.outcomes import (
    ComputeOutcome,
    IngestOutcome,
    SeriesIngest,
    Stage,
    Status,
    SymbolOutcome,
)
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings


def test_a_fetch_counts_new_and_revised_bars(processed: RunWorkspace) -> None:
    series = (SeriesIngest("1day", new=3, revised=1, requests=2), SeriesIngest("1week", new=1))
    ingest = IngestOutcome("MSFT", Status.DONE, series)
    outcome = SymbolOutcome("MSFT", Status.DONE, Stage.RAW_BARS, ingest=ingest)

    metadata, version = stage_metadata(processed, Stage.RAW_BARS, outcome)

    assert (metadata[ROWS_INSERTED], metadata["rows_revised"], metadata["requests"]) == (5, 1, 2)
    assert version
    assert stage_metadata(processed, Stage.VALIDATED_BARS, outcome) == ({}, None)


def test_results_have_a_version_that_follows_their_tables(processed: RunWorkspace) -> None:
    series = SeriesLineage(
        timeframe="1day",
        status="complete",
        reason="",
        bars=400,
        bars_digest="abc",
        min_ts=None,
        max_ts=None,
        escalation_rows=0,
        state_rows=380,
    )
    versions = set()
    for digest in ("first", "second"):
        compute = ComputeOutcome("MSFT", Status.DONE, (series,), tables={"state_history": digest})
        outcome = SymbolOutcome("MSFT", Status.DONE, Stage.COMPUTE_DB, compute=compute)
        metadata, version = stage_metadata(processed, Stage.COMPUTE_DB, outcome)
        versions.add(version)

        assert metadata["dagster/row_count"] == 380
        assert isinstance(metadata["regimes"], dg.TableMetadataValue)

    assert len(versions) == 2


def test_results_lead_to_the_page_of_the_symbol_where_there_is_one(
    processed_eight: Settings,
) -> None:
    workspace = RunWorkspace.open(processed_eight)
    compute = ComputeOutcome("ELM", Status.DONE, (), tables={})
    outcome = SymbolOutcome("ELM", Status.DONE, Stage.COMPUTE_DB, compute=compute)
    without, _ = stage_metadata(workspace, Stage.COMPUTE_DB, outcome)
    page = workspace.root.path / "report" / "ELM.html"
    page.parent.mkdir()
    page.write_text("<html>")

    metadata, _ = stage_metadata(workspace, Stage.COMPUTE_DB, outcome)

    assert "page" not in without
    assert metadata["page"] == dg.MetadataValue.url("/report/ELM.html")
