"""What the gate decided on a symbol, as far as its latest states depend on it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from regime_platform.validation.finding_counts import (
    FindingCounts,
    FindingsBySeries,
    counts_of,
    findings_of,
    questions_of,
)
from regime_platform.validation.verdict import Verdict

_PASSED_SINCE = "it passed since; the next run counts it again"


@dataclass(frozen=True)
class GateNow:
    """What the gate decided on a symbol, as far as its latest states depend on it."""

    blocked: str = ""  # why it blocks newer bars; empty where it does not
    left_out: Mapping[str, str] = field(default_factory=dict)  # of the consensus: timeframe -> why
    findings: Mapping[str, FindingCounts] = field(default_factory=dict)  # by timeframe
    questions: Mapping[str, str] = field(default_factory=dict)  # likewise
    results_pending: str = ""  # why the bars in force are not computed yet; empty where they are
    derived_from: Mapping[str, str] = field(default_factory=dict)  # timeframe -> finer series

    @classmethod
    def of(cls, verdict: Verdict | None, left_out: Iterable[str]) -> Self:
        """Of the verdict in force, and of the timeframes that the results leave out."""
        if verdict is None:
            return cls()
        why = {name: verdict.left_out.get(name, _PASSED_SINCE) for name in left_out}
        findings, derived = findings_of(verdict), verdict.derived_from
        return cls.made(verdict.symbol, verdict.message, why, findings, derived)

    @classmethod
    def made(
        cls,
        symbol: str,
        blocked: str,
        left_out: Mapping[str, str],
        findings: FindingsBySeries,
        derived_from: Mapping[str, str],
    ) -> Self:
        """Of its parts."""
        questions, counts = questions_of(symbol, findings), counts_of(findings)
        return cls(blocked, left_out, counts, questions, derived_from=derived_from)
