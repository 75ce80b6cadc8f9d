"""Keeps the board in step with the results, also after a killed run.

Every run compares all rows with the files that they were made from, by size and time alone, and
makes those again that differ, also for symbols that it did not process: a process may have been
killed between its results and the board.
"""

from collections.abc import Mapping, Sequence

import polars as pl

from regime_platform.compute_db.board import BOARD_SCHEMA, readable_board, update_board
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.board_check import BoardEntry, is_outdated, shown_rows
from regime_platform.pipeline.board_rows import blocked_by, board_rows
from regime_platform.pipeline.outcomes import Status, SymbolOutcome
from regime_platform.pipeline.run_workspace import RunWorkspace


def refresh_board(workspace: RunWorkspace, outcomes: Sequence[SymbolOutcome]) -> bool:
    """Updates the rows of what a run changed, and all rows whose files changed.

    Returns:
        False where nothing changed, so that nothing was written.
    """
    reasons = {outcome.symbol: _failure(workspace, outcome) for outcome in outcomes}
    computed = {
        outcome.symbol
        for outcome in outcomes
        if outcome.compute is not None and outcome.compute.status is Status.DONE
    }
    known = shown_rows(readable_board(workspace.root))
    wanted: dict[str, str | None] = {}
    for instrument in workspace.universe.instruments:
        symbol, shown = instrument.symbol, known.get(instrument.symbol)
        if symbol in reasons:
            is_same = shown is not None and shown.held_back == reasons[symbol]
            if symbol in computed or not is_same or is_outdated(workspace.root, instrument, shown):
                wanted[symbol] = reasons[symbol]
        elif is_outdated(workspace.root, instrument, shown):
            wanted[symbol] = _reason_of_files(workspace, symbol, shown)
    return _replace(workspace, wanted) if wanted else False


def try_refresh_board(workspace: RunWorkspace, outcomes: Sequence[SymbolOutcome]) -> str:
    """The same for a run whose report must not depend on it.

    Returns:
        Why the board could not be refreshed, with the remedy; empty where it was.
    """
    try:
        refresh_board(workspace, outcomes)
    except Exception as error:  # noqa: BLE001 - a cache must not hide how the symbols fared
        return (
            f"the board was not refreshed ({type(error).__name__}: {error}); check the disk, "
            "then any run, for example `regime promote --all`, makes it again"
        )
    return ""


def rebuild_board(workspace: RunWorkspace, instruments: Sequence[Instrument]) -> bool:
    """Makes the rows of ``instruments`` from their compute.db files and verdicts."""
    root = workspace.root
    return _replace(
        workspace,
        {
            instrument.symbol: blocked_by(root.symbol(instrument.symbol))
            for instrument in instruments
        },
    )


def _reason_of_files(workspace: RunWorkspace, symbol: str, shown: BoardEntry | None) -> str | None:
    if shown is not None and shown.made_from is None:  # a board of an earlier release
        return shown.held_back
    return blocked_by(workspace.root.symbol(symbol))


def _replace(workspace: RunWorkspace, held_back: Mapping[str, str | None]) -> bool:
    made = {
        instrument.symbol: board_rows(workspace.root, instrument, held_back[instrument.symbol])
        for instrument in workspace.universe.select(held_back)
    }
    rows = {symbol: frame for symbol, frame in made.items() if frame is not None}
    return update_board(
        workspace.root, list(rows), pl.concat([BOARD_SCHEMA.to_frame(), *rows.values()])
    )


def _failure(workspace: RunWorkspace, outcome: SymbolOutcome) -> str | None:
    if outcome.status.is_good:
        return None
    reason = f"{outcome.status}: {outcome.reason}"
    if outcome.status is not Status.BLOCKED:
        return reason
    # the verdict's reason whichever stage was refused, so that both can be compared
    return blocked_by(workspace.root.symbol(outcome.symbol)) or reason
