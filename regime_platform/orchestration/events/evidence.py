"""What each check says of one symbol, read from what the stages wrote: verdict and manifests."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import dagster as dg

from regime_platform.audit.verify.verify import manifest_findings
from regime_platform.compute_db.reader import read_lineage
from regime_platform.orchestration.events.tables import brief, table
from regime_platform.pipeline.gate.promote import read_verdict
from regime_platform.pipeline.identity import other_instrument
from regime_platform.pipeline.outcomes import Stage, SymbolOutcome
from regime_platform.pipeline.platform import RunWorkspace
from regime_platform.validation.findings import ValidationFinding
from regime_platform.validation.gate import BLOCKED
from regime_platform.validation.verdict import Verdict


@dataclass(frozen=True)
class Evidence:
    """A judgement, the reason where it is bad, and what backs it."""

    passed: bool
    reason: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)


def gate_evidence(workspace: RunWorkspace, outcome: SymbolOutcome) -> Evidence | None:
    """The stored verdict: a row for every rule, whether it found anything or not.

    Where the symbol means another instrument by now, it is not asked.
    """
    reason = other_instrument(workspace.root, workspace.universe.instrument(outcome.symbol))
    if reason:
        return Evidence(passed=False, reason=reason)
    verdict = read_verdict(workspace, outcome.symbol)
    if verdict is None:
        return None
    statuses = [
        {
            "timeframe": series.timeframe,
            "status": series.status,
            "rows": series.rows_in,
            "valid": series.valid,
            "rejected": series.rejected,
            "set aside": series.set_aside,
            "anchor": series.anchor,
            "reason": series.reason,
        }
        for series in verdict.series
    ]
    return Evidence(
        passed=not any(series.status == BLOCKED for series in verdict.series),
        reason=verdict.reason,
        metadata={"timeframes": table(statuses), "rules": table(_rules(verdict))},
    )


def _rules(verdict: Verdict) -> list[dict[str, Any]]:
    found: dict[str, list[tuple[str, ValidationFinding]]] = {}
    for series in verdict.series:
        for finding in series.findings:
            found.setdefault(finding.rule, []).append((series.timeframe, finding))
    rows = [_rule(rule, told) for rule, told in found.items()]
    rows.sort(key=lambda row: not row["count"])  # what was found, before what was not
    return rows


def _rule(rule: str, told: list[tuple[str, ValidationFinding]]) -> dict[str, Any]:
    timeframe, worst = max(told, key=lambda one: (one[1].is_blocking, one[1].count))
    counts = [f"{name} {one.count:,}" for name, one in told if one.count]
    return {
        "rule": rule,
        "severity": worst.severity.value,
        "count": sum(one.count for _name, one in told),
        "where": ", ".join(counts),
        "worst example": f"{timeframe} {worst.examples[0]}" if worst.examples else "",
        "remedy": worst.remedy if worst.count else "",
        "accepted": sum(one.accepted for _name, one in told),
        "checked": sum(one.checked for _name, one in told),
    }


def promoted_evidence(workspace: RunWorkspace, outcome: SymbolOutcome) -> Evidence | None:
    """The digests that compute read, against those that the gate promoted."""
    verdict = read_verdict(workspace, outcome.symbol)
    computed = _computed_from(workspace, outcome)
    if computed is None or verdict is None:
        return None
    promoted = {timeframe: series.digest for timeframe, series in verdict.promoted.items()}
    rows = [
        {
            "timeframe": timeframe,
            "is equal": digest == promoted.get(timeframe, ""),
            "computed from": brief(digest),
            "promoted": brief(promoted.get(timeframe, "")),
        }
        for timeframe, digest in computed.items()
    ]
    strange = [str(row["timeframe"]) for row in rows if not row["is equal"]]
    reason = f"results of other bars than the promoted ones: {', '.join(strange)}; run compute_db"
    return Evidence(not strange, reason if strange else "", {"timeframes": table(rows)})


def complete_evidence(workspace: RunWorkspace, outcome: SymbolOutcome) -> Evidence | None:
    """The manifests that should be there, and whether they are about the results that are there."""
    paths = workspace.root.symbol(outcome.symbol)
    missing = [one.name for one in (paths.manifest, paths.compute_manifest) if not one.exists()]
    files = {
        "manifest": dg.MetadataValue.path(paths.manifest),
        "compute_manifest": dg.MetadataValue.path(paths.compute_manifest),
    }
    if missing:
        return Evidence(False, f"missing: {', '.join(missing)}; run manifests", files)
    tables = outcome.compute.tables if outcome.compute is not None else None
    wrong = [
        f"{manifest_finding.what} {manifest_finding.reason}"
        for manifest_finding in manifest_findings(paths, tables)
    ]
    reason = f"{'; '.join(wrong)}; run manifests, or `regime verify`" if wrong else ""
    return Evidence(not wrong, reason, files)


def _computed_from(workspace: RunWorkspace, outcome: SymbolOutcome) -> dict[str, str] | None:
    # What derive has just said spares opening the database, which costs more than the rest.
    if outcome.compute is not None:
        return {series.timeframe: series.bars_digest for series in outcome.compute.series}
    path = workspace.root.symbol(outcome.symbol).compute_db
    if not path.exists():
        return None
    return {series["timeframe"]: series["bars_digest"] for series in read_lineage(path)["series"]}


EVIDENCE: Mapping[Stage, Callable[[RunWorkspace, SymbolOutcome], Evidence | None]] = (
    MappingProxyType(
        {
            Stage.VALIDATED_BARS: gate_evidence,
            Stage.COMPUTE_DB: promoted_evidence,
            Stage.MANIFESTS: complete_evidence,
        }
    )
)
