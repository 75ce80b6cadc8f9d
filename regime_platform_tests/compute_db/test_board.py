"""The board: a cache that says what the databases say, and is written only when that changes."""

import polars as pl
import pytest

from regime_platform.bar_store.layout import DataRoot
from regime_platform.compute_db.board import BOARD_SCHEMA, read_board, update_board
from regime_platform.compute_db.reader import read_table
from regime_platform.errors import ResultsError
from regime_platform.pipeline.board import rebuild_board
from regime_platform.pipeline.platform import RunWorkspace


def test_every_symbol_and_timeframe_has_one_row(walked: RunWorkspace) -> None:
    board = read_board(walked.root)

    assert board.schema == BOARD_SCHEMA
    followed = [
        (instrument.symbol, tf)
        for instrument in walked.universe.instruments
        for tf in instrument.timeframes
    ]
    assert sorted(board.select("symbol", pl.col("timeframe").cast(pl.String)).rows()) == sorted(
        followed
    )


def test_the_board_says_what_the_database_says(walked: RunWorkspace) -> None:
    row = read_board(walked.root).filter(symbol="AAPL", timeframe="1day")
    latest = read_table(walked.root.symbol("AAPL").compute_db, "latest_state", timeframe="1day")

    assert row["regime_label"].to_list() == latest["regime_label"].to_list()
    assert row["hazard_score"].to_list() == latest["hazard_score"].to_list()


def test_a_series_that_is_too_short_says_so(walked: RunWorkspace) -> None:
    row = read_board(walked.root).filter(symbol="FB", timeframe="1day").to_dicts()[0]

    assert row["status"] == "too_short"
    assert "196" in row["reason"]
    assert row["regime_label"] is None


def test_rebuilding_an_unchanged_board_writes_nothing(walked: RunWorkspace) -> None:
    before = walked.root.board.stat().st_mtime_ns

    assert not rebuild_board(walked, walked.universe.instruments)
    assert walked.root.board.stat().st_mtime_ns == before


def test_updating_one_symbol_leaves_the_others(walked: RunWorkspace, tmp_path) -> None:  # type: ignore[no-untyped-def]
    board = read_board(walked.root)
    root = DataRoot(tmp_path)
    update_board(root, ["AAPL", "IBM"], board.filter(pl.col("symbol").is_in(["AAPL", "IBM"])))

    update_board(root, ["IBM"], BOARD_SCHEMA.to_frame())

    assert set(read_board(root)["symbol"]) == {"AAPL"}


def test_a_damaged_board_is_refused_by_readers_and_made_anew_by_the_next_run(
    tmp_path, walked: RunWorkspace
) -> None:  # type: ignore[no-untyped-def]
    root = DataRoot(tmp_path)
    root.board.write_bytes(b"nonsense")

    with pytest.raises(ResultsError, match=r"board\.parquet"):
        read_board(root)

    assert update_board(root, ["IBM"], read_board(walked.root).filter(symbol="IBM"))
    assert set(read_board(root)["symbol"]) == {"IBM"}
