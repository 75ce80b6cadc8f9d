"""What the platform takes of the disk, and how long the rest will do."""

from pathlib import Path

import pytest

from regime_platform.files import write_text
from regime_platform.operations.disk_budget import DiskBudget, disk_budget
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform_tests.conftest import NOW
from regime_platform_tests.scenario import street


def test_the_bytes_are_those_of_the_files(processed: RunWorkspace) -> None:
    budget = disk_budget(processed, NOW)

    assets = processed.root.path / "assets"
    stored = sum(path.stat().st_size for path in assets.rglob("*") if path.is_file())
    assert (budget.symbols_bytes, budget.dagster_bytes) == (stored, 0)
    sql = processed.root.path / "sql"
    assert budget.sql_bytes == sum(path.stat().st_size for path in sql.glob("*"))
    assert budget.bars > 40_000
    assert budget.bars_a_year == 0  # no symbol of the samples is updated


def test_a_symbol_that_is_updated_adds_the_sessions_and_weeks_of_a_year(tmp_path: Path) -> None:
    workspace = RunWorkspace.open(street(tmp_path, ["AAA"], timeframes=("1day", "1week")))
    write_text(workspace.root.report / "static" / "page.js", "x" * 7)

    budget = disk_budget(workspace, NOW)
    assert budget.bars_a_year == pytest.approx(252 + 52, abs=4)
    assert budget.report_bytes == 7


def test_the_days_left_follow_from_the_bytes_of_a_bar() -> None:
    budget = DiskBudget(
        symbols_bytes=900,
        dagster_bytes=7,
        sql_bytes=100,
        report_bytes=20,
        free_bytes=5000,
        bars=100,
        bars_a_year=50,
    )

    assert (budget.bytes_a_year, budget.days_left) == (500, 3650)
    assert budget.used_bytes == 1027
    nothing = DiskBudget(
        symbols_bytes=0,
        dagster_bytes=0,
        sql_bytes=0,
        report_bytes=0,
        free_bytes=1,
        bars=0,
        bars_a_year=9,
    )
    assert nothing.days_left is None
