"""A data root of three symbols, not run yet."""

from pathlib import Path

import pytest

from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.pipeline.three_symbols import SYMBOLS
from regime_platform_tests.scenario import serve, street


@pytest.fixture
def settings_of_three(tmp_path: Path) -> Settings:
    settings = street(tmp_path, SYMBOLS)
    for seed, symbol in enumerate(SYMBOLS):
        serve(settings, symbol, "1day", make_bars(420 + seed, seed=seed))
    return settings
