"""The board: a cache that says what the databases say, and is written only when that changes."""

from pathlib import Path

import polars as pl
import pytest

from regime_platform.bar_store.layout import DataRoot
from regime_platform.bar_store.parquet import encode_sealed
from regime_platform.compute_db.board import BOARD_SCHEMA, read_board, update_board
from regime_platform.errors import ResultsError
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform_tests.error_codes import raises


def test_every_symbol_and_timeframe_has_one_row(processed: RunWorkspace) -> None:
    board = read_board(processed.root)

    assert board.schema == BOARD_SCHEMA
    followed = [
        (instrument.symbol, tf)
        for instrument in processed.universe.instruments
        for tf in instrument.timeframes
    ]
    assert sorted(board.select("symbol", pl.col("timeframe").cast(pl.String)).rows()) == sorted(
        followed
    )


def test_updating_one_symbol_leaves_the_others(processed: RunWorkspace, tmp_path) -> None:  # type: ignore[no-untyped-def]
    board = read_board(processed.root)
    root = DataRoot(tmp_path)
    update_board(root, ["AAPL", "IBM"], board.filter(pl.col("symbol").is_in(["AAPL", "IBM"])))

    update_board(root, ["IBM"], BOARD_SCHEMA.to_frame())

    assert set(read_board(root)["symbol"]) == {"AAPL"}


def test_a_damaged_board_is_refused_by_readers_and_rebuilt_by_the_next_run(
    tmp_path: Path, processed: RunWorkspace
) -> None:
    root = DataRoot(tmp_path)
    root.board.write_bytes(b"nonsense")

    with raises(ResultsError, "board-damaged", match=r"board\.parquet"):
        read_board(root)

    assert update_board(root, ["IBM"], read_board(processed.root).filter(symbol="IBM"))
    assert set(read_board(root)["symbol"]) == {"IBM"}


@pytest.mark.slow
def test_the_rows_of_an_earlier_release_lack_what_ranks_stand_on_and_are_made_again(
    tmp_path: Path, processed: RunWorkspace
) -> None:
    root = DataRoot(tmp_path)
    earlier = read_board(processed.root).drop("rank_bars", "rank_missing", "rank_eras")
    words = pl.col("timeframe").cast(pl.String)
    root.board.write_bytes(encode_sealed(earlier.with_columns(words)))

    board = read_board(root)

    assert board.schema == BOARD_SCHEMA
    assert board["rank_bars"].is_null().all()
    assert board["made_from"].is_null().all()
