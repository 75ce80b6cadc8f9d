"""Eight symbols of our own, and the instance that belongs to their data root."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from regime_platform.orchestration.instance.home import open_instance
from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.made_once import made_once
from regime_platform_tests.orchestration.graph import BARS, SYMBOLS, run_range
from regime_platform_tests.scenario import serve, street


@pytest.fixture
def eight(tmp_path: Path) -> Settings:
    """Eight daily symbols whose source has good bars; nothing is fetched yet."""
    return _eight(tmp_path)


@pytest.fixture
def instance(eight: Settings) -> Iterator[dg.DagsterInstance]:
    """The persistent instance of the data root of ``eight``."""
    with open_instance(eight) as opened:
        yield opened


@pytest.fixture(scope="session")
def _processed_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(tmp_path_factory, "processed-eight", _process_eight)


@pytest.fixture
def processed_eight(_processed_once: Path, tmp_path: Path) -> Settings:
    """The eight after one ranged run of all four assets, Dagster's state included."""
    shutil.copytree(_processed_once, tmp_path, dirs_exist_ok=True)
    return street(tmp_path, SYMBOLS)


@pytest.fixture
def processed_instance(processed_eight: Settings) -> Iterator[dg.DagsterInstance]:
    """The persistent instance of the data root of ``processed_eight``."""
    with open_instance(processed_eight) as opened:
        yield opened


def _process_eight(folder: Path) -> None:
    settings = _eight(folder)
    with open_instance(settings) as opened:
        assert run_range(settings, opened, SYMBOLS).success


def _eight(folder: Path) -> Settings:
    settings = street(folder, SYMBOLS)
    for seed, symbol in enumerate(SYMBOLS):
        serve(settings, symbol, "1day", make_bars(BARS, seed=seed))
    return settings
