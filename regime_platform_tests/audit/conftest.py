"""Data roots made once, for what is damaged, killed and repaired."""

import shutil
from pathlib import Path

import pytest

from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.audit.rich_symbol import make_rich
from regime_platform_tests.builders import make_bars
from regime_platform_tests.conftest import NOW
from regime_platform_tests.made_once import made_once
from regime_platform_tests.scenario import serve, street


@pytest.fixture(scope="session")
def _rich(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(tmp_path_factory, "rich", make_rich)


@pytest.fixture
def rich(_rich: Path, tmp_path: Path) -> Settings:
    shutil.copytree(_rich, tmp_path, dirs_exist_ok=True)
    root = tmp_path / "data"
    return Settings(_env_file=None, REGIME_DATA_ROOT=root, REGIME_FILES_ROOT=tmp_path / "files")


@pytest.fixture(scope="session")
def _processed_one(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repairing")
    settings = street(folder, ["AAA"])
    serve(settings, "AAA", "1day", make_bars(430))
    workspace = RunWorkspace.open(settings)
    list(run_symbols(workspace, workspace.universe.instruments, NOW))
    return folder


@pytest.fixture
def workspace(_processed_one: Path, tmp_path: Path) -> RunWorkspace:
    shutil.copytree(_processed_one, tmp_path, dirs_exist_ok=True)
    return RunWorkspace.open(street(tmp_path, ["AAA"]))
