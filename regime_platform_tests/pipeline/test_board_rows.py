"""The rows of a symbol on the board say what its database says."""

from regime_platform.compute_db.board import read_board
from regime_platform.compute_db.reader import read_table
from regime_platform.pipeline.run_workspace import RunWorkspace


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
