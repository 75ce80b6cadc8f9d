"""The latest state of every symbol on one board, kept in step with the results.

A run may have been killed between the two, so every run makes those rows again, of any symbol,
whose files have another size or time.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import polars as pl

from regime_platform.bar_store.layout import DataRoot, SymbolPaths
from regime_platform.compute_db.board import ADDED, readable_board, update_board
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.board_reasons import reason_of_outcome, standing_reason
from regime_platform.pipeline.board_results import (
    NOT_MADE,
    board_frame,
    files_of,
    shown_symbol,
    with_reason,
)
from regime_platform.pipeline.outcomes import ShownSymbol, Status, SymbolOutcome
from regime_platform.workspace import Workspace


def refresh_board(workspace: Workspace, outcomes: Sequence[SymbolOutcome]) -> bool:
    """Updates the rows of what a run changed and all whose files changed; False if none had to."""
    known = shown_rows(readable_board(workspace.root))
    reasons = {}
    for outcome in outcomes:
        if outcome.status is not Status.NOT_REACHED:
            instrument, paths = workspace.find(outcome.symbol)
            shown = known.get(outcome.symbol)
            before = None if shown is None else shown.held_back
            reasons[outcome.symbol] = reason_of_outcome(paths, instrument, outcome, before)
    computed = {
        outcome.symbol: outcome.compute.shown
        for outcome in outcomes
        if outcome.compute is not None and outcome.compute.status is Status.DONE
    }
    wanted: dict[str, str | None] = {}
    for instrument in workspace.universe.instruments:
        symbol, shown = instrument.symbol, known.get(instrument.symbol)
        is_same = symbol not in reasons or (
            shown is not None and shown.held_back == reasons[symbol] and symbol not in computed
        )
        if is_same and not is_outdated(workspace.root, instrument, shown):
            continue
        if symbol in reasons:
            wanted[symbol] = reasons[symbol]
        elif shown is not None and shown.made_from is None:  # a board of an earlier release
            wanted[symbol] = shown.held_back
        else:
            wanted[symbol] = standing_reason(workspace.root.symbol(symbol), instrument)
    made = {symbol: shown for symbol, shown in computed.items() if shown is not None}
    return _replace(workspace, wanted, made) if wanted else False


def try_refresh_board(workspace: Workspace, outcomes: Sequence[SymbolOutcome]) -> str:
    """The same, returning why it failed, with the remedy: a run's report must not depend on it."""
    try:
        refresh_board(workspace, outcomes)
    except Exception as error:  # noqa: BLE001 - a cache must not hide how the symbols fared
        return (
            f"the board was not refreshed ({type(error).__name__}: {error}); check the disk, "
            "then any run, for example `regime promote --all`, makes it again"
        )
    return ""


def rebuild_board(workspace: Workspace, instruments: Sequence[Instrument]) -> bool:
    """Makes the rows of ``instruments`` from their compute.db files and verdicts."""
    root = workspace.root
    reasons = {each.symbol: standing_reason(root.symbol(each.symbol), each) for each in instruments}
    return _replace(workspace, reasons)


def _replace(
    workspace: Workspace,
    held_back: Mapping[str, str | None],
    made: Mapping[str, ShownSymbol] = MappingProxyType({}),
) -> bool:
    """Replaces the rows of symbols; those ``made`` by the run stand while files are the same."""
    rows: list[Mapping[str, Any]] = []
    symbols = []
    for instrument in workspace.universe.select(held_back):
        symbol, paths = instrument.symbol, workspace.root.symbol(instrument.symbol)
        shown = made.get(symbol)
        if shown is None or shown.made_from != files_of(paths, instrument):
            shown = shown_symbol(paths, instrument)
        if shown is not None:
            symbols.append(symbol)
            rows += with_reason(shown, held_back[symbol])
    return update_board(workspace.root, symbols, board_frame(rows))


@dataclass(frozen=True)
class BoardEntry:
    """What all rows of a symbol have in common."""

    made_from: str | None  # None on a board of an earlier release
    held_back: str | None

    @property
    def is_damaged(self) -> bool:
        """True where the rows could not be made and have the reason instead."""
        return self.made_from == NOT_MADE


def shown_rows(board: pl.DataFrame) -> Mapping[str, BoardEntry]:
    """Symbol -> what its rows have in common."""
    rows = board.select("symbol", "made_from", "held_back").unique("symbol")
    return {symbol: BoardEntry(*rest) for symbol, *rest in rows.iter_rows()}


def is_outdated(root: DataRoot, instrument: Instrument, shown: BoardEntry | None) -> bool:
    """True where the files of a symbol are not those that its rows were made from; opens none."""
    paths = root.symbol(instrument.symbol)
    if shown is None:
        return _has_files(paths)
    try:
        return shown.made_from != files_of(paths, instrument)
    except OSError:  # making the rows reports it
        return True


def differing(root: DataRoot, instruments: Iterable[Instrument], board: pl.DataFrame) -> list[str]:
    """Symbols whose rows a run would change; opens only those with other files."""
    known = shown_rows(board)
    return [
        instrument.symbol
        for instrument in instruments
        if is_outdated(root, instrument, known.get(instrument.symbol))
        and not _is_as_made(root, instrument, board)
    ]


def _is_as_made(root: DataRoot, instrument: Instrument, board: pl.DataFrame) -> bool:
    """True where the rows of a symbol, made again, are those of the board.

    That the last run failed on it follows from no file, so it is not compared.
    """
    shown = board.filter(pl.col("symbol") == instrument.symbol)
    paths = root.symbol(instrument.symbol)
    if shown.is_empty():
        return not _has_files(paths)
    made = shown_symbol(paths, instrument)
    if made is None:  # being written
        return True
    rows = board_frame(with_reason(made, standing_reason(paths, instrument)))
    left_out = ADDED if shown["made_from"].is_null().all() else {"made_from"}
    if shown["held_back"].str.starts_with(f"{Status.FAILED}:").any():
        left_out |= {"held_back"}
    order = pl.col("timeframe").to_physical()
    return rows.drop(left_out).sort(order).equals(shown.drop(left_out).sort(order))


def _has_files(paths: SymbolPaths) -> bool:
    return any(path.exists() for path in (paths.compute_db, paths.verdict, paths.fetch_failures))
