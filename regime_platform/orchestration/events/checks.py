"""The asset checks of a symbol, which report what its stages have stored.

Compute itself refuses bars that the gate did not promote, so no stage depends on these checks:
Dagster's blocking checks act only within one run and only after the asset was written. ``blocking``
on the spec is shown as a shield in the UI; on the event it would fail the step.
"""

import warnings
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import dagster as dg

from regime_platform.audit.verify.verification import FindingKind, Verification
from regime_platform.audit.verify.verify import manifest_findings, verify
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.compute_db.reader import read_lineage
from regime_platform.errors import failure_reason
from regime_platform.orchestration.events.check_result import CheckResult
from regime_platform.orchestration.events.findings import findings_result
from regime_platform.orchestration.events.tables import brief, table
from regime_platform.orchestration.instance.check_targets import CheckTargets
from regime_platform.orchestration.instance.shown_states import ShownStates
from regime_platform.pipeline.identity import other_instrument
from regime_platform.pipeline.outcomes import Stage, Status, SymbolOutcome
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.validation.findings import ValidationFinding
from regime_platform.validation.gate import BLOCKED
from regime_platform.validation.verdict import Verdict


def gate_result(workspace: RunWorkspace, outcome: SymbolOutcome) -> CheckResult | None:
    """The stored verdict: a row for every rule, with or without findings.

    It is not read where the universe names another instrument for the symbol by now.
    """
    instrument, paths = workspace.find(outcome.symbol)
    reason = other_instrument(paths, instrument)
    if reason:
        return CheckResult(passed=False, reason=reason)
    verdict = read_verdict(paths)
    if outcome.promote is not None and outcome.promote.status is Status.NO_BARS:
        return CheckResult(passed=False, reason=outcome.promote.reason)
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
            "built from": series.derived_from or "",
            "reason": series.message(verdict.symbol),
        }
        for series in verdict.validated
    ]
    return CheckResult(
        passed=not any(series.status == BLOCKED for series in verdict.series),
        reason=verdict.message,
        metadata={"timeframes": table(statuses), "rules": table(_rules(verdict))},
    )


def _rules(verdict: Verdict) -> list[dict[str, Any]]:
    by_rule: dict[str, list[tuple[str, ValidationFinding]]] = {}
    for series in verdict.validated:
        for finding in series.findings:
            by_rule.setdefault(finding.rule, []).append((series.timeframe, finding))
    rows = [_rule(verdict.symbol, rule, findings) for rule, findings in by_rule.items()]
    rows.sort(key=lambda row: not row["count"])  # rules with findings first
    return rows


def _rule(symbol: str, rule: str, findings: list[tuple[str, ValidationFinding]]) -> dict[str, Any]:
    timeframe, worst = max(findings, key=lambda pair: (pair[1].is_blocking, pair[1].count))
    counts = [f"{name} {finding.count:,}" for name, finding in findings if finding.count]
    return {
        "rule": rule,
        "severity": worst.severity.value,
        "count": sum(finding.count for _name, finding in findings),
        "where": ", ".join(counts),
        "worst example": f"{timeframe} {worst.examples[0]}" if worst.examples else "",
        "remedy": worst.remedy_for(symbol, timeframe) if worst.count else "",
        "accepted": sum(finding.accepted for _name, finding in findings),
        "checked": sum(finding.checked for _name, finding in findings),
    }


def input_result(workspace: RunWorkspace, outcome: SymbolOutcome) -> CheckResult | None:
    """The digests of the bars that the results were computed from, against the promoted ones."""
    verdict = read_verdict(workspace.root.symbol(outcome.symbol))
    computed = _computed_from(workspace, outcome)
    if computed is None or verdict is None:
        return None
    promoted = verdict.bars_digests
    rows = [
        {
            "timeframe": timeframe,
            "is equal": digest == promoted.get(timeframe, ""),
            "computed from": brief(digest),
            "promoted": brief(promoted.get(timeframe, "")),
            "left out": timeframe in verdict.left_out,
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


@dataclass(frozen=True)
class _SymbolCheck:
    """One of the checks of a symbol."""

    stage: Stage
    name: str
    text: str
    result: Callable[[RunWorkspace, SymbolOutcome], CheckResult | None]  # None: nothing is stored
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR
    is_blocking: bool = False
    #: False where a failure of its stage is shown by another check.
    shows_failure: bool = True
    #: True where it would report something else than before although its stage did nothing.
    has_changed: Callable[[SymbolOutcome], bool] = lambda _outcome: False

    @property
    def key(self) -> dg.AssetCheckKey:
        """Its key in the graph."""
        return dg.AssetCheckKey(dg.AssetKey(self.stage.value), self.name)


_IS_COMPLETE = _SymbolCheck(
    Stage.MANIFESTS,
    "is_complete",
    "Both manifests exist and name the stored results.",
    manifests_result,
)
_CHECKS = (
    _SymbolCheck(
        Stage.VALIDATED_BARS,
        "gate",
        "Every rule over every timeframe; a blocked series keeps its last good bars.",
        gate_result,
        is_blocking=True,
    ),
    _SymbolCheck(
        Stage.VALIDATED_BARS,
        "findings",
        "Errors and warnings of the gate against the bars; `regime validate` lists them.",
        findings_result,
        dg.AssetCheckSeverity.WARN,
        shows_failure=False,
        has_changed=lambda outcome: bool(outcome.promote and outcome.promote.has_other_findings),
    ),
    _SymbolCheck(
        Stage.COMPUTE_DB,
        "input_is_promoted",
        "The results were computed from exactly the bars that the gate promoted.",
        input_result,
    ),
    _IS_COMPLETE,
)
CHECK_KEYS = frozenset(check.key for check in _CHECKS)


def check_specs(partitions: dg.PartitionsDefinition[str]) -> list[dg.AssetCheckSpec]:
    """The checks of a symbol, partitioned as their assets are."""
    with warnings.catch_warnings():
        # Partitioned checks are a preview in 1.13; test_upstream.py pins what is relied on.
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return [
            dg.AssetCheckSpec(
                check.name,
                asset=check.stage.value,
                description=check.text,
                blocking=check.is_blocking,
                partitions_def=partitions,
            )
            for check in _CHECKS
        ]


def check_evaluations(
    workspace: RunWorkspace,
    outcome: SymbolOutcome,
    stages: Iterable[Stage],
    checks: Collection[dg.AssetCheckKey],
    targets: CheckTargets,
) -> Iterator[dg.AssetCheckEvaluation]:
    """The results of those ``checks`` of a symbol that are of ``stages`` and have something stored.

    Yield them after the materialisations, which they refer to.
    """
    reported = tuple(stages)
    for check in _CHECKS:
        if check.stage in reported and check.key in checks:
            result = _result(workspace, outcome, check)
            if result is not None:
                yield _evaluation(check, result, outcome.symbol, targets)


def outdated_evaluations(
    workspace: RunWorkspace,
    outcome: SymbolOutcome,
    stages: Iterable[Stage],
    targets: CheckTargets,
    shown: ShownStates,
) -> Iterator[dg.AssetCheckEvaluation]:
    """The results of stages that did nothing, where Dagster shows others or none.

    A failed check of a good symbol is evaluated again; warnings change with the findings alone.
    """
    reached = tuple(stages)
    for check in _CHECKS:
        if check.stage not in reached:
            continue
        is_passed = shown.passed(check.key, outcome.symbol)
        is_failed = is_passed is False and check.severity is dg.AssetCheckSeverity.ERROR
        is_doubtful = outcome.status.is_good and (is_passed is None or is_failed)
        has_changed = check.has_changed(outcome)
        if is_doubtful or has_changed:
            result = _result(workspace, outcome, check)
            if is_failed and check is _IS_COMPLETE:  # hashing alone detects what failed it
                result = verified_result(verify(workspace, workspace.find(outcome.symbol)[0]))
            if result is not None and (has_changed or not is_failed or result.passed):
                yield _evaluation(check, result, outcome.symbol, targets)


def _result(
    workspace: RunWorkspace, outcome: SymbolOutcome, check: _SymbolCheck
) -> CheckResult | None:
    try:
        result = check.result(workspace, outcome)
    except Exception as error:  # noqa: BLE001 - one symbol's damaged file must not stop others
        result = CheckResult(passed=False, reason=failure_reason(error, outcome.symbol))
    is_failure = not outcome.status.is_good and outcome.stage is check.stage
    if is_failure and check.shows_failure and (result is None or result.passed):
        metadata = {} if result is None else result.metadata
        return CheckResult(passed=False, reason=outcome.reason, metadata=metadata)
    return result


def verified_result(proof: Verification) -> CheckResult:
    """The result of ``is_complete`` by a verification; what the next run finishes is no damage."""
    has_passed = not proof.is_damaged and proof.result != FindingKind.NO_BARS
    line = "" if has_passed else f"{proof.reason}; {proof.remedy}"
    counts = {"files": proof.files, "bars": proof.bars, "rows": proof.rows}
    return CheckResult(has_passed, line, counts)


def verified(result: CheckResult, symbol: str, targets: CheckTargets) -> dg.AssetCheckEvaluation:
    """The event of a verification of one symbol."""
    return _evaluation(_IS_COMPLETE, result, symbol, targets)


def _evaluation(
    check: _SymbolCheck, result: CheckResult, symbol: str, targets: CheckTargets
) -> dg.AssetCheckEvaluation:
    key = check.key
    return dg.AssetCheckEvaluation(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=result.passed,
        partition=symbol,
        severity=check.severity,
        blocking=False,
        description=result.reason,
        metadata=result.metadata,
        target_materialization_data=targets.of(key.asset_key, symbol),
    )
