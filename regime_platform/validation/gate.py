"""The gate: which rows may become canonical bars, which may not, and why.

Law: valid and rejected rows together are the input, each in the input's order and unchanged;
nothing is repaired, and what has passed passes again. What a verdict makes of the result is in
``verdict``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from regime_platform.validation.bar_rules import bar_rules, finished_when_fetched, opens_text
from regime_platform.validation.findings import QUOTED, Finding, Rule, Severity, finding
from regime_platform.validation.series_rules import (
    CONTRADICTION,
    MINIMUM_BARS,
    NOT_INCREASING,
    REPETITION,
    SCHEMA,
    TOO_SHORT,
    UNFINISHED,
    duplicates,
    is_strictly_increasing,
    not_increasing,
    schema_faults,
)

#: Raise it when a rule is added or judges otherwise: verdicts of another version are judged anew.
RULES_VERSION = 1

PASSED = "passed"
BLOCKED = "blocked"
NO_BARS = "no_bars"

REJECTED = "rejected"
SET_ASIDE = "set_aside"

_Mark = tuple[Rule, pl.Series]


@dataclass(frozen=True)
class GateResult:
    """What the gate made of the rows of one series.

    ``rejected`` has the input's columns and ``disposition`` (rejected or set_aside), ``rule`` (the
    first one broken) and ``reason`` (all of them, in words).
    """

    valid: pl.DataFrame
    rejected: pl.DataFrame
    findings: tuple[Finding, ...]
    status: str

    @property
    def rejected_rows(self) -> int:
        """Rows that are wrong, and block the series."""
        return self._disposed(REJECTED)

    @property
    def set_aside_rows(self) -> int:
        """Rows that are in order but not for the canonical bars: still forming, or repeated."""
        return self._disposed(SET_ASIDE)

    def _disposed(self, disposition: str) -> int:
        return int(self.rejected["disposition"].eq(disposition).sum())


def gate(rows: pl.DataFrame, *, timeframe: str, asset_class: str) -> GateResult:
    """Judges the rows of one series: ``BAR_SCHEMA`` and their ``fetched_at`` and ``batch``."""
    faults = schema_faults(rows)
    if faults:
        return _unreadable(rows, faults, _names(timeframe, asset_class))
    marks = _marks(rows, timeframe, asset_class)
    wrong = _any(marks, Severity.ERROR, rows.height)
    aside = _any(marks, Severity.SET_ASIDE, rows.height)
    out = wrong | aside
    valid = rows.filter(~out)
    findings = (
        finding(SCHEMA, rows.height, 0),
        *(_finding(rows, mark, timeframe) for mark in marks),
        _length(valid.height),
    )
    return GateResult(valid, _rejected(rows, marks, wrong, out), findings, _status(valid, findings))


def _marks(rows: pl.DataFrame, timeframe: str, asset_class: str) -> list[_Mark]:
    """For every rule, in the order in which a row names its first fault, the rows that break it.

    A forming bar is not judged at all, except that it must have begun.
    """
    rules = bar_rules(timeframe, asset_class)
    broken = rows.select(rule.breaks.alias(rule.name) for rule in rules)
    forming = ~(finished_when_fetched(rows, timeframe, asset_class) | broken["future_bar"])
    marks: list[_Mark] = [(rule, broken[rule.name] & ~forming) for rule in rules]
    if is_strictly_increasing(rows["ts"]):
        nothing = pl.repeat(value=False, n=rows.height, eager=True)
        contradicts = repeats = unsorted = nothing
    else:
        contradicts, repeats = duplicates(rows, ~forming)
        wrong = _any(marks, Severity.ERROR, rows.height)
        unsorted = not_increasing(rows, ~(forming | wrong | contradicts | repeats))
    return [
        *marks,
        (CONTRADICTION, contradicts),
        (NOT_INCREASING, unsorted),
        (UNFINISHED, forming),
        (REPETITION, repeats),
    ]


def _any(marks: Sequence[_Mark], severity: Severity, height: int) -> pl.Series:
    total = pl.repeat(value=False, n=height, eager=True)
    for rule, mask in marks:
        if rule.severity is severity:
            total |= mask
    return total


def _finding(rows: pl.DataFrame, mark: _Mark, timeframe: str) -> Finding:
    rule, mask = mark
    count = int(mask.sum())
    if count == 0:
        return finding(rule, rows.height, 0)
    first = rows.filter(mask).head(QUOTED)
    told = first.select(pl.concat_str(opens_text(timeframe), rule.reason, separator=" "))
    return finding(rule, rows.height, count, tuple(told.to_series().to_list()))


def _rejected(
    rows: pl.DataFrame, marks: Sequence[_Mark], wrong: pl.Series, out: pl.Series
) -> pl.DataFrame:
    """The rows kept out, each once, with its first broken rule and the words of all."""
    telling = [(rule, mask) for rule, mask in marks if rule.severity is not Severity.WARNING]
    kept_out = rows.filter(out)
    masks = {rule.name: mask.filter(out) for rule, mask in telling if mask.any()}
    rules = [rule for rule, _ in telling if rule.name in masks]
    if not rules:
        return _with_verdict(kept_out, pl.lit(SET_ASIDE), pl.lit(""), pl.lit(""))
    return _with_verdict(
        kept_out.with_columns(pl.Series(f"breaks {name}", mask) for name, mask in masks.items()),
        pl.when(pl.lit(wrong.filter(out))).then(pl.lit(REJECTED)).otherwise(pl.lit(SET_ASIDE)),
        pl.coalesce(
            pl.when(pl.col(f"breaks {rule.name}")).then(pl.lit(rule.name)) for rule in rules
        ),
        pl.concat_str(
            [pl.when(pl.col(f"breaks {rule.name}")).then(rule.reason) for rule in rules],
            separator="; ",
            ignore_nulls=True,
        ),
    ).drop(f"breaks {name}" for name in masks)


def _with_verdict(
    rows: pl.DataFrame, disposition: pl.Expr, rule: pl.Expr, reason: pl.Expr
) -> pl.DataFrame:
    return rows.with_columns(disposition=disposition, rule=rule, reason=reason)


def _length(valid: int) -> Finding:
    if valid >= MINIMUM_BARS:
        return finding(TOO_SHORT, valid, 0)
    return finding(TOO_SHORT, valid, 1, (f"{valid} of at least {MINIMUM_BARS} bars",))


def _status(valid: pl.DataFrame, findings: Sequence[Finding]) -> str:
    if any(one.is_blocking for one in findings):
        return BLOCKED
    return PASSED if valid.height else NO_BARS


def _names(timeframe: str, asset_class: str) -> tuple[Rule, ...]:
    single = bar_rules(timeframe, asset_class)
    return (*single, CONTRADICTION, NOT_INCREASING, UNFINISHED, REPETITION, TOO_SHORT)


def _unreadable(rows: pl.DataFrame, faults: tuple[str, ...], others: Sequence[Rule]) -> GateResult:
    """Nothing can be asked of a frame of another shape, so no row of it passes."""
    told = finding(SCHEMA, rows.height, max(1, rows.height), faults)
    rejected = _with_verdict(rows, pl.lit(REJECTED), pl.lit(SCHEMA.name), pl.lit("; ".join(faults)))
    findings = (told, *(finding(rule, 0, 0) for rule in others))
    return GateResult(rows.clear(), rejected, findings, BLOCKED)
