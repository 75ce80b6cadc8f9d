"""Symbols whose rows on the board differ from their files are named; other times are no change."""

import os
import shutil
from pathlib import Path

from regime_platform.bar_store.layout import DataRoot
from regime_platform.compute_db.board import read_board
from regime_platform.pipeline.board import differing
from regime_platform.pipeline.run_workspace import RunWorkspace


def test_only_symbols_with_other_content_differ(processed: RunWorkspace, tmp_path: Path) -> None:
    shutil.copytree(processed.root.path, tmp_path / "data")
    root = DataRoot(tmp_path / "data")
    board, instruments = read_board(root), processed.universe.instruments
    os.utime(root.symbol("AAPL").compute_db)
    root.symbol("IBM").compute_db.unlink()

    assert differing(root, instruments, board) == ["IBM"]


def test_a_symbol_that_is_not_on_the_board_differs(processed: RunWorkspace) -> None:
    board = read_board(processed.root)

    shown = board.filter(board["symbol"] != "MSFT")

    assert differing(processed.root, processed.universe.instruments, shown) == ["MSFT"]
