"""Verifies that everything stored of a symbol is what its manifests state.

Every byte is hashed every time, whatever earlier verifications remembered; where anything is
damaged that memory is dropped, so that readers check again. Nothing else is written, locked or
repaired. Where files change meanwhile, a writer is at work, and the symbol is read again.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from regime_platform.audit.archives import archive_findings
from regime_platform.audit.recorded_state import RecordedState, nothing_validated, recorded_state
from regime_platform.audit.verify.bars import present_findings, verify_bars, verify_raw_log
from regime_platform.audit.verify.evidence import evidence_findings
from regime_platform.audit.verify.finding import AuditFinding, FindingKind, Subject
from regime_platform.audit.verify.manifests import Manifests, read_manifests
from regime_platform.audit.verify.recompute import (
    differing,
    recheck_promotion,
    recompute_tables,
)
from regime_platform.audit.verify.records import record_findings, rejected_findings
from regime_platform.audit.verify.results import (
    ResultsCheck,
    compare_with_manifest,
    verify_results,
)
from regime_platform.audit.verify.verification import Verification
from regime_platform.bar_store.chain_file import read_chain
from regime_platform.bar_store.layout import SymbolPaths, file_classes
from regime_platform.bar_store.proven import forget
from regime_platform.bar_store.rename_journal import renames
from regime_platform.compute.eras.eras import FIXED_VERSION, era_class
from regime_platform.compute_db.reader import read_lineage
from regime_platform.errors import ConfigError, RegimeError
from regime_platform.manifests.recipe import RankedEras, Recipe
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.compute.compute import adoption_remedy, current_recipe
from regime_platform.pipeline.eras import era_set, why_not_adopted
from regime_platform.pipeline.gate.promote import is_promotion_due
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.validation.verdict import Verdict

_ATTEMPTS = 3  # while a symbol is being written; a writer cannot finish that often in between

_CAUSES = {
    "params_fingerprint": "parameters",
    "compute_digest": "code",
    "libraries": "libraries",
    "result_schema_digest": "the schema of results",
}


def verify(
    workspace: RunWorkspace, instrument: Instrument, *, recompute: bool = False
) -> Verification:
    """Proves everything stored of ``instrument``; what cannot be proven is a finding.

    Args:
        workspace: where it lives; its eras, parameters and code are those of today.
        instrument: the symbol.
        recompute: also promote the bars again from the raw log, and compute the results again.
    """
    paths = workspace.root.symbol(instrument.symbol)
    proof = Verification(instrument.symbol)
    begun = _begun_rename(workspace, instrument.symbol)
    if begun is not None:
        return replace(proof, findings=(begun,))
    misplaced = tuple(_misplaced(paths, instrument.symbol))
    if misplaced:
        return replace(proof, findings=misplaced)
    for _ in range(_ATTEMPTS):
        before = _state(paths)
        proof = _verified_once(workspace, instrument, paths, recompute=recompute)
        if not proof.findings or _state(paths) == before:
            break
    if any(finding.kind.is_damage for finding in proof.findings):
        forget(paths)
    return proof


def _misplaced(paths: SymbolPaths, symbol: str) -> Iterator[AuditFinding]:
    """Folders in the place of files, and a file in that of the symbol's folder: not readable.

    No repair removes them, since this platform never makes them.
    """
    remedy = f"move it away, then regime repair {symbol}"
    if paths.folder.exists() and not paths.folder.is_dir():
        yield AuditFinding(
            FindingKind.UNREADABLE,
            Subject.SYMBOL,
            symbol,
            "a file lies in the place of its folder",
            remedy,
        )
    for path in sorted(paths.folder.rglob("*")) if paths.folder.is_dir() else ():
        name = path.relative_to(paths.folder).as_posix()
        if path.is_dir() and not name.startswith("set_aside/") and file_classes(name):
            yield AuditFinding(
                FindingKind.UNREADABLE,
                Subject.SYMBOL,
                name,
                "a folder lies in the place of a file",
                remedy,
            )


def manifest_findings(paths: SymbolPaths, tables: Mapping[str, str] | None) -> list[AuditFinding]:
    """A quick check after every run: the manifests are whole, and describe what is stored.

    Args:
        paths: the symbol.
        tables: digests of the tables of compute.db; None reads them from the file.

    Raises:
        ResultsError: the symbol has no compute.db, or a damaged one.
    """
    documents, findings = read_manifests(paths)
    if documents.bars is not None:
        findings += present_findings(paths, documents.bars.manifest)
    if documents.results is not None:
        known = read_lineage(paths.compute_db).tables if tables is None else tables
        if documents.results.manifest.tables != known:
            reason = "the compute manifest describes other results"
            findings.append(
                AuditFinding(
                    FindingKind.UNFINISHED,
                    Subject.COMPUTE_MANIFEST,
                    paths.compute_manifest.name,
                    reason,
                )
            )
    return findings


def _verified_once(
    workspace: RunWorkspace, instrument: Instrument, paths: SymbolPaths, *, recompute: bool
) -> Verification:
    if not any(path.exists() for path in (*_written(paths), paths.decisions)):
        raw = verify_raw_log(paths, nothing_validated(instrument))
        return Verification(instrument.symbol, tuple(raw.findings), files=raw.files)
    state = recorded_state(instrument, paths)
    bars, raw = verify_bars(paths, state.promoted), verify_raw_log(paths, state.validated)
    results = verify_results(paths, bars.blocks)
    causes = _causes_of(workspace, instrument, state.verdict, results.recipe)
    findings = [*state.findings, *bars.findings, *raw.findings, *results.findings]
    findings += record_findings(paths, state.verdict)
    findings += evidence_findings(paths, instrument.symbol)
    findings += archive_findings(workspace.root, instrument.symbol)
    findings += _compared(workspace, instrument, paths, state, results)
    findings += [
        AuditFinding(FindingKind.STALE, Subject.RESULTS, "compute.db", cause) for cause in causes
    ]
    is_sound = all(finding.kind.is_good for finding in findings)
    if recompute and is_sound and results.recipe is not None:
        findings += recheck_promotion(workspace, instrument, state.promoted)
        again = recompute_tables(workspace, instrument, state.promoted, results.recipe)
        findings += differing(results.tables, again, causes)
    return Verification(
        instrument.symbol,
        tuple(findings),
        bars=bars.bars,
        rows=results.rows,
        files=bars.files + raw.files,
        links=_links(paths),
        digests=_digests(state.documents),
        is_recomputed=recompute and is_sound,
        is_blocked=state.is_blocked,
    )


def _compared(
    workspace: RunWorkspace,
    instrument: Instrument,
    paths: SymbolPaths,
    state: RecordedState,
    results: ResultsCheck,
) -> Iterator[AuditFinding]:
    """How rejected rows, results and eras differ from what verdict and manifests state."""
    if state.verdict is not None:
        is_due = _is_due(workspace, instrument, state.verdict)
        yield from rejected_findings(paths, state.verdict, is_due=is_due)
    document = state.documents.results
    if document is not None:
        yield from compare_with_manifest(instrument.symbol, results, document, state.in_force)
        if state.names_bars:
            yield from _of_other_bars(document.manifest.recipe, state.in_force)
    if results.recipe is not None:
        yield from _unadopted(workspace, instrument, results.recipe.eras)


def _causes_of(
    workspace: RunWorkspace,
    instrument: Instrument,
    verdict: Verdict | None,
    recipe: Recipe | None,
) -> tuple[str, ...]:
    if verdict is None or recipe is None:
        return ()
    return _causes(recipe, current_recipe(workspace, instrument, verdict))


def _begun_rename(workspace: RunWorkspace, symbol: str) -> AuditFinding | None:
    """The rename that a killed process left unfinished, before whose end nothing can be proven."""
    try:
        known = renames(workspace.root)
    except RegimeError:
        return None  # `regime doctor` reports it
    for rename in (each for each in known if not each.is_finished):
        if symbol in (rename.former, rename.symbol):
            remedy = f"regime universe rename {rename.former} {rename.symbol}"
            return AuditFinding(
                FindingKind.UNFINISHED,
                Subject.RENAME_JOURNAL,
                "renames.json",
                rename.describe(),
                remedy,
            )
    return None


def _is_due(workspace: RunWorkspace, instrument: Instrument, verdict: Verdict) -> bool:
    try:
        return is_promotion_due(workspace, instrument, verdict)
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
        yield AuditFinding(
            FindingKind.CHANGED, Subject.ERAS, "eras", reason, adoption_remedy(ranked)
        )


def _of_other_bars(recipe: Recipe, in_force: Mapping[str, str]) -> Iterator[AuditFinding]:
    bars = recipe.bars
    strange = sorted(name for name in {*bars, *in_force} if bars.get(name) != in_force.get(name))
    if strange:
        reason = f"made from other bars than those in force ({', '.join(strange)})"
        yield AuditFinding(
            FindingKind.UNFINISHED, Subject.COMPUTE_MANIFEST, "compute_manifest.json", reason
        )


def _causes(stored: Recipe, current: Recipe) -> tuple[str, ...]:
    """Why a run of today would, or might, compute other numbers."""
    if stored.differs_in_bars_alone(current):
        return ()
    causes = [
        word for name, word in _CAUSES.items() if getattr(stored, name) != getattr(current, name)
    ]
    if stored.eras.boundaries != current.eras.boundaries:
        causes.append("eras")
    return tuple(f"made with other {word} than today's" for word in causes)


def _digests(documents: Manifests) -> dict[str, str]:
    digests = {
        f"{document.manifest.kind}_content": document.manifest.content_digest
        for document in documents
    }
    if documents.results is not None:
        digests["recipe"] = documents.results.manifest.recipe_digest
    return digests


def _links(paths: SymbolPaths) -> int:
    try:
        return len(read_chain(paths))
    except RegimeError:
        return 0


def _written(paths: SymbolPaths) -> tuple[Path, ...]:
    return (paths.verdict, paths.compute_db, paths.manifest, paths.compute_manifest, paths.chain)


def _state(paths: SymbolPaths) -> list[tuple[int, int] | None]:
    """Size and mtime of the documents: they change with every write."""
    stats = [path.stat() if path.exists() else None for path in _written(paths)]
    return [None if stat is None else (stat.st_size, stat.st_mtime_ns) for stat in stats]
