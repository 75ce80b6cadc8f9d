"""A data root with a good and a blocked symbol."""

from pathlib import Path

import pytest

from regime_platform.bar_store.layout import DataRoot
from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.scenario import serve, street, with_value


@pytest.fixture
def operated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A good symbol and a blocked one; both end years ago."""
    settings = street(tmp_path, ["ELM", "OAK"])
    bars = make_bars(300)
    serve(settings, "ELM", "1day", bars)
    serve(settings, "OAK", "1day", with_value(bars, 200, high=1.0))
    monkeypatch.setenv("REGIME_DATA_ROOT", str(settings.data_root))
    monkeypatch.setenv("REGIME_FILES_ROOT", str(settings.files_root))
    return settings


@pytest.fixture
def root(tmp_path: Path) -> DataRoot:
    """The data root that the doctor looks at; nothing in it."""
    (tmp_path / "data").mkdir()
    return DataRoot(tmp_path / "data")
