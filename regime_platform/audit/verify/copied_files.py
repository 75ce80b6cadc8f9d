"""Verifies the folder of a symbol by itself, as for a copy in a backup or in the archive.

A symbol is verified as `regime verify` does it, to the last value of compute.db, but against its
own documents alone: one that left the universe is backed up too, and what a run has not finished
yet is no damage.
"""

from collections.abc import Collection
from pathlib import Path

from regime_platform.audit.verify.bars import verify_bars, verify_raw_log
from regime_platform.audit.verify.recorded_state import (
    RecordedState,
    read_manifests,
    recorded_state,
)
from regime_platform.audit.verify.records import record_findings, rejected_findings
from regime_platform.audit.verify.results import StoredResults, verify_results
from regime_platform.audit.verify.verification import (
    AuditFinding,
    FindingKind,
    Subject,
    Verification,
)
from regime_platform.bar_store.layout import DataRoot, SymbolPaths
from regime_platform.bar_store.overrides import read_overrides
from regime_platform.bar_store.raw.raw_names import list_raw
from regime_platform.compute.eras.files import read_adoptions, read_era_set
from regime_platform.errors import RegimeError
from regime_platform.json_text import load_json
from regime_platform.manifests.snapshot import parsed_snapshot
from regime_platform.model.markets import Market
from regime_platform.model.timeframes import DURATION
from regime_platform.model.universe.universe import parse_universe
from regime_platform.validation.policy import parse_policy

_SHOWN = 3  # findings of one symbol
_SUFFIXES = {".json", ".yaml"}  # of the documents of a symbol that no manifest proves
_MANIFESTS = {Subject.BAR_MANIFEST, Subject.COMPUTE_MANIFEST, Subject.CHAIN}


def verify_folder(
    proof: Verification,
    paths: SymbolPaths,
    state: RecordedState,
    *,
    is_due: bool,
    market: Market | None = None,
) -> StoredResults:
    """Adds what is wrong with the files of a symbol by what its documents state.

    ``is_due``: whether a promotion is due, which may have been killed; ``market``: where known.
    """
    proof.findings += state.findings
    blocks = verify_bars(proof, paths, state.promoted)
    verify_raw_log(proof, paths, state.validated, market)
    results = verify_results(proof, paths, blocks, state.compute_manifest, state.in_force)
    proof.findings += record_findings(paths, proof.symbol, state.verdict, state.links)
    if state.verdict is not None:
        proof.findings += rejected_findings(paths, state.verdict, is_due=is_due)
    return results


def damage_of_symbol(paths: SymbolPaths, before: Collection[str]) -> str:
    """What is wrong with the folder of a symbol; empty where nothing is. Hold its lock.

    ``before``: the files of the last good copy, by their names below the folder.
    """
    proof = Verification(paths.symbol)
    try:
        logs = [timeframe for timeframe in DURATION if paths.raw(timeframe).is_dir()]
        state = recorded_state(paths, paths.symbol, logs)
        state.validated = {**dict.fromkeys(logs, ()), **state.validated}
        verify_folder(proof, paths, state, is_due=_has_new_files(paths, state))
    except (RegimeError, OSError, AttributeError, KeyError, TypeError, ValueError) as error:
        return f"cannot be proven ({type(error).__name__}: {error})"
    # those of manifests again: where none is there, they count as never written
    findings = dict.fromkeys([*proof.findings, *read_manifests(paths).findings])
    reasons = [str(finding) for finding in findings if _is_damage(finding, before)]
    documents = sorted(path for path in paths.folder.iterdir() if path.suffix in _SUFFIXES)
    reasons += [text for path in documents if (text := damage_of_file(path))]
    more = f"; and {len(reasons) - _SHOWN} more" if len(reasons) > _SHOWN else ""
    return "; ".join(reasons[:_SHOWN]) + more


def damage_of_file(path: Path, root: DataRoot | None = None) -> str:
    """What is wrong with a document; empty where nothing is, and of any other kind of file.

    ``root``: where it lies among the files of all symbols, some of which can be proven further.
    """
    try:
        if path.suffix in {".json", ".jsonl", ".yaml"}:
            _parse(path, path.read_text(encoding="utf-8"), root)
    except FileNotFoundError:
        return ""
    except (RegimeError, ValueError, RecursionError) as error:
        return f"{path.name}: {error}"
    return ""


def _has_new_files(paths: SymbolPaths, state: RecordedState) -> bool:
    logs = () if state.verdict is None else state.verdict.validated
    return any(series.log_digest != list_raw(paths.raw(series.timeframe)).digest for series in logs)


def _is_damage(finding: AuditFinding, before: Collection[str]) -> bool:
    """A manifest that was never written is no damage; one that the last copy has is."""
    if finding.kind is FindingKind.MISSING and finding.subject in _MANIFESTS:
        return finding.what in before
    return finding.kind.is_damage and finding.kind is not FindingKind.EXTRA


def _parse(path: Path, text: str, root: DataRoot | None) -> None:
    where, is_yaml = str(path), path.suffix == ".yaml"
    if path.suffix == ".jsonl":
        for line in text.split("\n")[:-1]:  # a last line without an end was never written
            load_json(line)
    elif not is_yaml:
        document = load_json(text)
        if root is not None and path.parent == root.snapshots:
            parsed_snapshot(document)
    elif root is None:
        read_overrides(SymbolPaths(path.parent))
    elif path.parent == root.eras:
        (read_adoptions if path == root.adopted_eras else read_era_set)(text, where)
    elif path == root.gate_policy:
        parse_policy(text, where)
    elif path == root.path / "universe.yaml":
        parse_universe(text, where)
