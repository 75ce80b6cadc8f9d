"""What a rule is and what it found, as values that go into verdict.json, tables and checks.

The rules themselves are in ``bar_rules`` and ``series_rules``; who is let through is decided in
``gate``.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import polars as pl

#: How many of the rows that break a rule a finding quotes; all of them are kept as rejected rows.
QUOTED = 3


class Severity(StrEnum):
    """What follows when a rule is broken."""

    ERROR = "error"  # the row is rejected and the series is not promoted
    WARNING = "warning"  # reported; the row stays
    SET_ASIDE = "set_aside"  # the row is kept out, and that is in order
    STATUS = "status"  # says something of the series as a whole, and blocks nothing


@dataclass(frozen=True)
class Rule:
    """A named demand on bars."""

    name: str
    severity: Severity
    unit: str  # what is counted: bars, or series
    remedy: str  # one line, an instruction
    reason: pl.Expr  # evaluated on a row that breaks the rule: what is wrong with it


@dataclass(frozen=True)
class Finding:
    """How often one rule was broken; a clean run has one with count 0 for every rule."""

    rule: str
    severity: Severity
    unit: str
    checked: int  # rows the rule looked at; 0 where it could not be asked at all
    count: int
    examples: tuple[str, ...]  # the first rows that break it, with their opens
    remedy: str

    @property
    def is_blocking(self) -> bool:
        """True where the series must not be promoted."""
        return self.severity is Severity.ERROR and self.count > 0

    def facts(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            **asdict(self),
            "severity": self.severity.value,
            "examples": list(self.examples),
        }

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> "Finding":
        """The inverse of ``facts``."""
        severity = Severity(facts["severity"])
        return cls(**{**facts, "severity": severity, "examples": tuple(facts["examples"])})


def finding(rule: Rule, checked: int, count: int, examples: tuple[str, ...] = ()) -> Finding:
    """What ``rule`` found."""
    return Finding(
        rule.name, rule.severity, rule.unit, checked, count, examples[:QUOTED], rule.remedy
    )
