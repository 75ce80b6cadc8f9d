"""The rule on series that are built from finer bars: these must be accepted, and fit.

A finding is made where the series is built, since it is about the bars of another one.
"""

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from regime_platform.validation.findings import Rule, Severity, ValidationFinding, finding_of

FINER_BARS = Rule(
    "finer_bars",
    Severity.ERROR,
    "settle what the gate found in the bars that it is built from",
    pl.lit(""),
    unit="series",
)


def finer_blocked(finer: str, findings: Sequence[ValidationFinding]) -> ValidationFinding:
    """The finding on a series built from ``finer`` bars, which some of their ``findings`` block."""
    worst = max((each for each in findings if each.is_blocking), key=lambda each: each.count)
    what = f"{finer}: {worst.rule}, {worst.count:,} {worst.counted_unit}: {worst.examples[0]}"
    rule = replace(FINER_BARS, remedy=worst.remedy_for("SYMBOL", finer))
    return finding_of(rule, 1, 1, (what,))


def finer_unfit(reason: str) -> ValidationFinding:
    """The finding on a series that cannot be built, for a ``reason`` that ends in the remedy."""
    what, _, remedy = reason.partition("; ")
    rule = replace(FINER_BARS, severity=Severity.WARNING, remedy=remedy)
    return finding_of(rule, 1, 1, (what,))
