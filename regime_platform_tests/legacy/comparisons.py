"""Comparisons of MSFT with legacy results, and the reasons of what differs."""

from pathlib import Path

from regime_platform.legacy.comparison import CompareOutcome, compare_compute
from regime_platform.pipeline.run_workspace import RunWorkspace


def compared(workspace: RunWorkspace, path: Path) -> CompareOutcome:
    return compare_compute(workspace, workspace.universe.instrument("MSFT"), path)


def reasons(outcome: CompareOutcome) -> dict[str, dict[str, int]]:
    return {column.column: dict(column.different) for column in outcome.columns if column.different}
