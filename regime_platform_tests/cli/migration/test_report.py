"""The estimate of a migration, and its report as a table, JSON and a page."""

import json
from pathlib import Path

from regime_platform.cli.console.screen import plural
from regime_platform_tests.builders import make_bars
from regime_platform_tests.cli.conftest import Regime
from regime_platform_tests.legacy.stores import (
    legacy_rows,
    write_legacy_db,
)


def test_json_and_page_show_totals_and_the_row_that_blocks(regime: Regime, tmp_path: Path) -> None:
    bars = make_bars(300)
    rows = legacy_rows("MSFT", "1day", bars)
    rows[7] = (*rows[7][:3], -1.0, *rows[7][4:])
    place = write_legacy_db(tmp_path / "old" / "live.db", rows).parent

    ended = regime("migrate", "live", "MSFT", "--from", str(place), "--html", "m.html", "--json")

    report = json.loads(ended.out)
    assert ended.code == report["exit_code"] == 1
    assert report["total"]["rejected"] == {"non_positive_price": 1}
    assert (report["total"]["waiting"], report["total"]["adds_up"]) == (299, True)
    assert "non_positive_price 1" in Path("m.html").read_text()
    assert plural(300, "row") in regime("migrate", "live", "MSFT", "--from", str(place)).out


def test_a_dry_run_lists_the_parts_and_writes_nothing(
    regime: Regime, old: Path, tmp_path: Path
) -> None:
    ended = regime("migrate", "live", "--all", "--from", str(old), "--dry-run", "--json")

    report = json.loads(ended.out)
    assert (ended.code, report["files"], report["rows"]) == (0, 3, 1551 + 300 + 1000)
    assert {series["symbol"] for series in report["series"]} == {"AAPL", "MSFT", "EURUSD"}
    assert not (tmp_path / "data").exists()
