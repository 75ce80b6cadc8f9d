"""Two symbols with results and a backup of them, made once and copied for each test."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from regime_platform.bar_store.layout import DataRoot
from regime_platform.operations.backup.backup import backup
from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.conftest import NOW
from regime_platform_tests.operations.backup.backed_up import BARS, DATABASE, ROWS, SYMBOLS, run_all
from regime_platform_tests.scenario import serve, street


@pytest.fixture(scope="package")
def _once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("backed-up")
    settings = street(folder, SYMBOLS)
    for seed, symbol in enumerate(SYMBOLS):
        serve(settings, symbol, "1day", make_bars(BARS, seed=seed))
    run_all(settings)
    database = settings.data_root / DATABASE
    database.parent.mkdir(parents=True)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("CREATE TABLE runs (id INTEGER, text TEXT)")
        connection.executemany("INSERT INTO runs VALUES (?, ?)", ROWS)
    return folder


@pytest.fixture
def used(_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Two symbols with results, and something that looks like Dagster's state."""
    shutil.copytree(_once, tmp_path / "used")
    settings = street(tmp_path / "used", SYMBOLS)
    monkeypatch.setenv("REGIME_DATA_ROOT", str(settings.data_root))
    return settings


@pytest.fixture
def copy(used: Settings, tmp_path: Path) -> Path:
    """A backup of ``used``."""
    backup(DataRoot(used.data_root), tmp_path / "copy", NOW)
    return tmp_path / "copy"
