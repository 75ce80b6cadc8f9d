"""A data root of its own universe."""

from pathlib import Path

import pytest

from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.scenario import serve, street


@pytest.fixture
def own(tmp_path: Path) -> Settings:
    """A data root with two symbols from files, one of which has bars and results."""
    settings = street(tmp_path, ["AAA", "BBB"])
    serve(settings, "AAA", "1day", make_bars(430))
    return settings
