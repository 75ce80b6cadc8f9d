"""A rule on bars, and the finding of a rule on one series, as verdict.json stores it.

The rules are in the modules named ``*_rules``; which rows they keep out is decided in ``gate``.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

import polars as pl

from regime_platform.model.document import Array, Document, Word

#: Rows that a finding quotes at most; all rows that break a rule are stored as rejected rows.
QUOTED = 3


class Severity(StrEnum):
    """What follows when a rule is broken."""

    ERROR = "error"  # the row is rejected and the series is not promoted
    WARNING = "warning"  # reported; the row stays
    SET_ASIDE = "set_aside"  # the row is kept out, and that is in order
    STATUS = "status"  # about the series as a whole; blocks nothing
    OFF = "off"  # not applied, by configuration


@dataclass(frozen=True)
class Rule:
    """A named requirement on bars."""

    name: str
    severity: Severity
    unit: str  # what is counted: bars, sessions or series
    remedy: str  # one line, an instruction
    reason: pl.Expr  # text, evaluated on a row that breaks the rule: what is wrong with it

    @property
    def is_applied(self) -> bool:
        """False where it is switched off."""
        return self.severity is not Severity.OFF

    def at(self, severity: Severity) -> Self:
        """The same rule with another severity."""
        return self if severity is self.severity else replace(self, severity=severity)


class ValidationFinding(Document):
    """How often one rule was broken; a clean run has one with count 0 for every rule."""

    rule: str
    severity: Word[Severity]
    unit: str
    checked: int  # rows the rule was applied to; 0 where it could not be applied
    count: int
    examples: Array[str]  # the first rows that break it, with their opens
    remedy: str
    accepted: int = 0  # breaches that an override accepts; not in ``count``

    @property
    def is_blocking(self) -> bool:
        """True where the series must not be promoted."""
        return self.severity is Severity.ERROR and self.count > 0


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


def finding_of(
    rule: Rule, checked: int, count: int, examples: tuple[str, ...] = (), *, accepted: int = 0
) -> ValidationFinding:
    """The finding of ``rule`` with at most ``QUOTED`` examples."""
    return ValidationFinding(
        rule=rule.name,
        severity=rule.severity,
        unit=rule.unit,
        checked=checked,
        count=count,
        examples=examples[:QUOTED],
        remedy=rule.remedy,
        accepted=accepted,
    )
