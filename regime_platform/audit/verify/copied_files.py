"""Verifies files and folders of symbols before their copies replace older ones in a backup.

A symbol is verified as `regime verify` does it, to the last value of compute.db, but against its
own manifests alone: a symbol that left the universe is backed up too, and what a run has not
finished yet is no damage.
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

from regime_platform.audit.recorded_state import verdict_in_force
from regime_platform.audit.verify.bars import (
    verify_bars,
    verify_raw_log,
)
from regime_platform.audit.verify.evidence import evidence_findings
from regime_platform.audit.verify.finding import AuditFinding, FindingKind
from regime_platform.audit.verify.manifests import chain_findings, read_manifests
from regime_platform.audit.verify.records import record_findings, rejected_findings
from regime_platform.audit.verify.results import compare_with_manifest, verify_results
from regime_platform.bar_store.layout import DataRoot, SymbolPaths
from regime_platform.bar_store.overrides import read_overrides
from regime_platform.bar_store.raw.raw_names import list_raw
from regime_platform.compute.eras.adoptions import read_adoptions
from regime_platform.compute.eras.files import read_era_set
from regime_platform.errors import ConfigError, RegimeError
from regime_platform.manifests.bar_manifest import BarManifest
from regime_platform.manifests.manifest import is_whole
from regime_platform.model.promoted_bars import PromotedBars
from regime_platform.model.timeframes import TIMEFRAMES
from regime_platform.model.universe.universe import universe_findings
from regime_platform.validation.policy import parse_policy
from regime_platform.validation.verdict import Verdict

_SHOWN = 3  # findings of one symbol


def damage_of_symbol(paths: SymbolPaths, before: Collection[str]) -> str:
    """What is wrong with the folder of a symbol; empty where nothing is. Hold its lock.

    Args:
        paths: the symbol.
        before: the files of the last good copy, by their names below the folder.
    """
    try:
        findings = [finding for finding in _findings(paths, before) if _counts(finding)]
    except (RegimeError, OSError, AttributeError, KeyError, TypeError, ValueError) as error:
        return f"cannot be proven ({type(error).__name__}: {error})"
    reasons = [f"{finding.what}: {finding.reason}" for finding in findings]
    reasons += [text for path in _documents(paths.folder) if (text := damage_of_file(path))]
    more = f"; and {len(reasons) - _SHOWN} more" if len(reasons) > _SHOWN else ""
    return "; ".join(reasons[:_SHOWN]) + more


def damage_of_file(path: Path, root: DataRoot | None = None) -> str:
    """What is wrong with a document; empty where nothing is, and of any other kind of file.

    Args:
        path: the file.
        root: where it lies among the files of all symbols, some of which can be proven further.
    """
    parse = _parser_of(path, root)
    try:
        if parse is not None:
            parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ""
    except (RegimeError, ValueError, RecursionError) as error:
        return f"{path.name}: {error}"
    return ""


def _findings(paths: SymbolPaths, before: Collection[str]) -> Iterator[AuditFinding]:
    documents, findings = read_manifests(paths)
    has_manifests = paths.manifest.exists() or paths.compute_manifest.exists()
    if has_manifests or paths.chain.exists():
        findings += chain_findings(paths, documents)
    # a manifest that was never written is no damage; one that the last copy has is
    yield from (
        each for each in findings if each.kind is not FindingKind.MISSING or each.what in before
    )
    facts = None if documents.bars is None else documents.bars.manifest
    verdict, of_verdict = verdict_in_force(paths, facts)
    yield from of_verdict
    promoted, validated = _named(paths, verdict, facts)
    bars, raw = verify_bars(paths, promoted), verify_raw_log(paths, validated)
    results = verify_results(paths, bars.blocks)
    yield from record_findings(paths, verdict)
    yield from evidence_findings(paths, paths.symbol)
    if verdict is not None:
        yield from rejected_findings(paths, verdict, is_due=_has_new_files(paths, verdict))
    yield from (*bars.findings, *raw.findings, *results.findings)
    if documents.results is not None:
        digests = {timeframe: pointer.digest for timeframe, pointer in promoted.items()}
        yield from compare_with_manifest(paths.symbol, results, documents.results, digests)


def _has_new_files(paths: SymbolPaths, verdict: Verdict) -> bool:
    """True where a promotion is due, which may have been killed."""
    logs = ((series.log_digest, paths.raw(series.timeframe)) for series in verdict.series)
    return any(digest != list_raw(log).digest for digest, log in logs)


def _counts(finding: AuditFinding) -> bool:
    return finding.kind.is_damage and finding.kind is not FindingKind.EXTRA


def _named(
    paths: SymbolPaths, verdict: Verdict | None, facts: BarManifest | None
) -> tuple[Mapping[str, PromotedBars], Mapping[str, tuple[str, ...]]]:
    """Canonical bars and raw files that should be there, per timeframe."""
    logs = [timeframe for timeframe in TIMEFRAMES if paths.raw(timeframe).is_dir()]
    validated: dict[str, tuple[str, ...]] = dict.fromkeys(logs, ())
    if verdict is not None:
        validated |= {series.timeframe: series.raw_files for series in verdict.series}
        return verdict.promoted, validated
    if facts is not None:
        validated |= {name: series.raw_files for name, series in facts.timeframes.items()}
        return facts.promoted, validated
    return {}, validated


def _documents(folder: Path) -> list[Path]:
    """The documents of a symbol that no manifest proves."""
    return sorted(path for path in folder.iterdir() if path.suffix in {".json", ".yaml"})


def _parser_of(path: Path, root: DataRoot | None) -> Callable[[str], object] | None:
    if root is None:
        is_decisions = path == SymbolPaths(path.parent).decisions
        return _decisions(path) if is_decisions else _PARSERS.get(path.suffix)
    if path.parent == root.snapshots and path.suffix == ".json":
        return _sealed
    if path.parent == root.eras and path.suffix == ".yaml":
        parse = read_adoptions if path == root.adopted_eras else read_era_set
        return lambda text: parse(text, str(path))
    parsers = {root.gate_policy: parse_policy, root.path / "universe.yaml": _universe}
    if path in parsers:
        return lambda text: parsers[path](text, str(path))
    return _PARSERS.get(path.suffix)


def _decisions(path: Path) -> Callable[[str], object]:
    return lambda _text: read_overrides(SymbolPaths(path.parent))


def _lines(text: str) -> None:
    for line in text.split("\n")[:-1]:  # a last line without an end was never written
        json.loads(line)


def _sealed(text: str) -> None:
    document = json.loads(text)
    if not isinstance(document, dict) or not is_whole(document):
        raise ConfigError("it was changed after it was written", code="changed-after-writing")


def _universe(text: str, origin: str) -> None:
    findings = universe_findings(text, origin)
    if findings:
        raise ConfigError("; ".join(map(str, findings)), code="universe-invalid")


_PARSERS: Mapping[str, Callable[[str], object]] = {".json": json.loads, ".jsonl": _lines}
