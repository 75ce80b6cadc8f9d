"""`regime actions`: add, import, list and undo."""

import json
from fractions import Fraction
from pathlib import Path

import pytest

from regime_platform_tests.builders import make_bars
from regime_platform_tests.cli.conftest import Regime
from regime_platform_tests.scenario import serve, street
from regime_platform_tests.traded import as_traded

BARS = make_bars(60)
DAY = BARS["ts"].dt.date()[22]
NOW = ("--now", "2026-11-22T03:15Z")


@pytest.fixture(autouse=True)
def _served(tmp_path: Path, regime: Regime) -> None:
    """AAA and BBB; the file of AAA is not adjusted for a split."""
    settings = street(tmp_path, ["AAA", "BBB"])
    serve(settings, "AAA", "1day", as_traded(BARS, {DAY: Fraction(2)}))
    serve(settings, "BBB", "1day", BARS)
    assert regime("update", "--all", *NOW, settings=settings).code == 0


def test_an_action_is_added_applied_listed_and_withdrawn(regime: Regime) -> None:
    add = ("actions", "add", "aaa", "split", str(DAY), "2:1", "--reason", "announced", *NOW)

    made = regime(*add, "--by", "ann", "--source", "the exchange", "--json")
    assert (made.code, json.loads(made.out)["ratio"]) == (0, "2:1")
    assert regime(*add).code == 2
    assert regime("promote", "--all").code == 0
    regime("actions", "undo", "AAA", "1", "--reason", "a mistake", "--by", "bob", *NOW)

    rows = json.loads(regime("actions", "list", "AAA", "BBB", "--json").out)
    assert [(row["by"], row["in_force"], row["applied_to"]) for row in rows] == [
        ("ann", False, ["1day"]),
        ("bob", False, []),
    ]
    shown = regime("actions", "list").out
    assert f"undo 1: split 2:1 on {DAY}" in shown
    assert "announced (the exchange)" in " ".join(shown.split())
    assert regime("actions", "list", "BBB").err == "no actions\n"


def test_a_file_is_imported_after_a_dry_run(regime: Regime, tmp_path: Path) -> None:
    file = tmp_path / "splits.csv"
    file.write_text(f"symbol,date,ratio\nAAA,{DAY},2:1\n")
    command = ("actions", "import", str(file), "--reason", "the list", *NOW)

    tried = regime(*command, "--dry-run")
    done = json.loads(regime(*command, "--json").out)
    again = json.loads(regime(*command, "--json").out)

    assert "1 new split of 1; dry run: nothing is written" in tried.err
    assert [each["splits"][0]["status"] for each in (done, again)] == ["new", "known"]
    file.write_text(f"symbol,date,ratio\nAAA,{DAY},2:1\nBBB,{DAY},2:1\n")
    refused = regime(*command)
    assert refused.code == 2
    assert "error[import-refused]" in refused.err
