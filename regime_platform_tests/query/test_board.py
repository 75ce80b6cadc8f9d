"""The board agrees with the states."""

from regime_platform.compute.maturity import basis_of
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.board import series_board
from regime_platform.query.states import state


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
