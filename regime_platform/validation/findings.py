"""What a rule is and what it found, as values that go into verdict.json, tables and checks.

The rules themselves are in the modules named ``*_rules`` and listed in ``rule_book``; who is let
through is decided in ``gate``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Self

import polars as pl

#: How many of the rows that break a rule a finding quotes; all of them are kept as rejected rows.
QUOTED = 3


class Severity(StrEnum):
    """What follows when a rule is broken."""

    ERROR = "error"  # the row is rejected and the series is not promoted
    WARNING = "warning"  # reported; the row stays
    SET_ASIDE = "set_aside"  # the row is kept out, and that is in order
    STATUS = "status"  # says something of the series as a whole, and blocks nothing
    OFF = "off"  # not asked, by configuration


@dataclass(frozen=True)
class Rule:
    """A named demand on bars."""

    name: str
    severity: Severity
    unit: str  # what is counted: bars, sessions or series
    remedy: str  # one line, an instruction
    reason: pl.Expr  # evaluated on a row that breaks the rule: what is wrong with it

    @property
    def is_asked(self) -> bool:
        """False where it is switched off."""
        return self.severity is not Severity.OFF

    def at(self, severity: Severity) -> Self:
        """The same rule with another severity."""
        return self if severity is self.severity else replace(self, severity=severity)


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
    accepted: int = 0  # what a person declared true, and is therefore not counted

    @property
    def is_blocking(self) -> bool:
        """True where the series must not be promoted."""
        return self.severity is Severity.ERROR and self.count > 0

    def facts(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            **vars(self),
            "severity": self.severity.value,
            "examples": list(self.examples),
        }

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> "Finding":
        """The inverse of ``facts``."""
        severity = Severity(facts["severity"])
        return cls(**{**facts, "severity": severity, "examples": tuple(facts["examples"])})


def worded(template: str, *values: pl.Expr | str) -> pl.Expr:
    """A sentence with each ``{}`` replaced by the row's value; a string names a column.

    ``pl.format`` would do, but in Polars 2.1 it panics on filtered columns that once had nulls.
    """
    texts = template.split("{}")
    parts: list[pl.Expr] = [pl.lit(texts[0])]
    for value, text in zip(values, texts[1:], strict=True):
        column = pl.col(value) if isinstance(value, str) else value
        parts += [column.cast(pl.String).fill_null("null"), pl.lit(text)]
    return pl.concat_str(parts)


def finding(
    rule: Rule, checked: int, count: int, examples: tuple[str, ...] = (), *, accepted: int = 0
) -> Finding:
    """What ``rule`` found."""
    return Finding(
        rule.name,
        rule.severity,
        rule.unit,
        checked,
        count,
        examples[:QUOTED],
        rule.remedy,
        accepted,
    )
