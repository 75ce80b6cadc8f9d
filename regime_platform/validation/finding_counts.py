"""How many findings stand against a series, by their weight, and those that ask for a decision."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Self

from pydantic import Field

from regime_platform.model.document import Document
from regime_platform.validation.findings import Severity, ValidationFinding
from regime_platform.validation.rules.split import UNADJUSTED_SPLIT
from regime_platform.validation.verdict import Verdict

_NAMED = 3  # rules in a text
_WEIGHED = (Severity.ERROR, Severity.WARNING)
#: Rules whose findings are shown with their command wherever the series is shown: what they suspect
#: makes every earlier number wrong, and only an operator can tell.
_ASKING = frozenset({UNADJUSTED_SPLIT.name})


class FindingCounts(Document):
    """The counts of the findings of a series, or of several together.

    Each is a sum over rules of what they count: bars, sessions or series. Accepted ones are not
    among the errors and warnings.
    """

    errors: int = 0
    warnings: int = 0
    accepted: int = 0
    rules: dict[str, int] = Field(default_factory=dict)  # rule -> errors and warnings, errors first

    @classmethod
    def of(cls, findings: Iterable[ValidationFinding]) -> Self:
        """The counts of one series."""
        weighed: dict[Severity, Counter[str]] = {severity: Counter() for severity in _WEIGHED}
        accepted = 0
        for finding in findings:
            accepted += finding.accepted
            if finding.count and finding.severity in weighed:
                weighed[finding.severity][finding.rule] = finding.count
        errors, warnings = weighed.values()
        rules = dict([*errors.most_common(), *warnings.most_common()])
        return cls(errors=errors.total(), warnings=warnings.total(), accepted=accepted, rules=rules)

    @classmethod
    def total(cls, counts: Iterable[Self]) -> Self:
        """The sum over several series."""
        rules: Counter[str] = Counter()
        sums: Counter[str] = Counter()
        for each in counts:
            rules.update(each.rules)
            sums.update(errors=each.errors, warnings=each.warnings, accepted=each.accepted)
        return cls(**sums, rules=dict(rules))

    @property
    def brief(self) -> str:
        """Errors/warnings for narrow tables; empty where there are none."""
        return f"{self.errors}/{self.warnings}" if self.errors or self.warnings else ""

    @property
    def weights(self) -> str:
        """Such as "1 error, 2 warnings"; empty where there are none."""
        words = (("error", self.errors), ("warning", self.warnings))
        standing = [f"{count:,} {word}{'s' * (count > 1)}" for word, count in words if count]
        accepted = [f"{self.accepted:,} accepted"] if self.accepted else []
        return ", ".join(standing + accepted)

    def __str__(self) -> str:
        """The same with the rules in parentheses."""
        named = [f"{rule} {count:,}" for rule, count in list(self.rules.items())[:_NAMED]]
        more = len(self.rules) - _NAMED
        named += [f"{more} more rule{'s' * (more > 1)}"] if more > 0 else []
        return f"{self.weights} ({', '.join(named)})" if named else self.weights


#: Timeframe -> its findings.
FindingsBySeries = Mapping[str, Sequence[ValidationFinding]]


def findings_of(verdict: Verdict | None) -> FindingsBySeries:
    """Those of a verdict; none without one."""
    return {each.timeframe: each.findings for each in (verdict.validated if verdict else ())}


def counts_of(findings: FindingsBySeries) -> dict[str, FindingCounts]:
    """Timeframe -> counts."""
    return {timeframe: FindingCounts.of(each) for timeframe, each in findings.items()}


def warning_rules(findings: Iterable[ValidationFinding]) -> str:
    """The warnings of a series by rule, such as "missing_sessions 12, stale_price 3"."""
    return ", ".join(
        f"{finding.rule} {finding.count}"
        for finding in findings
        if finding.count and finding.severity is Severity.WARNING
    )


def finding_lines(
    symbol: str, counts: Mapping[str, FindingCounts], questions: Mapping[str, str]
) -> Iterator[str]:
    """A line for every timeframe of ``counts`` with findings, and one for its question."""
    for timeframe, each in counts.items():
        if each.weights:
            yield f"{timeframe}: {each}; `regime validate {symbol}` lists them"
        if timeframe in questions:
            yield questions[timeframe]


def standing_findings(findings: FindingsBySeries) -> list[tuple[str, ValidationFinding]]:
    """Timeframe and finding of every error and warning, and of what an override accepts."""
    return [
        (timeframe, finding)
        for timeframe, each in findings.items()
        for finding in each
        if (finding.count and finding.severity in _WEIGHED) or finding.accepted
    ]


def questions_of(symbol: str, findings: FindingsBySeries) -> dict[str, str]:
    """Timeframe -> the finding that asks for a decision, with its first bar and whole command."""
    return {
        timeframe: f"{timeframe}: {finding.examples[0]}; {finding.remedy_for(symbol, timeframe)}"
        for timeframe, finding in standing_findings(findings)
        if finding.rule in _ASKING and finding.count
    }
