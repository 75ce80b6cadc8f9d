"""The results of the checks of one symbol, read from its stored verdict and manifests."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import dagster as dg

from regime_platform.audit.verify.verify import manifest_findings
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.compute_db.reader import read_lineage
from regime_platform.orchestration.events.tables import brief, table
from regime_platform.pipeline.identity import other_instrument
from regime_platform.pipeline.outcomes import Stage, SymbolOutcome
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.validation.findings import ValidationFinding
from regime_platform.validation.gate import BLOCKED
from regime_platform.validation.verdict import Verdict


@dataclass(frozen=True)
class CheckResult:
    """Whether a check passed, the reason where it did not, and the metadata shown with it."""

    passed: bool
    reason: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)


def gate_result(workspace: RunWorkspace, outcome: SymbolOutcome) -> CheckResult | None:
    """The stored verdict: a row for every rule, with or without findings.

    It is not read where the universe names another instrument for the symbol by now.
    """
    instrument, paths = workspace.find(outcome.symbol)
    reason = other_instrument(paths, instrument)
    if reason:
        return CheckResult(passed=False, reason=reason)
    verdict = read_verdict(paths)
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
    return CheckResult(
        passed=not any(series.status == BLOCKED for series in verdict.series),
        reason=verdict.reason,
        metadata={"timeframes": table(statuses), "rules": table(_rules(verdict))},
    )


def _rules(verdict: Verdict) -> list[dict[str, Any]]:
    by_rule: dict[str, list[tuple[str, ValidationFinding]]] = {}
    for series in verdict.series:
        for finding in series.findings:
            by_rule.setdefault(finding.rule, []).append((series.timeframe, finding))
    rows = [_rule(rule, findings) for rule, findings in by_rule.items()]
    rows.sort(key=lambda row: not row["count"])  # rules with findings first
    return rows


def _rule(rule: str, findings: list[tuple[str, ValidationFinding]]) -> dict[str, Any]:
    timeframe, worst = max(findings, key=lambda pair: (pair[1].is_blocking, pair[1].count))
    counts = [f"{name} {finding.count:,}" for name, finding in findings if finding.count]
    return {
        "rule": rule,
        "severity": worst.severity.value,
        "count": sum(finding.count for _name, finding in findings),
        "where": ", ".join(counts),
        "worst example": f"{timeframe} {worst.examples[0]}" if worst.examples else "",
        "remedy": worst.remedy if worst.count else "",
        "accepted": sum(finding.accepted for _name, finding in findings),
        "checked": sum(finding.checked for _name, finding in findings),
    }


def input_result(workspace: RunWorkspace, outcome: SymbolOutcome) -> CheckResult | None:
    """The digests of the bars that the results were computed from, against the promoted ones."""
    verdict = read_verdict(workspace.root.symbol(outcome.symbol))
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
    other = [str(row["timeframe"]) for row in rows if not row["is equal"]]
    reason = f"results of other bars than the promoted ones: {', '.join(other)}; run compute_db"
    return CheckResult(not other, reason if other else "", {"timeframes": table(rows)})


def manifests_result(workspace: RunWorkspace, outcome: SymbolOutcome) -> CheckResult | None:
    """Whether both manifests exist and name the stored results."""
    paths = workspace.root.symbol(outcome.symbol)
    missing = [path.name for path in (paths.manifest, paths.compute_manifest) if not path.exists()]
    files = {
        "manifest": dg.MetadataValue.path(paths.manifest),
        "compute_manifest": dg.MetadataValue.path(paths.compute_manifest),
    }
    if missing:
        return CheckResult(False, f"missing: {', '.join(missing)}; run manifests", files)
    tables = outcome.compute.tables if outcome.compute is not None else None
    faults = [f"{finding.what} {finding.reason}" for finding in manifest_findings(paths, tables)]
    reason = f"{'; '.join(faults)}; run manifests, or `regime verify`" if faults else ""
    return CheckResult(not faults, reason, files)


def _computed_from(workspace: RunWorkspace, outcome: SymbolOutcome) -> dict[str, str] | None:
    # the outcome of the run saves opening the database, which costs more than all other checks
    if outcome.compute is not None:
        return {series.timeframe: series.bars_digest for series in outcome.compute.series}
    path = workspace.root.symbol(outcome.symbol).compute_db
    if not path.exists():
        return None
    return {series.timeframe: series.bars_digest for series in read_lineage(path).series}


CHECK_RESULTS: Mapping[Stage, Callable[[RunWorkspace, SymbolOutcome], CheckResult | None]] = (
    MappingProxyType(
        {
            Stage.VALIDATED_BARS: gate_result,
            Stage.COMPUTE_DB: input_result,
            Stage.MANIFESTS: manifests_result,
        }
    )
)
