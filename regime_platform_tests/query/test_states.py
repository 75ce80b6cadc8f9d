"""State, board and coverage agree with the history they sum up."""

import datetime as dt
from pathlib import Path

import pytest

from regime_platform.errors import ResultsError
from regime_platform.pipeline.platform import RunWorkspace
from regime_platform.pipeline.run import run_symbols
from regime_platform.query.board import board
from regime_platform.query.coverage import coverage
from regime_platform.query.series import history
from regime_platform.query.states import state
from regime_platform_tests.builders import make_bars
from regime_platform_tests.scenario import serve, street, with_value


def test_since_when_is_the_first_bar_of_the_unbroken_run(walked: RunWorkspace) -> None:
    now = state("AAPL", "1day", where=walked.root.path)["1day"]

    rows = history("AAPL", "1day", last=now.bars + 1, where=walked.root.path)

    labels = rows["regime_label"].to_list()
    assert labels[0] != now.regime
    assert labels[1:] == [now.regime] * now.bars
    assert rows["ts"][1] == now.since
    assert rows["ts"][-1] == now.as_of


def test_consensus_is_the_mean_of_the_timeframes(walked: RunWorkspace) -> None:
    states = state("AAPL", where=walked.root.path)

    known = [one.escalation_percentile for one in states.values()]
    assert [one.consensus for one in states.values()] == [sum(known) / 2] * 2  # type: ignore[arg-type]


def test_why_the_top_reasons_are_among_all_reasons(walked: RunWorkspace) -> None:
    for symbol in walked.universe.symbols:
        for one in state(symbol, where=walked.root.path).values():
            assert set(one.reasons_top) <= set(one.reasons)
            assert len(one.reasons) >= 10


def test_levels_lie_on_their_side_of_the_price(walked: RunWorkspace) -> None:
    now = state("IBM", "1day", where=walked.root.path)["1day"]

    assert now.supports
    assert all(level.price < now.metrics["price"] for level in now.supports)
    assert all(level.price > now.metrics["price"] for level in now.resistances)


def test_the_board_says_what_state_says(walked: RunWorkspace) -> None:
    rows = board(where=walked.root.path).filter(symbol="AAPL", timeframe="1week")

    now = state("AAPL", "1week", where=walked.root.path)["1week"]
    assert rows["regime_label"].to_list() == [now.regime]
    assert rows["regime_since"].to_list() == [now.since]


def test_coverage_has_bars_range_and_gate_of_every_series(walked: RunWorkspace) -> None:
    rows = coverage(["fb", "EURUSD"], where=walked.root.path)

    assert rows.height == 7
    fb = rows.row(5, named=True)
    assert (fb["symbol"], fb["timeframe"], fb["gate"], fb["bars"]) == ("FB", "1day", "passed", 196)
    assert f"{fb['first']:%Y-%m-%d}..{fb['last']:%Y-%m-%d}" == "2012-05-18..2013-03-01"
    assert rows.row(0, named=True)["gate"] == "no_bars"


def test_coverage_of_what_was_never_judged_is_empty_and_says_so(tmp_path: Path) -> None:
    rows = coverage("FB", where=tmp_path)

    assert rows["gate"].to_list() == ["not_judged", "not_judged"]
    assert rows["bars"].sum() == 0


def test_a_state_says_that_the_gate_holds_newer_bars_back(tmp_path: Path, now: dt.datetime) -> None:
    settings = street(tmp_path, ["AAA", "BBB"])
    serve(settings, "AAA", "1day", make_bars(420))
    serve(settings, "BBB", "1day", with_value(make_bars(420), 5, close=-1.0))
    workspace = RunWorkspace.open(settings)
    list(run_symbols(workspace, workspace.universe.instruments, now))
    before = state("AAA", where=settings)["1day"]
    serve(settings, "AAA", "1day", with_value(make_bars(425), 422, close=-1.0))
    list(run_symbols(workspace, workspace.universe.instruments, now))

    after = state("AAA", where=settings)["1day"]

    assert before.held_back == ""
    assert "non_positive" in after.held_back
    assert after.as_of == before.as_of
    with pytest.raises(ResultsError, match="blocked by the gate"):
        state("BBB", where=settings)
