"""A fixture for what is damaged and what is killed: one data root, made once."""

import shutil
from pathlib import Path

import pytest

from regime_platform.settings import Settings
from regime_platform_tests.pipeline.rich_symbol import make_rich


@pytest.fixture(scope="session")
def _rich(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rich")
    make_rich(folder)
    return folder


@pytest.fixture
def rich(_rich: Path, tmp_path: Path) -> Settings:
    shutil.copytree(_rich, tmp_path, dirs_exist_ok=True)
    root = tmp_path / "data"
    return Settings(_env_file=None, REGIME_DATA_ROOT=root, REGIME_FILES_ROOT=tmp_path / "files")
