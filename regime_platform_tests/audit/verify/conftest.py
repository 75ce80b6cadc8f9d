"""Two symbols with results, made once and copied for each test."""

import datetime as dt
import shutil
from pathlib import Path

import pytest

from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.audit.verify.stored_symbols import SYMBOLS
from regime_platform_tests.builders import make_bars
from regime_platform_tests.conftest import NOW
from regime_platform_tests.scenario import serve, street


@pytest.fixture(scope="session")
def _stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two symbols after two runs, so that their chains have more than one link."""
    folder = tmp_path_factory.mktemp("stored")
    settings = street(folder, SYMBOLS)
    for bars, now in ((425, NOW - dt.timedelta(days=1)), (430, NOW)):
        for seed, symbol in enumerate(SYMBOLS):
            serve(settings, symbol, "1day", make_bars(bars, seed=seed))
        workspace = RunWorkspace.open(settings)
        list(run_symbols(workspace, workspace.universe.instruments, now))
    return folder


@pytest.fixture
def stored(_stored: Path, tmp_path: Path) -> Settings:
    shutil.copytree(_stored, tmp_path, dirs_exist_ok=True)
    return street(tmp_path, SYMBOLS)
