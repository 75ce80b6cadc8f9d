"""Findings are counted by their weight, and those that ask for a decision keep their command."""

import pytest

from regime_platform.validation.finding_counts import (
    FindingCounts,
    counts_of,
    finding_lines,
    findings_of,
    questions_of,
    standing_findings,
)
from regime_platform.validation.findings import Severity, ValidationFinding

HALVED = "2013-01-02 unadjusted split? close 100.0 -> open 50.0 is 2:1"
ASKING = "add the split with `regime actions add` if there was one"


def _finding(
    rule: str, count: int, severity: Severity = Severity.WARNING, accepted: int = 0, **other: object
) -> ValidationFinding:
    fields = {"unit": "bars", "checked": 300, "examples": ("2013-01-02 x",), "remedy": "", **other}
    return ValidationFinding.model_validate(
        {"rule": rule, "count": count, "severity": severity, "accepted": accepted, **fields}
    )


FINDINGS = (
    _finding("missing_volume", 2),
    _finding("high_low_order", 1, Severity.ERROR),
    _finding("price_jump", 3, accepted=4),
    _finding("wide_range", 0),
    _finding("minimum_count", 1, Severity.STATUS),
    _finding("unfinished_bar", 5, Severity.SET_ASIDE),
)


def test_errors_and_warnings_count_and_accepted_ones_apart() -> None:
    counts = FindingCounts.of(FINDINGS)

    assert (counts.errors, counts.warnings, counts.accepted) == (1, 5, 4)
    assert list(counts.rules) == ["high_low_order", "price_jump", "missing_volume"]
    assert counts.brief == "1/5"
    assert str(counts) == (
        "1 error, 5 warnings, 4 accepted (high_low_order 1, price_jump 3, missing_volume 2)"
    )


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        (FindingCounts(), ""),
        (FindingCounts(accepted=1), "1 accepted"),
        (FindingCounts(warnings=1, rules={"a": 1}), "1 warning (a 1)"),
        (
            FindingCounts(warnings=1003, rules={"a": 1000, "b": 1, "c": 1, "d": 1}),
            "1,003 warnings (a 1,000, b 1, c 1, 1 more rule)",
        ),
    ],
)
def test_the_text_names_the_rules_with_most(counts: FindingCounts, text: str) -> None:
    assert str(counts) == text


def test_the_total_of_several_series_adds_each_rule() -> None:
    total = FindingCounts.total([FindingCounts.of(FINDINGS)] * 2)

    assert (total.errors, total.warnings, total.accepted) == (2, 10, 8)
    assert total.rules["price_jump"] == 6


def test_what_stands_has_accepted_findings_and_no_other_rule() -> None:
    rules = [finding.rule for _, finding in standing_findings({"1day": FINDINGS})]

    assert rules == ["missing_volume", "high_low_order", "price_jump"]


def test_a_possible_split_is_shown_with_the_command_that_adds_it() -> None:
    split = _finding("unadjusted_split", 1, examples=(HALVED,), remedy=ASKING)
    findings = {"1day": (*FINDINGS, split)}

    *counted, question = finding_lines("AAA", counts_of(findings), questions_of("AAA", findings))

    assert [line.split(" (")[0] for line in counted] == ["1day: 1 error, 6 warnings, 4 accepted"]
    assert question.startswith(f"1day: {HALVED}; add the split with ")
    assert "`regime actions add AAA split 2013-01-02 2:1 --reason TEXT`" in question


def test_without_a_verdict_there_are_none() -> None:
    assert findings_of(None) == {}
