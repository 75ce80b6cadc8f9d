"""What each check says of one symbol, read from what the stages wrote: verdict and manifests."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import dagster as dg

from regime_platform.compute_db.reader import read_lineage
from regime_platform.files import read_json
from regime_platform.orchestration.tables import brief, table
from regime_platform.pipeline.outcomes import Stage, WalkOutcome
from regime_platform.pipeline.platform import Platform
from regime_platform.pipeline.promote import read_verdict
from regime_platform.validation.gate import BLOCKED


@dataclass(frozen=True)
class Evidence:
    """A judgement, the reason where it is bad, and what backs it."""

    passed: bool
    reason: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)


def gate_evidence(platform: Platform, outcome: WalkOutcome) -> Evidence | None:
    """The stored verdict, rule by rule."""
    verdict = read_verdict(platform, outcome.symbol)
    if verdict is None:
        return None
    findings = [
        {
            "timeframe": series.timeframe,
            "rule": found.rule,
            "severity": found.severity.value,
            "count": found.count,
            "of": found.checked,
            "worst example": next(iter(found.examples), ""),
            "remedy": found.remedy if found.count else "",
        }
        for series in verdict.series
        for found in series.findings
    ]
    findings.sort(key=lambda row: not row["count"])  # what was found, before what was not
    statuses = [
        {
            "timeframe": series.timeframe,
            "status": series.status,
            "rows": series.rows_in,
            "valid": series.valid,
            "rejected": series.rejected,
            "set aside": series.set_aside,
            "reason": series.reason,
        }
        for series in verdict.series
    ]
    return Evidence(
        passed=not any(series.status == BLOCKED for series in verdict.series),
        reason=verdict.reason,
        metadata={"timeframes": table(statuses), "rules": table(findings)},
    )


def promoted_evidence(platform: Platform, outcome: WalkOutcome) -> Evidence | None:
    """The digests that compute read, against those that the gate promoted."""
    verdict = read_verdict(platform, outcome.symbol)
    computed = _computed_from(platform, outcome)
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


def complete_evidence(platform: Platform, outcome: WalkOutcome) -> Evidence | None:
    """The manifests that should be there, and whether they are about the results that are there."""
    paths = platform.root.symbol(outcome.symbol)
    missing = [one.name for one in (paths.manifest, paths.compute_manifest) if not one.exists()]
    files = {
        "manifest": dg.MetadataValue.path(paths.manifest),
        "compute_manifest": dg.MetadataValue.path(paths.compute_manifest),
    }
    if missing:
        return Evidence(False, f"missing: {', '.join(missing)}; run manifests", files)
    described = read_json(paths.compute_manifest)["manifest"]["tables"]
    if described != _tables(platform, outcome):
        return Evidence(False, "the manifest describes other results; run manifests", files)
    return Evidence(True, "", files)


def _computed_from(platform: Platform, outcome: WalkOutcome) -> dict[str, str] | None:
    # What derive has just said spares opening the database, which costs more than the rest.
    if outcome.derive is not None:
        return {one.timeframe: one.bars_digest for one in outcome.derive.series}
    path = platform.root.symbol(outcome.symbol).compute_db
    if not path.exists():
        return None
    return {one["timeframe"]: one["bars_digest"] for one in read_lineage(path)["series"]}


def _tables(platform: Platform, outcome: WalkOutcome) -> dict[str, str]:
    if outcome.derive is not None:
        return dict(outcome.derive.tables)
    tables: dict[str, str] = read_lineage(platform.root.symbol(outcome.symbol).compute_db)["tables"]
    return tables


EVIDENCE: Mapping[Stage, Callable[[Platform, WalkOutcome], Evidence | None]] = MappingProxyType(
    {
        Stage.VALIDATED_BARS: gate_evidence,
        Stage.COMPUTE_DB: promoted_evidence,
        Stage.MANIFESTS: complete_evidence,
    }
)
