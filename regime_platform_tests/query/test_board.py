"""The board agrees with the states."""

import shutil
from pathlib import Path

import polars as pl

from regime_platform.bar_store.layout import DataRoot
from regime_platform.compute.maturity import basis_of
from regime_platform.compute_db.board import read_board, update_board
from regime_platform.errors import ResultsError
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.board import series_board
from regime_platform.query.states import state
from regime_platform_tests.error_codes import raises


def test_board_agrees_with_state(processed: RunWorkspace) -> None:
    rows = series_board(where=processed.root.path).filter(symbol="AAPL", timeframe="1week")

    now = state("AAPL", "1week", where=processed.root.path)["1week"]
    assert rows["regime_label"].to_list() == [now.regime]
    assert rows["regime_since"].to_list() == [now.since]


def test_board_agrees_with_state_on_what_ranks_stand_on(processed: RunWorkspace) -> None:
    rows = series_board(where=processed.root.path)

    for symbol in processed.universe.symbols:
        for timeframe, now in state(symbol, where=processed.root.path).items():
            (row,) = rows.filter(symbol=symbol, timeframe=timeframe).iter_rows(named=True)
            assert basis_of(row) == now.rank_basis
    assert rows.filter(symbol="AAPL")["is_rank_immature"].to_list() == [False, True]


def test_a_lost_board_or_universe_is_an_error_with_its_remedy_and_a_new_root_has_no_rows(
    processed: RunWorkspace, tmp_path: Path
) -> None:
    root = tmp_path / "data"
    assert series_board(where=root).is_empty()
    for symbol in processed.universe.symbols:
        (root / "assets" / symbol).mkdir(parents=True)
        (root / "assets" / symbol / "compute.db").touch()
    with raises(
        ResultsError, "board-missing", match="results of 7 symbols; `regime promote --all`"
    ):
        series_board(where=root)

    shutil.copy(processed.root.board, root)
    assert series_board(where=root).equals(series_board(where=processed.root.path))
    tracked = read_board(processed.root).head(1).with_columns(symbol=pl.lit("TRACKED"))
    update_board(DataRoot(root), ["TRACKED"], tracked)
    with raises(ResultsError, "universe-missing", match="TRACKED, are not in .* from a backup"):
        series_board(where=root)
