"""Imports stay light, and importing a pure package has no side effects."""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest


@cache
def _modules_after(statement: str) -> frozenset[str]:
    script = f"import sys\n{statement}\nprint('\\n'.join(sys.modules))"
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return frozenset(result.stdout.split())


@pytest.mark.parametrize("heavy", ["dagster", "polars", "numba", "resvg_py", "duckdb", "pydantic"])
def test_the_package_and_its_command_import_nothing_heavy(heavy: str) -> None:
    assert heavy not in _modules_after("import regime_platform, regime_platform.cli.main")


def test_the_list_of_overrides_imports_neither_pyarrow_nor_kernels() -> None:
    imported = _modules_after("import regime_platform.cli.operations.override_list")

    assert imported.isdisjoint({"duckdb", "numba", "pyarrow"})


@pytest.mark.slow
@pytest.mark.parametrize(
    "module",
    ["cli.query.state", "cli.query.history", "cli.query.board", "cli.query.sql", "definitions"],
)
def test_reading_what_is_stored_imports_no_kernels(module: str) -> None:
    imported = _modules_after(f"import regime_platform.{module}")

    assert imported.isdisjoint({"numba", "pandas", "exchange_calendars", "scipy", "arch"})


@pytest.mark.slow
def test_answers_about_the_present_import_neither_pipeline_nor_audit() -> None:
    imported = _modules_after("import regime_platform.api.store")

    assert imported.isdisjoint(
        {f"regime_platform.{name}" for name in ("audit", "pipeline.run", "sources.registry")}
    )


@pytest.mark.slow
def test_the_pipeline_imports_neither_dagster_nor_the_libraries_of_sources() -> None:
    imported = _modules_after("import regime_platform.pipeline.run")

    assert imported.isdisjoint({"dagster", "httpx", "pyarrow.compute", "pyarrow.csv", "ccxt"})


_PURE = """
import importlib.util, os, pkgutil, sys
acts = []
def seen(event, arguments):
    if event == "open" and (arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR):
        acts.append(("written", str(arguments[0])))
    elif event in ("os.mkdir", "os.rename", "os.remove", "os.system") or event.startswith(
        ("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn")
    ):
        acts.append((event, str(arguments)))
modules = []
for package in ("model", "revisions", "validation", "compute", "manifests"):
    root = importlib.util.find_spec("regime_platform").submodule_search_locations[0]
    names = pkgutil.walk_packages([f"{root}/{package}"], f"regime_platform.{package}.")
    modules.append(f"regime_platform.{package}")
    modules += [module.name for module in names]
sys.addaudithook(seen)
for module in modules:
    importlib.import_module(module)
print(len(modules), acts)
"""


@pytest.mark.slow
def test_importing_a_pure_package_writes_nothing_and_starts_nothing(tmp_path: Path) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "kernels")}

    answer = subprocess.run(
        [sys.executable, "-B", "-c", _PURE],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    count, _, acts = answer.partition(" ")
    assert int(count) > 60
    assert acts == "[]\n"
    assert not list(tmp_path.iterdir())
