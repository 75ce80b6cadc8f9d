"""Is everything stored of a symbol what its manifests state? The one place that answers this.

Every byte is hashed every time, whatever is remembered of earlier proofs, and where anything is
damaged that memory is dropped, so that readers find it, too. Nothing else is written, locked or
repaired. A writer at work is noticed by the files it leaves, and the symbol is read again.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from regime_platform.audit.archives import archive_findings
from regime_platform.audit.recorded_state import nothing_judged, recorded_state
from regime_platform.audit.verify.bars import present_findings, verify_bars, verify_raw_log
from regime_platform.audit.verify.evidence import evidence_findings
from regime_platform.audit.verify.manifests import read_manifests
from regime_platform.audit.verify.proof import Verification
from regime_platform.audit.verify.recompute import (
    differing,
    recheck_promotion,
    recompute_tables,
)
from regime_platform.audit.verify.results import compare_with_manifest, verify_results
from regime_platform.bar_store.chain_file import read_chain
from regime_platform.bar_store.layout import SymbolPaths, file_classes
from regime_platform.bar_store.proven import forget
from regime_platform.bar_store.rename_journal import renames
from regime_platform.compute.eras.eras import FIXED_VERSION, era_class
from regime_platform.compute_db.reader import read_lineage
from regime_platform.errors import ConfigError, RegimeError
from regime_platform.manifests.manifest import BARS, RESULTS
from regime_platform.manifests.recipe import is_same_recipe
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.compute.compute import adoption_remedy, current_recipe
from regime_platform.pipeline.eras import era_set, why_not_adopted
from regime_platform.pipeline.finding import AuditFinding, FindingKind, Subject
from regime_platform.pipeline.gate.promote import is_promotion_due
from regime_platform.pipeline.gate.sealed_records import record_findings, rejected_findings
from regime_platform.pipeline.platform import RunWorkspace
from regime_platform.validation.verdict import Verdict

Facts = Mapping[str, Any]
_LOOKS = 3  # at a symbol that somebody writes: more often than a writer can finish in between

_CAUSES = {
    "params_fingerprint": "parameters",
    "compute_digest": "code",
    "libraries": "libraries",
    "result_schema_digest": "the schema of results",
}


def verify(
    workspace: RunWorkspace, instrument: Instrument, *, recompute: bool = False
) -> Verification:
    """Proves everything held of ``instrument``, or says what is not proven.

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
    for _ in range(_LOOKS):
        before = _state(paths)
        proof = _looked_at(workspace, instrument, paths, recompute=recompute)
        if not proof.findings or _state(paths) == before:
            break
    if any(finding.kind.is_damage for finding in proof.findings):
        forget(paths)
    return proof


def _misplaced(paths: SymbolPaths, symbol: str) -> Iterator[AuditFinding]:
    """Folders in the places of files, and a file in that of the symbol: nothing can be read then.

    No repair takes them away, since nothing of this platform makes them.
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
    """A quick look for whoever asks after every run: manifests whole, and about what is there.

    Args:
        paths: the symbol.
        tables: digests of the tables of compute.db where they are known; else the file is asked.

    Raises:
        ResultsError: the symbol has no compute.db, or a damaged one.
    """
    documents, findings = read_manifests(paths)
    if BARS in documents:
        findings += present_findings(paths, documents[BARS]["manifest"])
    if RESULTS in documents:
        known = read_lineage(paths.compute_db)["tables"] if tables is None else tables
        if documents[RESULTS]["manifest"]["tables"] != known:
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


def _looked_at(
    workspace: RunWorkspace, instrument: Instrument, paths: SymbolPaths, *, recompute: bool
) -> Verification:
    if not any(path.exists() for path in (*_written(paths), paths.decisions)):
        raw = verify_raw_log(paths, nothing_judged(instrument))
        return Verification(instrument.symbol, tuple(raw.findings), files=raw.files)
    claim = recorded_state(instrument, paths)
    bars, raw = verify_bars(paths, claim.promoted), verify_raw_log(paths, claim.judged)
    results = verify_results(paths, bars.blocks)
    findings = [*claim.findings, *bars.findings, *raw.findings, *results.findings]
    findings += record_findings(paths, claim.verdict)
    findings += evidence_findings(paths, instrument.symbol)
    findings += archive_findings(workspace.root, instrument.symbol)
    if claim.verdict is not None:
        is_due = _is_due(workspace, instrument, claim.verdict)
        findings += rejected_findings(paths, claim.verdict, is_due=is_due)
    if RESULTS in claim.documents:
        document = claim.documents[RESULTS]
        findings += compare_with_manifest(instrument.symbol, results, document, claim.in_force)
        if claim.tells_bars:
            findings += _of_other_bars(document["manifest"]["recipe"], claim.in_force)
    causes: tuple[str, ...] = ()
    if results.recipe is not None:
        findings += _unadopted(workspace, instrument, results.recipe["eras"])
    if claim.verdict is not None and results.recipe is not None:
        causes = _causes(results.recipe, current_recipe(workspace, instrument, claim.verdict))
        findings += [
            AuditFinding(FindingKind.STALE, Subject.RESULTS, "compute.db", cause)
            for cause in causes
        ]
    is_sound = all(finding.kind.is_good for finding in findings)
    if recompute and is_sound and results.recipe is not None:
        findings += recheck_promotion(workspace, instrument, claim.promoted)
        again = recompute_tables(workspace, instrument, claim.promoted, results.recipe)
        findings += differing(results.tables, again, causes)
    return Verification(
        instrument.symbol,
        tuple(findings),
        bars=bars.bars,
        rows=results.rows,
        files=bars.files + raw.files,
        links=_links(paths),
        digests=_digests(claim.documents),
        is_recomputed=recompute and is_sound,
        is_held_back=claim.is_held_back,
    )


def _begun_rename(workspace: RunWorkspace, symbol: str) -> AuditFinding | None:
    """The rename that a killed process left unfinished, in whose midst nothing can be proven."""
    try:
        known = renames(workspace.root)
    except RegimeError:
        return None  # `regime doctor` reports it
    for rename in (one for one in known if not one.is_finished):
        if symbol in (rename.former, rename.symbol):
            remedy = f"regime universe rename {rename.former} {rename.symbol}"
            return AuditFinding(
                FindingKind.UNFINISHED,
                Subject.RENAME_JOURNAL,
                "renames.json",
                rename.told(),
                remedy,
            )
    return None


def _is_due(workspace: RunWorkspace, instrument: Instrument, verdict: Verdict) -> bool:
    try:
        return is_promotion_due(workspace, instrument, verdict)
    except RegimeError:
        return False  # what is damaged is reported, and has to be mended first


def _unadopted(
    workspace: RunWorkspace, instrument: Instrument, ranked: Facts
) -> Iterator[AuditFinding]:
    """Whether the eras that the results are ranked in are adopted, and what they were."""
    wanted, version = era_class(instrument.symbol, instrument.asset_class), ranked.get("version")
    try:
        reason = why_not_adopted(workspace.root, workspace.eras, wanted, ranked)
        if not reason and version not in (None, FIXED_VERSION, workspace.eras.version):
            then = era_set(workspace.root, str(version))
            reason = why_not_adopted(workspace.root, then, wanted, ranked)
    except ConfigError as error:
        reason = str(error)
    if reason:
        yield AuditFinding(
            FindingKind.CHANGED, Subject.ERAS, "eras", reason, adoption_remedy(ranked)
        )


def _of_other_bars(recipe: Facts, in_force: Mapping[str, str]) -> Iterator[AuditFinding]:
    told = recipe["bars"]
    strange = sorted(name for name in {*told, *in_force} if told.get(name) != in_force.get(name))
    if strange:
        reason = f"made from other bars than those in force ({', '.join(strange)})"
        yield AuditFinding(
            FindingKind.UNFINISHED, Subject.COMPUTE_MANIFEST, "compute_manifest.json", reason
        )


def _causes(held: Facts, current: Facts) -> tuple[str, ...]:
    """Why a run of today would make other numbers, or might."""
    if is_same_recipe({**held, "bars": {}}, {**current, "bars": {}}):
        return ()
    told = [word for name, word in _CAUSES.items() if held.get(name) != current.get(name)]
    if held["eras"].get("boundaries") != current["eras"]["boundaries"]:
        told.append("eras")
    return tuple(f"made with other {word} than today's" for word in told)


def _digests(documents: Mapping[str, Facts]) -> dict[str, str]:
    told = {
        f"{kind}_content": document["manifest"]["content_digest"]
        for kind, document in documents.items()
    }
    if RESULTS in documents:
        told["recipe"] = documents[RESULTS]["manifest"]["recipe_digest"]
    return told


def _links(paths: SymbolPaths) -> int:
    try:
        return len(read_chain(paths))
    except RegimeError:
        return 0


def _written(paths: SymbolPaths) -> tuple[Path, ...]:
    return (paths.verdict, paths.compute_db, paths.manifest, paths.compute_manifest, paths.chain)


def _state(paths: SymbolPaths) -> list[tuple[int, int] | None]:
    """What changes whenever somebody has written."""
    found = [path.stat() if path.exists() else None for path in _written(paths)]
    return [None if one is None else (one.st_size, one.st_mtime_ns) for one in found]
