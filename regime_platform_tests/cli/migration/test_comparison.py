"""The comparison with legacy results: columns that differ with their reasons, and its exit code."""

import json
import sqlite3
from pathlib import Path

from regime_platform_tests.cli.conftest import Regime
from regime_platform_tests.legacy.stores import write_legacy_results


def test_a_difference_without_a_reason_fails_and_is_shown(
    on_sample: Regime, tmp_path: Path
) -> None:
    def change(connection: sqlite3.Connection) -> None:
        connection.execute(
            "UPDATE escalation_history_v3 SET esc_pctl_504 = 0.5 WHERE asof = '2012-06-01'"
        )

    place = tmp_path / "old" / "MSFT"
    place.mkdir(parents=True)
    write_legacy_results(place / "compute.db", change)
    arguments = ("migrate", "compare-compute", "MSFT", "--from", str(place.parent))

    ended, as_json = on_sample(*arguments), on_sample(*arguments, "--json")

    assert (ended.code, as_json.code) == (1, 1)
    assert "unexplained" in ended.out
    (symbol,) = json.loads(as_json.out)["symbols"]
    different = {c["column"]: c["different"] for c in symbol["columns"] if c["different"]}
    assert different["esc_pctl_504"] == {"unexplained": 1}
