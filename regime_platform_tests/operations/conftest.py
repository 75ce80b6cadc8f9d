"""A market with eras, processed once and copied for each test."""

import datetime as dt
import shutil
from pathlib import Path

import pytest

from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars, make_broken_bars
from regime_platform_tests.operations.era_market import SYMBOLS, run_market
from regime_platform_tests.scenario import serve, street


@pytest.fixture(scope="package")
def market_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("market")
    settings = street(folder, SYMBOLS)
    serve(settings, "SPY", "1day", make_broken_bars())
    for seed, symbol in enumerate(("AAA", "BTCUSD", "HYG")):
        serve(settings, symbol, "1day", make_bars(430, seed=seed))
    run_market(settings, dt.datetime(2026, 11, 20, 22, 30, tzinfo=dt.UTC))
    return folder


@pytest.fixture
def market(market_folder: Path, tmp_path: Path) -> Settings:
    """Four processed symbols; only SPY has bars enough to find eras in."""
    shutil.copytree(market_folder, tmp_path, dirs_exist_ok=True)
    return street(tmp_path, SYMBOLS)
