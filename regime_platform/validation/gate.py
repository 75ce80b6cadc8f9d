"""The gate: which rows of a series become canonical bars, and the findings of every rule.

Valid and rejected rows together are the input, each in the input's order and unchanged; nothing is
repaired or filled in, and valid rows pass again. The verdict is made of the result in ``verdict``;
rules over several fetches or timeframes are applied in ``comparison``.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from regime_platform.model.asset_classes import ASSET_CLASSES
from regime_platform.model.instants import instant
from regime_platform.validation.findings import (
    QUOTED,
    Rule,
    Severity,
    ValidationFinding,
    finding_of,
)
from regime_platform.validation.marks import (
    REJECTED,
    SET_ASIDE,
    Mark,
    broken,
    mark_finding,
    no_rows,
    quoted,
    rejected_rows,
    without_accepted,
)
from regime_platform.validation.policy import DEFAULT_CONTEXT, ValidationContext
from regime_platform.validation.rules.bar import BarRule, bar_rules, finished_when_fetched
from regime_platform.validation.rules.calendar import (
    CALENDAR_RULES,
    MISSING_BARS,
    MISSING_SESSIONS,
    OUTSIDE_SESSION,
    CalendarFit,
    calendar_fit,
    no_gaps,
)
from regime_platform.validation.rules.listing import outside_listing
from regime_platform.validation.rules.neighbour import (
    MISSING_VOLUME,
    NEIGHBOUR_RULES,
    VOLUME_OUTLIER,
    neighbours,
)
from regime_platform.validation.rules.series import (
    CONTRADICTION,
    EXCLUDED,
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
    gaps: pl.DataFrame = field(default_factory=no_gaps)  # see rules.calendar.CalendarFit

    @property
    def status(self) -> str:
        """Blocked by any blocking finding; else passed, where there are bars."""
        if any(finding.is_blocking for finding in self.findings):
            return BLOCKED
        return PASSED if self.valid.height else NO_BARS

    @property
    def rejected_rows(self) -> int:
        """Rows that break a rule of severity error, which block the series."""
        return self._count(REJECTED)

    @property
    def set_aside_rows(self) -> int:
        """Rows kept out without blocking: still forming, repeated or excluded."""
        return self._count(SET_ASIDE)

    def _count(self, disposition: str) -> int:
        return int(self.rejected["disposition"].eq(disposition).sum())


def gate(
    rows: pl.DataFrame,
    *,
    timeframe: str,
    asset_class: str,
    context: ValidationContext = DEFAULT_CONTEXT,
) -> GateResult:
    """Applies every rule to the rows of one series.

    Args:
        rows: ``BAR_SCHEMA`` with ``fetched_at`` and ``batch``, as in ``rules.series.GATE_SCHEMA``.
        timeframe: the timeframe of the series.
        asset_class: the class of the instrument.
        context: severities, overrides and listing dates.
    """
    rules = _SeriesRules(timeframe, asset_class, context)
    faults = schema_faults(rows)
    if faults:
        return _unreadable(rows, faults, rules)
    marks = rules.mark_single_rows(rows)
    out = broken(marks, Severity.ERROR, rows.height) | broken(
        marks, Severity.SET_ASIDE, rows.height
    )
    sound = rows.filter(~out) if out.any() else rows
    fit = calendar_fit(sound["ts"], timeframe, asset_class)
    marks += rules.mark_in_context(rows, sound, out, fit)
    wrong = broken(marks, Severity.ERROR, rows.height)
    valid = rows.filter(~(wrong | out))
    findings = (
        finding_of(SCHEMA, rows.height, 0),
        *(mark_finding(rows, mark, timeframe) for mark in marks),
        rules.gap_finding(MISSING_SESSIONS, fit),
        rules.gap_finding(MISSING_BARS, fit),
        _length_finding(valid.height),
    )
    return GateResult(valid, rejected_rows(rows, marks, wrong), findings, fit.anchor, fit.gaps)


def _length_finding(valid: int) -> ValidationFinding:
    if valid >= MINIMUM_BARS:
        return finding_of(TOO_SHORT, valid, 0)
    return finding_of(TOO_SHORT, valid, 1, (f"{valid} of at least {MINIMUM_BARS} bars",))


@dataclass(frozen=True)
class _SeriesRules:
    """The rules for one timeframe and class, with the severities and overrides in force."""

    timeframe: str
    asset_class: str
    context: ValidationContext

    def all(self) -> tuple[Rule, ...]:
        """Every rule that marks rows or gaps, in the order of the findings."""
        pairs = (CONTRADICTION, NOT_INCREASING, REPETITION, UNFINISHED)
        rules = (EXCLUDED, *self._bar_rules(), *pairs, *NEIGHBOUR_RULES, *CALENDAR_RULES)
        return tuple(self._configured(rule) for rule in rules)

    def mark_single_rows(self, rows: pl.DataFrame) -> list[Mark]:
        """Marks of the rules on single rows and duplicates, in the order in which a row names its
        first fault.

        Excluded and forming bars are not checked, except that a forming bar must have begun.
        """
        rules = self._bar_rules()
        breaks = rows.select(rule.breaks.alias(rule.name) for rule in rules)
        excluded = self._mark_excluded(rows)
        finished = finished_when_fetched(rows, self.timeframe, self.asset_class)
        forming = ~(finished | breaks["future_bar"]) & ~excluded.mask
        checked = ~(forming | excluded.mask)
        is_all_checked = bool(checked.all())
        marks = [excluded]
        for rule in rules:
            count = rows.height if rule.is_applicable else 0
            mask = breaks[rule.name] if is_all_checked else breaks[rule.name] & checked
            mark = Mark(self._configured(rule), mask, count)
            marks.append(self._without_accepted(mark, rows))
        marks += self._mark_order(rows, marks, checked)
        return [*marks, Mark(UNFINISHED, forming, rows.height)]

    def mark_in_context(
        self, rows: pl.DataFrame, sound: pl.DataFrame, out: pl.Series, fit: CalendarFit
    ) -> list[Mark]:
        """Marks of the rules that compare a sound bar with those before it or the calendar."""
        reports_volume = ASSET_CLASSES[self.asset_class].reports_volume
        compared = neighbours(sound)
        masks = compared.breaking(self.timeframe, self.asset_class)
        masks[OUTSIDE_SESSION.name] = fit.outside
        places = (~out).arg_true() if out.any() else None
        marks = []
        for rule in (*NEIGHBOUR_RULES, OUTSIDE_SESSION):
            configured, breaking = self._configured(rule), masks[rule.name]
            is_applied = configured.is_applied and (
                reports_volume or rule not in (VOLUME_OUTLIER, MISSING_VOLUME)
            )
            if not is_applied or not breaking.any():
                checked = sound.height if is_applied else 0
                marks.append(Mark(configured, no_rows(rows.height), checked))
                continue
            mask = pl.Series(breaking)
            if places is not None:  # from places among the sound rows to places among all
                mask = no_rows(rows.height).scatter(places.filter(mask), values=True)
            mark = Mark(configured, mask, sound.height, detail=compared.detail(breaking))
            marks.append(self._without_accepted(mark, rows))
        return marks

    def gap_finding(self, rule: Rule, fit: CalendarFit) -> ValidationFinding:
        """How many sessions or bars are missing, without accepted gaps and excluded bars."""
        configured = self._configured(rule)
        if not configured.is_applied:
            return finding_of(configured, 0, 0)
        due = fit.due(rule)
        if fit.gaps.is_empty():
            return finding_of(configured, due, 0)
        gaps = fit.missing(rule)
        excluded = [instant(ts) for ts in self.context.excluded(self.timeframe)]
        true = [*self._accepted(rule), *excluded]
        left = gaps.filter(
            ~pl.col("ts").is_in(true) & ~pl.col("date").cast(pl.Datetime("us", "UTC")).is_in(true)
        )
        examples = quoted(left.head(QUOTED), configured, self.timeframe)
        accepted = gaps.height - left.height
        return finding_of(configured, due, left.height, examples, accepted=accepted)

    def _bar_rules(self) -> tuple[BarRule, ...]:
        listed = self.context.listed(self.timeframe)
        return (*bar_rules(self.timeframe, self.asset_class), outside_listing(listed))

    def _configured(self, rule: Rule) -> Rule:
        return self.context.policy.rule(rule, self.asset_class)

    def _mark_order(
        self, rows: pl.DataFrame, marks: Sequence[Mark], checked: pl.Series
    ) -> list[Mark]:
        contradicts = repeats = unsorted = no_rows(rows.height)
        if not is_strictly_increasing(rows["ts"]):
            contradicts, repeats = duplicates(rows, checked)
            wrong = broken(marks, Severity.ERROR, rows.height)
            unsorted = not_increasing(rows, checked & ~(wrong | contradicts | repeats))
        return [
            Mark(CONTRADICTION, contradicts, rows.height),
            Mark(NOT_INCREASING, unsorted, rows.height),
            Mark(REPETITION, repeats, rows.height),
        ]

    def _mark_excluded(self, rows: pl.DataFrame) -> Mark:
        reasons = self.context.excluded(self.timeframe)
        if not reasons:
            return Mark(EXCLUDED, no_rows(rows.height), rows.height)
        excluded = pl.DataFrame(
            {"ts": list(reasons), "override": list(reasons.values())},
            schema={"ts": pl.String, "override": pl.String},
        ).with_columns(pl.col("ts").str.to_datetime(time_unit="us", time_zone="UTC"))
        mask = rows["ts"].is_in(excluded["ts"].implode()).fill_null(value=False)
        detail = rows.filter(mask).join(excluded, on="ts", how="left", maintain_order="left")
        return Mark(EXCLUDED, mask, rows.height, detail)

    def _accepted(self, rule: Rule) -> list[dt.datetime]:
        return [entry.opens for entry in self.context.accepted(self.timeframe, rule.name)]

    def _without_accepted(self, mark: Mark, rows: pl.DataFrame) -> Mark:
        return without_accepted(mark, rows, self._accepted(mark.rule))


def _unreadable(rows: pl.DataFrame, faults: tuple[str, ...], rules: _SeriesRules) -> GateResult:
    """The result for a frame of another schema, to which no rule applies: every row is rejected."""
    schema_finding = finding_of(SCHEMA, rows.height, max(1, rows.height), faults)
    rejected = rows.with_columns(
        disposition=pl.lit(REJECTED), rule=pl.lit(SCHEMA.name), reason=pl.lit("; ".join(faults))
    )
    others = tuple(finding_of(rule, 0, 0) for rule in (*rules.all(), TOO_SHORT))
    return GateResult(rows.clear(), rejected, (schema_finding, *others))
