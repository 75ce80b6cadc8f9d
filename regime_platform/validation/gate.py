"""The gate: which rows of a series become canonical bars, and the findings of every rule.

Valid and rejected rows together are the input, each in the input's order and unchanged; nothing is
repaired or filled in, and valid rows pass again.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from regime_platform.validation.findings import (
    REJECTED,
    Breach,
    Rule,
    Severity,
    ValidationFinding,
    finding_of,
    kept_out,
    mask_of,
    rejected_rows,
    those,
)
from regime_platform.validation.policy import DEFAULT_CONTEXT, ValidationContext
from regime_platform.validation.rules import calendar, series
from regime_platform.validation.rules.bar import bar_rules, finished_when_fetched, outside_listing
from regime_platform.validation.rules.comparison import (
    COMPARISONS,
    CONTRADICTED,
    OVERLAP,
    Overlap,
    disagreement,
)
from regime_platform.validation.rules.neighbour import neighbour_rules, with_neighbours

#: Raise it when a rule is added or changed: verdicts of another version are validated again.
RULES_VERSION = 4

PASSED = "passed"
BLOCKED = "blocked"
NO_BARS = "no_bars"


@dataclass(frozen=True)
class GateResult:
    """The outcome of the gate on one series.

    ``rejected`` has the input's columns and ``disposition`` (rejected or set_aside), ``rule`` (the
    first one broken) and ``reason`` (of all rules broken, as text).
    """

    valid: pl.DataFrame
    rejected: pl.DataFrame
    findings: tuple[ValidationFinding, ...]  # one per rule
    anchor: str = ""  # where intraday bars start: session or clock
    gaps: pl.DataFrame = field(default_factory=lambda: calendar.NO_GAPS)

    @property
    def status(self) -> str:
        """Blocked by any blocking finding; else passed, where there are bars."""
        if any(finding.is_blocking for finding in self.findings):
            return BLOCKED
        return PASSED if self.valid.height else NO_BARS

    @property
    def rejected_rows(self) -> int:
        """Rows that break a rule of severity error, which block the series."""
        return int(self.rejected["disposition"].eq(REJECTED).sum())

    @property
    def set_aside_rows(self) -> int:
        """Rows kept out without blocking: still forming, repeated or excluded."""
        return self.rejected.height - self.rejected_rows


def gate(
    rows: pl.DataFrame,
    *,
    timeframe: str,
    asset_class: str,
    context: ValidationContext = DEFAULT_CONTEXT,
) -> GateResult:
    """Applies every rule to the rows (``rules.series.GATE_SCHEMA``) of one series."""
    rules = _SeriesRules(timeframe, asset_class, context)
    faults = series.schema_faults(rows)
    if faults:
        return _unreadable(rows, faults, gate(series.GATE_SCHEMA.to_frame(), **vars(rules)))
    placed = rules.placed(rows)
    breaches = rules.of_single_rows(placed)
    out = kept_out(breaches, rows.height)
    sound = placed.filter(~out) if out.any() else placed
    fit = calendar.calendar_fit(sound["ts"], timeframe, asset_class)
    breaches += rules.in_context(sound, fit)
    findings = (
        finding_of(series.SCHEMA, rows.height, 0),
        *(breach.finding(timeframe) for breach in (*breaches, *rules.of_gaps(fit))),
    )
    valid = rows.filter(~kept_out(breaches, rows.height))
    length = _length_finding(valid.height)
    return GateResult(
        valid, rejected_rows(rows, breaches), (*findings, length), fit.anchor, fit.gaps
    )


def compared(
    results: Mapping[str, GateResult],
    overlaps: Mapping[str, Overlap],
    *,
    asset_class: str,
    context: ValidationContext,
) -> dict[str, GateResult]:
    """The results (by timeframe) with the findings over several fetches or timeframes added.

    These reject no row, since they cannot tell which of two different numbers is wrong.
    ``overlaps`` is how the fetches of a timeframe agree, where there were several.
    """
    bars = {timeframe: result.valid for timeframe, result in results.items()}
    with_comparisons = {}
    for timeframe, result in results.items():
        rules = _SeriesRules(timeframe, asset_class, context)
        seen: dict[str, tuple[int, pl.DataFrame]] = {}
        if (overlap := overlaps.get(timeframe)) is not None:
            seen[OVERLAP.name] = overlap.compared, overlap.disagreeing
            if (rows := overlap.contradicting) is not None:  # an excluded bar is no bar any more
                rows = rows.filter(pl.col("ts").is_in(result.valid["ts"].implode()))
                seen[CONTRADICTED.name] = overlap.compared, rows
        if (comparison := disagreement(bars, timeframe, asset_class)) is not None:
            seen[comparison[0].name] = comparison[1:]
        findings = (
            rules.breach(rule, *seen.get(rule.name, (0, calendar.NO_GAPS))).finding(timeframe)
            for rule in COMPARISONS
        )
        with_comparisons[timeframe] = replace(result, findings=(*result.findings, *findings))
    return with_comparisons


@dataclass(frozen=True)
class _SeriesRules:
    """The rules for one timeframe and class, with the severities and overrides in force."""

    timeframe: str
    asset_class: str
    context: ValidationContext

    def breach(
        self,
        rule: Rule,
        checked: int,
        rows: pl.DataFrame,
        true: Sequence[dt.datetime] = (),
        *,
        is_of_single_rows: bool = False,
    ) -> Breach:
        """The breach of a rule by ``rows``, without those that an override accepts or ``true``.

        Where the rule is switched off nothing is checked, except by those on single rows.
        """
        configured = self.context.policy.rule(rule, self.asset_class)
        if not (configured.is_applied or is_of_single_rows):
            return Breach(configured, 0, rows.clear())
        true = [*self.context.accepted(self.timeframe, rule.name), *true]
        left = rows
        for column in ("ts", "date") if true else ():
            if column in rows.columns:
                left = left.filter(~pl.col(column).cast(series.GATE_SCHEMA["ts"]).is_in(true))
        return Breach(configured, checked, left, rows.height - left.height)

    def placed(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows with their place, and why an override excludes them."""
        reasons = self.context.excluded(self.timeframe)
        override = pl.lit(None, pl.String)
        if reasons:
            override = pl.col("ts").replace_strict(reasons, default=None, return_dtype=pl.String)
        return rows.with_row_index("row").with_columns(override=override)

    def of_single_rows(self, rows: pl.DataFrame) -> list[Breach]:
        """In the order in which a row names its first fault. Excluded and forming bars are not
        checked, except that a forming bar must have begun."""
        listing = outside_listing(self.context.listed(self.timeframe))
        rules = (*bar_rules(self.timeframe, self.asset_class), listing)
        breaks = rows.select(rule.breaks.alias(rule.name) for rule in rules)
        excluded = rows["override"].is_not_null()
        finished = finished_when_fetched(rows, self.timeframe, self.asset_class)
        forming = ~(finished | breaks["future_bar"] | excluded)
        checked = ~(forming | excluded)
        breaches = [self.breach(series.EXCLUDED, rows.height, those(rows, excluded))]
        for rule in rules:
            count = rows.height if rule.is_applicable else 0
            breaking = those(rows, breaks[rule.name] & checked)
            breaches.append(self.breach(rule, count, breaking, is_of_single_rows=True))
        contradicts = repeats = unsorted = mask_of(rows.height)
        if not series.is_strictly_increasing(rows["ts"]):
            contradicts, repeats = series.duplicates(rows, checked)
            wrong = kept_out(breaches, rows.height, (Severity.ERROR,))
            unsorted = series.not_increasing(rows, checked & ~(wrong | contradicts | repeats))
        return breaches + [
            self.breach(rule, rows.height, those(rows, mask))
            for rule, mask in (
                (series.CONTRADICTION, contradicts),
                (series.NOT_INCREASING, unsorted),
                (series.REPETITION, repeats),
                (series.UNFINISHED, forming),
            )
        ]

    def in_context(self, sound: pl.DataFrame, fit: calendar.CalendarFit) -> list[Breach]:
        """Breaches of the rules that compare a sound bar with those before it or the calendar."""
        rows = with_neighbours(sound).with_columns(outside_session=fit.outside)
        rules = (*neighbour_rules(self.timeframe, self.asset_class), calendar.OUTSIDE_SESSION)
        breaks = rows.select(rule.breaks.alias(rule.name) for rule in rules)
        return [
            self.breach(
                rule, sound.height if rule.is_applicable else 0, those(rows, breaks[rule.name])
            )
            for rule in rules
        ]

    def of_gaps(self, fit: calendar.CalendarFit) -> list[Breach]:
        """How many sessions or bars are missing, without accepted gaps and excluded bars."""
        excluded = list(self.context.excluded(self.timeframe))
        return [self.breach(rule, due, gaps, excluded) for rule, due, gaps in fit.missing()]


def _length_finding(valid: int) -> ValidationFinding:
    if valid >= series.MINIMUM_BARS:
        return finding_of(series.TOO_SHORT, valid, 0)
    return finding_of(
        series.TOO_SHORT, valid, 1, (f"{valid} of at least {series.MINIMUM_BARS} bars",)
    )


def _unreadable(rows: pl.DataFrame, faults: tuple[str, ...], empty: GateResult) -> GateResult:
    """Every row is rejected; ``empty``, the result for no rows, has the findings of other rules."""
    schema_finding = finding_of(series.SCHEMA, rows.height, max(1, rows.height), faults)
    rejected = rows.with_columns(
        disposition=pl.lit(REJECTED),
        rule=pl.lit(series.SCHEMA.name),
        reason=pl.lit("; ".join(faults)),
    )
    others = (*empty.findings[1:-1], finding_of(series.TOO_SHORT, 0, 0))
    return GateResult(rows.clear(), rejected, (schema_finding, *others))
