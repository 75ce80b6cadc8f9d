"""The check is_fresh: series without the bars that are due are a warning with their names."""

import dagster as dg

from regime_platform.orchestration.freshness import freshness
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.conftest import NOW
from regime_platform_tests.orchestration.graph import SYMBOLS


def test_late_series_are_counted_and_listed(processed_eight: Settings) -> None:
    evaluation = freshness(RunWorkspace.open(processed_eight), NOW)

    assert not evaluation.passed
    assert evaluation.severity is dg.AssetCheckSeverity.WARN
    assert evaluation.description == "8 series of 8 symbols lack bars"
    stale = evaluation.metadata["stale"]
    assert isinstance(stale, dg.TableMetadataValue)
    assert [record.data["symbol"] for record in stale.records] == list(SYMBOLS)


def test_a_board_that_cannot_be_read_fails_the_check(processed_eight: Settings) -> None:
    workspace = RunWorkspace.open(processed_eight)
    workspace.root.board.write_bytes(b"nonsense")

    evaluation = freshness(workspace, NOW)

    assert not evaluation.passed
    assert "board.parquet" in (evaluation.description or "")
