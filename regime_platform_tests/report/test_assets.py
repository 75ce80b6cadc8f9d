"""Assets are written once beside the pages, or are whole in a page, and end no element."""

import re
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from regime_platform.report import assets
from regime_platform_tests.scenario import fingerprint

NAMES = ("chart.css", assets.CHART_LIBRARY, "chart.js")


def test_shared_assets_are_written_once_and_are_what_the_elements_load(tmp_path: Path) -> None:
    elements = assets.shared(tmp_path, *NAMES)
    before = fingerprint(tmp_path)
    again = assets.shared(tmp_path, *NAMES)

    loaded = re.findall(r'(?:src|href)="([^"]+)"', elements)
    assert [re.sub(r"-[0-9a-f]{12}\.", ".", name) for name in loaded] == [
        f"static/{name}" for name in NAMES
    ]
    assert [(tmp_path / name).read_text() for name in loaded] == list(map(assets.text, NAMES))
    assert (again, fingerprint(tmp_path)) == (elements, before)
    assert assets.digest(*NAMES) != assets.digest(*NAMES[:2])


def test_inlined_assets_are_whole_and_load_nothing() -> None:
    elements = assets.inlined(*NAMES)

    assert not re.search(r"<(script|link)[^>]+(src|href)=", elements)
    assert (elements.count("<script>"), elements.count("</script>")) == (2, 2)
    assert "Lightweight Charts™ v5" in elements  # the notice of the library


def test_without_the_library_its_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(assets, "distribution", missing)

    with pytest.raises(PackageNotFoundError, match="litecharts"):
        assets.text(assets.CHART_LIBRARY)
