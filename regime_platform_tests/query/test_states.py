"""States agree with the history."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from regime_platform.compute.maturity import basis_of
from regime_platform.errors import ResultsError
from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.series import history
from regime_platform.query.states import state
from regime_platform_tests.builders import make_bars
from regime_platform_tests.error_codes import raises
from regime_platform_tests.scenario import serve, street, with_value


def test_since_is_the_first_bar_of_the_unbroken_run(processed: RunWorkspace) -> None:
    now = state("AAPL", "1day", where=processed.root.path)["1day"]

    rows = history("AAPL", "1day", last=now.bars + 1, where=processed.root.path)

    labels = rows["regime_label"].to_list()
    assert labels[0] != now.regime
    assert labels[1:] == [now.regime] * now.bars
    assert rows["ts"][1] == now.since
    assert rows["ts"][-1] == now.as_of


@pytest.mark.parametrize("symbol", ["AAPL", "SYNTH", "EURUSD"])
def test_a_state_shows_what_its_rank_stands_on(processed: RunWorkspace, symbol: str) -> None:
    for timeframe, now in state(symbol, where=processed.root.path).items():
        rows = history(symbol, timeframe, where=processed.root.path)
        in_era = rows.filter(pl.col("ts") >= dt.datetime(2010, 1, 1, tzinfo=dt.UTC))
        expected = in_era["esc_raw"].is_not_null().sum() if symbol == "AAPL" else None

        assert (now.rank_basis is None) == (now.escalation_percentile is None)
        assert now.rank_basis == basis_of(rows.row(-1, named=True))
        assert expected is None or now.rank_basis is None or now.rank_basis.bars == expected


def test_mean_escalation_is_the_mean_of_the_timeframes(processed: RunWorkspace) -> None:
    states = state("AAPL", where=processed.root.path)

    known = [latest.escalation_percentile for latest in states.values()]
    assert [latest.consensus for latest in states.values()] == [sum(known) / 2] * 2  # type: ignore[arg-type]


def test_top_reasons_are_among_all_reasons(processed: RunWorkspace) -> None:
    for symbol in processed.universe.symbols:
        for latest in state(symbol, where=processed.root.path).values():
            assert set(latest.reasons_top) <= set(latest.reasons)
            assert len(latest.reasons) >= 10


def test_levels_lie_on_their_side_of_the_price(processed: RunWorkspace) -> None:
    now = state("IBM", "1day", where=processed.root.path)["1day"]

    assert now.supports
    assert all(level.price < now.metrics["price"] for level in now.supports)
    assert all(level.price > now.metrics["price"] for level in now.resistances)


def test_state_shows_that_the_gate_blocks_newer_bars(tmp_path: Path, now: dt.datetime) -> None:
    settings = street(tmp_path, ["AAA", "BBB"])
    serve(settings, "AAA", "1day", make_bars(420))
    serve(settings, "BBB", "1day", with_value(make_bars(420), 5, close=-1.0))
    workspace = RunWorkspace.open(settings)
    list(run_symbols(workspace, workspace.universe.instruments, now))
    before = state("AAA", where=settings)["1day"]
    serve(settings, "AAA", "1day", with_value(make_bars(425), 422, close=-1.0))
    list(run_symbols(workspace, workspace.universe.instruments, now))

    after = state("AAA", where=settings)["1day"]

    assert before.blocked == ""
    assert "non_positive" in after.blocked
    assert after.as_of == before.as_of
    with raises(ResultsError, "no-results", match="blocked by the gate"):
        state("BBB", where=settings)
    workspace.root.symbol("AAA").compute_db.unlink()
    with raises(ResultsError, "no-results", match="is gone; `regime run AAA` makes it again"):
        state("AAA", where=settings)
