"""The estimate of a migration lists its parts."""

import json
from pathlib import Path

from regime_platform_tests.cli.conftest import Regime


def test_a_dry_run_lists_the_parts_and_writes_nothing(
    regime: Regime, old: Path, tmp_path: Path
) -> None:
    ended = regime("migrate", "live", "--all", "--from", str(old), "--dry-run", "--json")

    report = json.loads(ended.out)
    assert (ended.code, report["files"], report["rows"]) == (0, 3, 1551 + 300 + 1000)
    assert {series["symbol"] for series in report["series"]} == {"AAPL", "MSFT", "EURUSD"}
    assert not (tmp_path / "data").exists()
