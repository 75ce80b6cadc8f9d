"""Coverage shows bars, range and gate status of every series."""

from pathlib import Path

from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.coverage import coverage


def test_coverage_has_bars_range_and_gate_of_every_series(processed: RunWorkspace) -> None:
    rows = coverage(["fb", "EURUSD"], where=processed.root.path)

    assert rows.height == 7
    fb = rows.row(5, named=True)
    assert (fb["symbol"], fb["timeframe"], fb["gate"], fb["bars"]) == ("FB", "1day", "passed", 196)
    assert f"{fb['first']:%Y-%m-%d}..{fb['last']:%Y-%m-%d}" == "2012-05-18..2013-03-01"
    assert rows.row(0, named=True)["gate"] == "no_bars"


def test_coverage_of_an_unvalidated_symbol_is_empty(tmp_path: Path) -> None:
    rows = coverage("FB", where=tmp_path)

    assert rows["gate"].to_list() == ["not_validated", "not_validated"]
    assert rows["bars"].sum() == 0
