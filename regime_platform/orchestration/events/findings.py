"""The check ``findings``: what the gate found in the bars of a symbol, blocking or not.

The check ``gate`` passes where nothing is rejected, however implausible bars are. This one shows
the warnings too, and stops nothing.
"""

from typing import Any

from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.orchestration.events.check_result import CheckResult
from regime_platform.orchestration.events.tables import table
from regime_platform.pipeline.identity import other_instrument
from regime_platform.pipeline.outcomes import SymbolOutcome
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.validation.finding_counts import (
    FindingCounts,
    FindingsBySeries,
    counts_of,
    findings_of,
    questions_of,
    standing_findings,
)


def findings_result(workspace: RunWorkspace, outcome: SymbolOutcome) -> CheckResult | None:
    """The findings of the stored verdict, with counts that Dagster plots over time.

    None where there is no verdict, or the universe names another instrument for the symbol by now.
    """
    instrument, paths = workspace.find(outcome.symbol)
    verdict = read_verdict(paths)
    if verdict is None or other_instrument(paths, instrument):
        return None
    findings = findings_of(verdict)
    counts = counts_of(findings)
    total = FindingCounts.total(counts.values())
    lines = [f"{name}: {each}" for name, each in counts.items() if each.weights]
    return CheckResult(
        passed=not (total.errors or total.warnings),
        reason="; ".join([*lines, *questions_of(outcome.symbol, findings).values()]),
        metadata={
            "errors": total.errors,
            "warnings": total.warnings,
            "accepted": total.accepted,
            "findings": table(_rows(outcome.symbol, findings)),
        },
    )


def _rows(symbol: str, findings: FindingsBySeries) -> list[dict[str, Any]]:
    weightiest_first = sorted(
        standing_findings(findings), key=lambda pair: (not pair[1].is_blocking, -pair[1].count)
    )
    return [
        {
            "rule": finding.rule,
            "severity": finding.severity.value,
            "series": timeframe,
            "count": finding.count,
            "accepted": finding.accepted,
            "first examples": "; ".join(finding.examples),
            "remedy": finding.remedy_for(symbol, timeframe) if finding.count else "",
        }
        for timeframe, finding in weightiest_first
    ]
