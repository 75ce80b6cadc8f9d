"""Imports stay light, and importing does nothing but define."""

import subprocess
import sys

import pytest


def _modules_after(statement: str) -> set[str]:
    script = f"import sys\n{statement}\nprint('\\n'.join(sys.modules))"
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(result.stdout.split())


@pytest.mark.parametrize("heavy", ["dagster", "polars", "numba", "altair", "duckdb"])
def test_the_package_and_its_command_import_nothing_heavy(heavy: str) -> None:
    assert heavy not in _modules_after("import regime_platform, regime_platform.cli.main")


def test_the_pipeline_does_not_know_dagster() -> None:
    assert "dagster" not in _modules_after("import regime_platform.pipeline.walk")
