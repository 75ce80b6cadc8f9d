"""Verifies many symbols, on several cores where that is quicker.

The rows of the board are compared with the results of each symbol as well. A missing board is no
finding: the next run writes it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

import polars as pl

from regime_platform.audit.verify.finding import AuditFinding, FindingKind, Subject
from regime_platform.audit.verify.verification import BOARD, Verification, unproven
from regime_platform.audit.verify.verify import verify
from regime_platform.compute_db.board import readable_board
from regime_platform.errors import failure_reason
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.board_check import differing
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.pipeline.workers import map_in_processes

#: Below so many symbols each, starting processes takes longer than it spares.
WORTH_A_PROCESS = 40


def verify_many(
    workspace: RunWorkspace,
    instruments: Sequence[Instrument],
    *,
    recompute: bool = False,
    workers: int = 1,
) -> Iterator[Verification]:
    """One proof per instrument, in order, each as soon as it and those before it are known.

    Args:
        workspace: where they live.
        instruments: the symbols.
        recompute: also promote and compute them again; see `verify`.
        workers: processes, at most.
    """
    board = readable_board(workspace.root) if workspace.root.board.exists() else None
    proven = partial(_verified, workspace, board, recompute=recompute)
    workers = min(workers, len(instruments) // WORTH_A_PROCESS)
    return map_in_processes(
        workers, proven, instruments, lambda each, why: unproven(each.symbol, why)
    )


def _verified(
    workspace: RunWorkspace, board: pl.DataFrame | None, instrument: Instrument, *, recompute: bool
) -> Verification:
    try:
        proof = verify(workspace, instrument, recompute=recompute)
        is_damaged = any(finding.kind.is_damage for finding in proof.findings)
        if is_damaged or board is None or not differing(workspace.root, [instrument], board):
            return proof
    except Exception as error:  # noqa: BLE001 - one symbol's damaged file must not stop the others
        return unproven(instrument.symbol, failure_reason(error, instrument.symbol))
    reason = "shows other results of the symbol; any run makes its rows again"
    return replace(
        proof,
        findings=(
            *proof.findings,
            AuditFinding(FindingKind.UNFINISHED, Subject.BOARD, BOARD, reason),
        ),
    )
