"""A good symbol and one that got a bad bar, both processed."""

from pathlib import Path

import pytest

from regime_platform.settings import Settings
from regime_platform_tests.cli.conftest import Regime
from regime_platform_tests.cli.three_symbols import BAD, GOOD
from regime_platform_tests.scenario import serve, street

NOW = "2026-11-22T03:15Z"


@pytest.fixture
def validated(tmp_path: Path, regime: Regime) -> Settings:
    """AAA is good; BAD was promoted once and then got a bad bar; both were processed."""
    settings = street(tmp_path, ["AAA", "BAD"])
    serve(settings, "AAA", "1day", GOOD)
    serve(settings, "BAD", "1day", BAD.head(290))
    assert regime("run", "--all", "--now", "2026-11-20", settings=settings).code == 0
    serve(settings, "BAD", "1day", BAD)
    assert regime("run", "--all", "--now", NOW, settings=settings).code == 3
    return settings
