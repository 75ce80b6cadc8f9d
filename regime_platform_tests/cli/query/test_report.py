"""`regime report` writes what the other commands show, says so, and writes nothing twice."""

import re
import shutil
from pathlib import Path

import pytest

from regime_platform.settings import Settings
from regime_platform_tests.cli.conftest import Regime, document_of
from regime_platform_tests.conftest import NOW

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _free_space_stays(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The report shows it, and other processes use the disk, too."""
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)


def test_the_report_agrees_with_status_and_is_written_once(
    regime: Regime, three: Settings, tmp_path: Path
) -> None:
    regime("run", "--all", "--now", NOW.isoformat(), settings=three)
    when, folder = ("--now", NOW.isoformat()), tmp_path / "elsewhere"

    first = regime("report", *when, settings=three)
    again = regime("report", *when, "--json", settings=three)
    elsewhere = regime("report", *when, "--output", str(folder), "--json", settings=three)
    both = regime("report", "--pages", "--output", str(folder), settings=three)

    target = three.root_folder / "report" / "index.html"
    page = target.read_text()
    assert "studies/index.html" not in page
    assert first.code == again.code == elsewhere.code == 0
    assert first.out == f"{target} (written)\n"
    assert document_of(again) == {
        "index": str(target),
        "is_index_written": False,
        "bytes": target.stat().st_size,
        "pages": {},
        "is_written": {},
        "problems": {},
    }
    assert (folder / "index.html").read_text() == page
    assert both.code == 2
    assert "leave out --pages or --output" in both.err

    rows = document_of(regime("status", *when, "--json", settings=three))["rows"]
    (blocked,) = (row for row in rows if row["what"] == "blocked")
    assert [item["symbol"] for item in blocked["items"]] == ["BAD"]
    assert re.search(r'class="alarm"><b>1</b><span>blocked', page)
    assert "<b>BAD</b>: 1day: high_low_order rejected 1 bar" in page
