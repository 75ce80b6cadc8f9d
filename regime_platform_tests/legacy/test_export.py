"""Exports of results of version 1 name that version."""

import sqlite3
from contextlib import closing
from pathlib import Path

import polars as pl

from regime_platform.operations.export import ExportFormat, export
from regime_platform.pipeline.outcomes import Status
from regime_platform_tests.conftest import NOW
from regime_platform_tests.legacy.older import Changed
from regime_platform_tests.legacy.stores import GOLDEN


def test_exports_of_version_1_say_so(changed: Changed, tmp_path: Path) -> None:
    workspace = changed()
    wanted = workspace.universe.instruments

    outcomes = [export(workspace, wanted, form, tmp_path / form, NOW)[0] for form in ExportFormat]

    assert {outcome.status for outcome in outcomes} == {Status.DONE}
    assert all("is of version 1" in outcome.reason for outcome in outcomes)
    with closing(sqlite3.connect(tmp_path / "sqlite")) as connection:
        query = "SELECT state_json FROM state_history ORDER BY asof DESC LIMIT 1"
        stored = connection.execute(query).fetchone()[0]
    assert stored == (GOLDEN / "msft_1day.sample_state.json").read_text()
    metadata = pl.read_parquet_metadata(tmp_path / "parquet/MSFT/state_history.parquet")
    assert metadata["read_from_version"] == "1"
    assert "recipe_digest" not in metadata
