"""The rows of a symbol on the board say what its database says."""

import datetime as dt

from regime_platform.bar_store.raw.fetch_failures import NOT_OFFERED, record_fetch
from regime_platform.compute_db.board import read_board
from regime_platform.compute_db.reader import read_table
from regime_platform.pipeline.board_results import shown_symbol
from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings


def test_the_board_says_what_the_database_says(processed: RunWorkspace) -> None:
    row = read_board(processed.root).filter(symbol="AAPL", timeframe="1day")
    latest = read_table(processed.root.symbol("AAPL").compute_db, "latest_state", timeframe="1day")

    assert row["regime_label"].to_list() == latest["regime_label"].to_list()
    assert row["hazard_score"].to_list() == latest["hazard_score"].to_list()


def test_a_series_that_is_too_short_says_so(processed: RunWorkspace) -> None:
    row = read_board(processed.root).filter(symbol="FB", timeframe="1day").to_dicts()[0]

    assert row["status"] == "too_short"
    assert "196" in row["reason"]
    assert row["regime_label"] is None


def test_a_series_that_came_later_and_has_no_bars_says_so(
    settings_of_three: Settings, now: dt.datetime
) -> None:
    workspace = RunWorkspace.open(settings_of_three)
    daily = workspace.universe.instrument("AAA")
    list(run_symbols(workspace, [daily], now))
    wider = daily.model_copy(update={"own_timeframes": (*daily.timeframes, "15min")})
    record_fetch(workspace.root.symbol("AAA"), "15min", NOT_OFFERED, "no such file", now.date())

    shown = shown_symbol(workspace.root.symbol("AAA"), wider)

    assert shown is not None
    (row,) = [each for each in shown.rows if each["timeframe"] == "15min"]
    assert (row["status"], row["reason"]) == ("no_bars", "no bars: no such file")
