"""The gate: which rows may become canonical bars, which may not, and why.

Law: valid and rejected rows together are the input, each in the input's order and unchanged;
nothing is repaired, nothing is filled in, and what has passed passes again. What a verdict makes of
the result is in ``verdict``; what needs several series, or fetches, to see is in ``comparison``.
"""

from dataclasses import dataclass, field

import polars as pl

from regime_platform.validation.findings import Severity, ValidationFinding, finding
from regime_platform.validation.judge import Judge
from regime_platform.validation.marks import REJECTED, SET_ASIDE, broken, found, rejected_rows
from regime_platform.validation.policy import STANDARD, Standard
from regime_platform.validation.rules.calendar import (
    MISSING_BARS,
    MISSING_SESSIONS,
    coverage,
    no_gaps,
)
from regime_platform.validation.rules.series import MINIMUM_BARS, SCHEMA, TOO_SHORT, schema_faults

#: Raise it when a rule is added or judges otherwise: verdicts of another version are judged anew.
RULES_VERSION = 4

PASSED = "passed"
BLOCKED = "blocked"
NO_BARS = "no_bars"


@dataclass(frozen=True)
class GateResult:
    """What the gate made of the rows of one series.

    ``rejected`` has the input's columns and ``disposition`` (rejected or set_aside), ``rule`` (the
    first one broken) and ``reason`` (all of them, in words).
    """

    valid: pl.DataFrame
    rejected: pl.DataFrame
    findings: tuple[ValidationFinding, ...]
    anchor: str = ""  # where intraday bars start: session or clock
    gaps: pl.DataFrame = field(default_factory=no_gaps)  # see calendar_rules.Coverage

    @property
    def status(self) -> str:
        """Blocked by any finding; else passed, where there are bars."""
        if any(one.is_blocking for one in self.findings):
            return BLOCKED
        return PASSED if self.valid.height else NO_BARS

    @property
    def rejected_rows(self) -> int:
        """Rows that are wrong, and block the series."""
        return self._disposed(REJECTED)

    @property
    def set_aside_rows(self) -> int:
        """Rows in order but not for the canonical bars: still forming, repeated or excluded."""
        return self._disposed(SET_ASIDE)

    def _disposed(self, disposition: str) -> int:
        return int(self.rejected["disposition"].eq(disposition).sum())


def gate(
    rows: pl.DataFrame, *, timeframe: str, asset_class: str, standard: Standard = STANDARD
) -> GateResult:
    """Judges the rows of one series: ``BAR_SCHEMA`` and their ``fetched_at`` and ``batch``."""
    judge = Judge(timeframe, asset_class, standard)
    faults = schema_faults(rows)
    if faults:
        return _unreadable(rows, faults, judge)
    marks = judge.alone(rows)
    out = broken(marks, Severity.ERROR, rows.height) | broken(
        marks, Severity.SET_ASIDE, rows.height
    )
    sound = rows.filter(~out) if out.any() else rows
    covered = coverage(sound["ts"], timeframe, asset_class)
    marks += judge.among_others(rows, sound, out, covered)
    wrong = broken(marks, Severity.ERROR, rows.height)
    valid = rows.filter(~(wrong | out))
    findings = (
        finding(SCHEMA, rows.height, 0),
        *(found(rows, mark, timeframe) for mark in marks),
        judge.missing(MISSING_SESSIONS, covered),
        judge.missing(MISSING_BARS, covered),
        _length(valid.height),
    )
    rejected = rejected_rows(rows, marks, wrong)
    return GateResult(valid, rejected, findings, covered.anchor, covered.gaps)


def _length(valid: int) -> ValidationFinding:
    if valid >= MINIMUM_BARS:
        return finding(TOO_SHORT, valid, 0)
    return finding(TOO_SHORT, valid, 1, (f"{valid} of at least {MINIMUM_BARS} bars",))


def _unreadable(rows: pl.DataFrame, faults: tuple[str, ...], judge: Judge) -> GateResult:
    """Nothing can be asked of a frame of another shape, so no row of it passes."""
    told = finding(SCHEMA, rows.height, max(1, rows.height), faults)
    rejected = rows.with_columns(
        disposition=pl.lit(REJECTED), rule=pl.lit(SCHEMA.name), reason=pl.lit("; ".join(faults))
    )
    others = tuple(finding(rule, 0, 0) for rule in (*judge.rules(), TOO_SHORT))
    return GateResult(rows.clear(), rejected, (told, *others))
