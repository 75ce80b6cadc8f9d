"""Is everything held of a symbol what its manifests say? The one place that answers this.

Nothing is written, locked or repaired. Whoever writes meanwhile is noticed by what he leaves, and
the symbol is looked at again.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from regime_platform.bars.chain_file import read_chain
from regime_platform.bars.layout import SymbolPaths
from regime_platform.bars.verdicts import read_verdict
from regime_platform.compute_db.reader import read_lineage
from regime_platform.errors import RegimeError
from regime_platform.manifests.manifest import BARS, RESULTS
from regime_platform.manifests.recipe import is_same_recipe
from regime_platform.model.instruments import Instrument
from regime_platform.model.series import Promoted
from regime_platform.pipeline.derive import current_recipe
from regime_platform.pipeline.platform import Platform
from regime_platform.pipeline.proof import Finding, Kind, Proof
from regime_platform.pipeline.proof_by_recompute import computed_again, differing, promoted_again
from regime_platform.pipeline.proof_of_bars import (
    present_findings,
    promoted_by,
    prove_bars,
    prove_raw,
    verdict_findings,
)
from regime_platform.pipeline.proof_of_manifests import chain_findings, read_manifests
from regime_platform.pipeline.proof_of_results import against_manifest, prove_results
from regime_platform.validation.gate import BLOCKED
from regime_platform.validation.verdict import Verdict

Facts = Mapping[str, Any]
_LOOKS = 3  # at a symbol that somebody writes: more often than a writer can finish in between

_CAUSES = {
    "params_fingerprint": "parameters",
    "compute_digest": "code",
    "libraries": "libraries",
    "result_schema_digest": "the schema of results",
}


def verify(platform: Platform, instrument: Instrument, *, recompute: bool = False) -> Proof:
    """Proves everything held of ``instrument``, or says what is not proven.

    Args:
        platform: where it lives; its eras, parameters and code are those of today.
        instrument: the symbol.
        recompute: also promote the bars again from the raw log, and compute the results again.
    """
    paths = platform.root.symbol(instrument.symbol)
    proof = Proof(instrument.symbol)
    for _ in range(_LOOKS):
        before = _state(paths)
        proof = _looked_at(platform, instrument, paths, recompute=recompute)
        if not proof.findings or _state(paths) == before:
            break
    return proof


def manifest_findings(paths: SymbolPaths, tables: Mapping[str, str] | None) -> list[Finding]:
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
            findings.append(Finding(Kind.UNFINISHED, paths.compute_manifest.name, reason))
    return findings


@dataclass
class _Told:
    """What the manifests of a symbol and its verdict tell, and what is wrong with them."""

    documents: dict[str, Facts]
    findings: list[Finding]
    verdict: Verdict | None = None
    promoted: Mapping[str, Promoted] = field(default_factory=dict)
    judged: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # timeframe -> raw files


def _looked_at(
    platform: Platform, instrument: Instrument, paths: SymbolPaths, *, recompute: bool
) -> Proof:
    if not any(path.exists() for path in _written(paths)):
        raw = prove_raw(paths, _unjudged(instrument))
        return Proof(instrument.symbol, tuple(raw.findings), files=raw.files)
    told = _told(instrument, paths)
    bars, raw = prove_bars(paths, told.promoted), prove_raw(paths, told.judged)
    results = prove_results(paths, bars.blocks)
    findings = [*told.findings, *bars.findings, *raw.findings, *results.findings]
    in_force = {name: held.digest for name, held in told.promoted.items()}
    if RESULTS in told.documents:
        document = told.documents[RESULTS]
        findings += against_manifest(instrument.symbol, results, document, in_force)
        findings += _of_other_bars(document["manifest"]["recipe"], in_force)
    causes: tuple[str, ...] = ()
    if told.verdict is not None and results.recipe is not None:
        causes = _causes(results.recipe, current_recipe(platform, instrument, told.verdict))
        findings += [Finding(Kind.STALE, "compute.db", one) for one in causes]
    is_sound = all(one.kind.is_good for one in findings)
    if recompute and is_sound and results.recipe is not None:
        findings += promoted_again(platform, instrument, told.promoted)
        again = computed_again(platform, instrument, told.promoted, results.recipe)
        findings += differing(results.tables, again, causes)
    return Proof(
        instrument.symbol,
        tuple(findings),
        bars=bars.bars,
        rows=results.rows,
        files=bars.files + raw.files,
        links=_links(paths),
        digests=_digests(told.documents),
        is_recomputed=recompute and is_sound,
        is_held_back=bool(findings) and _is_held_back(_verdict(paths)),
    )


def _told(instrument: Instrument, paths: SymbolPaths) -> _Told:
    if not any(path.exists() for path in _written(paths)[-3:]):
        finding = Finding(Kind.UNFINISHED, paths.manifest.name, "no manifest was ever written")
        verdict = _verdict(paths)
        judged = _unjudged(instrument) if verdict is None else _judged_by(verdict)
        return _Told({}, [finding], judged=judged)
    documents, findings = read_manifests(paths)
    told = _Told(documents, [*findings, *chain_findings(paths, documents)])
    for document in documents.values():
        told.findings += _of_other_symbol(instrument, document["manifest"])
    if BARS not in documents:
        return told
    facts = documents[BARS]["manifest"]
    told.verdict, found = verdict_findings(paths, facts)
    told.findings += found
    if told.verdict is not None and not any(one.kind is Kind.CHANGED for one in found):
        # where the manifest is behind, which is told already, the pointers are the verdict's
        told.promoted = told.verdict.promoted
        told.judged = _judged_by(told.verdict)
    else:
        told.promoted = promoted_by(facts)
        told.judged = {name: tuple(one["raw_files"]) for name, one in facts["timeframes"].items()}
    return told


def _of_other_symbol(instrument: Instrument, facts: Facts) -> Iterator[Finding]:
    if facts["symbol"] != instrument.symbol:
        reason = f"it is about {facts['symbol']}"
        yield Finding(Kind.CHANGED, f"manifest of the {facts['kind']}", reason)


def _of_other_bars(recipe: Facts, in_force: Mapping[str, str]) -> Iterator[Finding]:
    told = recipe["bars"]
    strange = sorted(name for name in {*told, *in_force} if told.get(name) != in_force.get(name))
    if strange:
        reason = f"made from other bars than those in force ({', '.join(strange)})"
        yield Finding(Kind.UNFINISHED, "compute_manifest.json", reason)


def _causes(held: Facts, current: Facts) -> tuple[str, ...]:
    """Why a run of today would make other numbers, or might."""
    if is_same_recipe({**held, "bars": {}}, {**current, "bars": {}}):
        return ()
    told = [word for name, word in _CAUSES.items() if held.get(name) != current.get(name)]
    if held["eras"].get("boundaries") != current["eras"]["boundaries"]:
        told.append("eras")
    return tuple(f"made with other {word} than today's" for word in told)


def _digests(documents: Mapping[str, Facts]) -> dict[str, str]:
    told = {f"{kind}_content": one["manifest"]["content_digest"] for kind, one in documents.items()}
    if RESULTS in documents:
        told["recipe"] = documents[RESULTS]["manifest"]["recipe_digest"]
    return told


def _judged_by(verdict: Verdict) -> dict[str, tuple[str, ...]]:
    return {one.timeframe: one.raw_files for one in verdict.series}


def _unjudged(instrument: Instrument) -> dict[str, tuple[str, ...]]:
    return dict.fromkeys(instrument.timeframes, ())


def _verdict(paths: SymbolPaths) -> Verdict | None:
    try:
        return read_verdict(paths)
    except RegimeError:
        return None


def _is_held_back(verdict: Verdict | None) -> bool:
    return verdict is not None and verdict.status == BLOCKED


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
