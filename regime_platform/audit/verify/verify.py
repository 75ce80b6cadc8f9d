"""Verifies that everything stored of symbols is what their manifests state.

Every byte is hashed every time, whatever earlier verifications remembered; where anything is
damaged that memory is dropped, so that readers check again. Nothing else is written, locked or
repaired. Where files change meanwhile, a writer is at work, and the symbol is read again.
"""

import datetime as dt
import zlib
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import polars as pl

from regime_platform.audit.archives import archive_findings
from regime_platform.audit.verify.bars import file_findings, verify_raw_log
from regime_platform.audit.verify.copied_files import verify_folder
from regime_platform.audit.verify.recorded_state import (
    RecordedState,
    read_manifests,
    recorded_state,
)
from regime_platform.audit.verify.results import recheck_promotion, recomputed
from regime_platform.audit.verify.verification import (
    AuditFinding,
    FindingKind,
    Subject,
    Verification,
    unproven,
)
from regime_platform.bar_store.layout import SymbolPaths, file_classes
from regime_platform.bar_store.no_bars import no_bars_reason
from regime_platform.bar_store.proven import forget
from regime_platform.bar_store.rename_journal import renames
from regime_platform.bar_store.session import SymbolSession
from regime_platform.bar_store.settled import documents, read_settled
from regime_platform.compute.eras.eras import FIXED_VERSION, era_class
from regime_platform.compute_db.board import readable_board
from regime_platform.compute_db.reader import read_lineage
from regime_platform.errors import ConfigError, RegimeError, failure_reason
from regime_platform.manifests.compute_manifest import RankedEras, Recipe
from regime_platform.model.instruments import Instrument
from regime_platform.model.timeframes import FINER
from regime_platform.pipeline.board import differing
from regime_platform.pipeline.compute import adoption_remedy, current_recipe
from regime_platform.pipeline.eras import era_set, why_not_adopted
from regime_platform.pipeline.gate.promote import is_promotion_due
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.workers import map_in_processes

#: Below so many symbols each, starting processes takes longer than it spares.
WORTH_A_PROCESS = 40

_PARTS = {
    "params_fingerprint": "parameters",
    "compute_digest": "code",
    "libraries": "libraries",
    "result_schema_digest": "the schema of results",
    "eras": "eras",
}


def verify(
    workspace: RunWorkspace, instrument: Instrument, *, recompute: bool = False
) -> Verification:
    """Proves everything stored of ``instrument``; what cannot be proven is a finding.

    ``recompute``: also promote the bars again from the raw log, and compute the results again.
    """
    symbol, paths = instrument.symbol, workspace.root.symbol(instrument.symbol)
    unreadable = [*_begun_rename(workspace, symbol)] or [*_misplaced(paths, symbol)]
    if unreadable:
        return Verification(symbol, unreadable)

    def verified() -> Verification:
        # each attempt reads every document once, and from the disk
        session = SymbolSession(paths.folder)
        return _verified_once(workspace, instrument, session, recompute=recompute)

    proof = read_settled(paths, verified, lambda each: not each.findings)
    if proof.is_damaged:
        forget(paths)
    return proof


def verify_many(
    workspace: RunWorkspace,
    instruments: Sequence[Instrument],
    *,
    recompute: bool = False,
    workers: int = 1,
) -> Iterator[Verification]:
    """One proof per instrument, in order, each as soon as it and those before it are known.

    The rows of the board are compared too; a missing board is no finding: the next run writes it.
    ``workers``: processes, at most.
    """
    board = readable_board(workspace.root) if workspace.root.board.exists() else None
    proven = partial(_verified, workspace, board, recompute=recompute)
    workers = min(workers, len(instruments) // WORTH_A_PROCESS)
    return map_in_processes(
        workers, proven, instruments, lambda each, why: unproven(each.symbol, why)
    )


def due_for_verification(
    instruments: Sequence[Instrument], days: int, until: dt.date, since: dt.date | None = None
) -> tuple[Instrument, ...]:
    """The symbols whose turn comes on ``until``, or came on a day after ``since``.

    A symbol's turn depends on its name and the date alone, so that any ``days`` days in a row have
    every symbol once, whatever else joins or leaves the universe; 0 days verify none.
    """
    if days <= 0:
        return ()
    missed = 1 if since is None else max((until - since).days, 1)
    turns = {(until.toordinal() - ago) % days for ago in range(min(missed, days))}
    return tuple(
        instrument
        for instrument in instruments
        if zlib.crc32(instrument.symbol.encode()) % days in turns
    )


def stored_state(workspace: RunWorkspace, instrument: Instrument) -> RecordedState:
    """What manifests and verdict of a symbol state is stored."""
    paths = workspace.root.symbol(instrument.symbol)
    return recorded_state(paths, instrument.symbol, _logs(paths, instrument))


def manifest_findings(paths: SymbolPaths, tables: Mapping[str, str] | None) -> list[AuditFinding]:
    """A quick check after every run: the manifests are whole, and describe what is stored.

    ``tables``: digests of the tables of compute.db; None reads them from the file, and raises
    ResultsError where there is none.
    """
    state = read_manifests(paths)
    findings, bars, results = state.findings, state.bar_manifest, state.compute_manifest
    if bars is not None:
        findings += file_findings(paths, bars.manifest.promoted, by_size=True)
    if results is not None:
        known = read_lineage(paths.compute_db).tables if tables is None else tables
        if results.manifest.tables != known:
            reason = "the compute manifest describes other results"
            findings.append(Subject.COMPUTE_MANIFEST.finding(FindingKind.UNFINISHED, reason))
    return findings


def _verified(
    workspace: RunWorkspace, board: pl.DataFrame | None, instrument: Instrument, *, recompute: bool
) -> Verification:
    try:
        proof = verify(workspace, instrument, recompute=recompute)
        if proof.is_damaged or board is None:
            return proof
        outdated = differing(workspace.root, [instrument], board)
        if outdated and differing(workspace.root, [instrument], readable_board(workspace.root)):
            # else a run ended since the board was read
            reason = "shows other results of the symbol; any run makes its rows again"
            proof.findings.append(Subject.BOARD.finding(FindingKind.UNFINISHED, reason))
    except Exception as error:  # noqa: BLE001 - one symbol's damaged file must not stop the others
        return unproven(instrument.symbol, failure_reason(error, instrument.symbol))
    return proof


def _misplaced(paths: SymbolPaths, symbol: str) -> Iterator[AuditFinding]:
    """A folder in the place of a file, or a file in that of the folder: no repair removes it."""
    remedy, kind = f"move it away, then regime repair {symbol}", FindingKind.UNREADABLE
    if paths.folder.exists() and not paths.folder.is_dir():
        reason = "a file lies in the place of its folder"
        yield Subject.SYMBOL.finding(kind, reason, symbol, remedy)
    for path in sorted(paths.folder.rglob("*")) if paths.folder.is_dir() else ():
        name = path.relative_to(paths.folder).as_posix()
        if path.is_dir() and not name.startswith("set_aside/") and file_classes(name):
            reason = "a folder lies in the place of a file"
            yield Subject.SYMBOL.finding(kind, reason, name, remedy)


def _verified_once(
    workspace: RunWorkspace, instrument: Instrument, paths: SymbolPaths, *, recompute: bool
) -> Verification:
    proof = Verification(instrument.symbol)
    if not any(path.exists() for path in (*documents(paths), paths.decisions)):
        verify_raw_log(proof, paths, dict.fromkeys(_logs(paths, instrument), ()))
        proof.findings += _without_bars(paths, instrument)
        return proof
    state = recorded_state(paths, instrument.symbol, _logs(paths, instrument))
    is_due = _is_due(workspace, instrument, paths, state)
    results = verify_folder(proof, paths, state, is_due=is_due, market=instrument.market)
    proof.findings += archive_findings(workspace.root, instrument.symbol)
    proof.findings += _without_bars(paths, instrument)
    causes: tuple[str, ...] = ()
    if results.recipe is not None:
        proof.findings += _unadopted(workspace, instrument, results.recipe.eras)
        if state.verdict is not None:
            causes = _causes(results.recipe, current_recipe(workspace, instrument, state.verdict))
    proof.findings += [Subject.RESULTS.finding(FindingKind.STALE, cause) for cause in causes]
    proof.is_recomputed = recompute and proof.status.is_good
    if proof.is_recomputed and results.recipe is not None:
        proof.findings += recheck_promotion(workspace, instrument, state)
        proof.findings += recomputed(workspace, instrument, state.promoted, results, causes)
    proof.links, proof.is_blocked = len(state.links or ()), state.is_blocked
    facts = [document.manifest for document in state.manifests]
    proof.digests = {f"{each.kind}_content": each.content_digest for each in facts}
    if state.compute_manifest is not None:
        proof.digests["recipe"] = state.compute_manifest.manifest.recipe_digest
    return proof


def _logs(paths: SymbolPaths, instrument: Instrument) -> tuple[str, ...]:
    """The series whose raw logs count: those of its timeframes, and finer ones that are there."""
    return *(name for name in FINER if paths.raw(name).is_dir()), *instrument.timeframes


def _begun_rename(workspace: RunWorkspace, symbol: str) -> Iterator[AuditFinding]:
    """The rename that a killed process left unfinished, before whose end nothing can be proven."""
    try:
        known = renames(workspace.root)
    except RegimeError:
        return  # `regime doctor` reports it
    for rename in known:
        if not rename.is_finished and symbol in (rename.former, rename.symbol):
            remedy = f"regime universe rename {rename.former} {rename.symbol}"
            yield Subject.RENAME_JOURNAL.finding(
                FindingKind.UNFINISHED, rename.describe(), remedy=remedy
            )
            return


def _without_bars(paths: SymbolPaths, instrument: Instrument) -> Iterator[AuditFinding]:
    try:
        reason = no_bars_reason(paths, instrument)
    except RegimeError:
        return  # damage is reported
    if reason:
        yield Subject.SYMBOL.finding(FindingKind.NO_BARS, reason, Subject.BARS.value)


def _is_due(
    workspace: RunWorkspace, instrument: Instrument, paths: SymbolPaths, state: RecordedState
) -> bool:
    try:
        return state.verdict is not None and is_promotion_due(
            workspace, instrument, state.verdict, paths
        )
    except RegimeError:
        return False  # damage is reported, and has to be repaired first


def _unadopted(
    workspace: RunWorkspace, instrument: Instrument, ranked: RankedEras
) -> Iterator[AuditFinding]:
    """A finding where the eras that the results are ranked in are not adopted, or differ."""
    wanted, version = era_class(instrument.symbol, instrument.asset_class), ranked.version
    try:
        reason = why_not_adopted(workspace.root, workspace.eras, wanted, ranked)
        if not reason and version not in (FIXED_VERSION, workspace.eras.version):
            then = era_set(workspace.root, version)
            reason = why_not_adopted(workspace.root, then, wanted, ranked)
    except ConfigError as error:
        reason = str(error)
    if reason:
        remedy = adoption_remedy(ranked)
        yield Subject.ERAS.finding(FindingKind.CHANGED, reason, remedy=remedy)


def _causes(stored: Recipe, current: Recipe) -> tuple[str, ...]:
    """Why a run of today would, or might, compute other numbers."""
    differs = stored.differs_in(current)
    return tuple(
        f"made with other {word} than today's" for name, word in _PARTS.items() if name in differs
    )
