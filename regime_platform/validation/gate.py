"""The gate: which rows of a series become canonical bars, and the findings of every rule.

Valid and rejected rows together are the input, each in the input's order and unchanged; nothing is
repaired or filled in, and valid rows pass again.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from regime_platform.model.markets import Market
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
from regime_platform.validation.policy import DEFAULT_CONTEXT, ValidationContext, is_about
from regime_platform.validation.rules import bar_counts, calendar, series
from regime_platform.validation.rules.bar import bar_rules, finished_when_fetched, outside_listing
from regime_platform.validation.rules.calendar_misfit import CALENDAR_MISFIT, misfit
from regime_platform.validation.rules.comparison import (
    CONTRADICTED,
    OVERLAP,
    Overlap,
    comparisons,
    day_end,
    disagreement,
)
from regime_platform.validation.rules.lost_bars import SOURCE_LOST_BARS, lost_bars
from regime_platform.validation.rules.neighbour import (
    neighbour_rules,
    traded_share,
    with_neighbours,
)
from regime_platform.validation.rules.overlapping import OVERLAPPING, overlapped
from regime_platform.validation.rules.rereading import rereading

#: Raise it when a rule is added or changed: verdicts of another version are validated again.
RULES_VERSION = 6

#: Share of bars with volume from which one without is odd.
_MOST = 0.5
_DAY = "1day"
PASSED, BLOCKED, NO_BARS = "passed", "blocked", "no_bars"


@dataclass(frozen=True)
class GateResult:
    """The outcome of the gate on one series.

    ``rejected`` has the input's columns and ``disposition`` (rejected or set_aside), ``rule`` (the
    first one broken) and ``reason`` (of all rules broken, as text).
    """

    valid: pl.DataFrame
    rejected: pl.DataFrame
    findings: tuple[ValidationFinding, ...]  # one per rule
    anchor: str = ""  # where intraday bars start, or days of currencies end; empty for dates
    gaps: pl.DataFrame = field(default_factory=lambda: calendar.NO_GAPS)
    #: By rule, the opens of all that breaks it; only of rules that something breaks.
    breaking: Mapping[str, pl.Series] = field(default_factory=dict)

    @property
    def status(self) -> str:
        """Blocked by any blocking finding; else passed, where there are bars."""
        if any(finding.is_blocking for finding in self.findings):
            return BLOCKED
        return PASSED if self.valid.height else NO_BARS

    def named_by(self, rule: str) -> list[dt.datetime]:
        """The opens of all bars or gaps that break a rule of severity error or warning."""
        finding = next((each for each in self.findings if each.rule == rule), None)
        if finding is None or finding.severity not in {Severity.ERROR, Severity.WARNING}:
            return []
        return self.breaking[rule].to_list() if rule in self.breaking else []

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
    market: Market,
    context: ValidationContext = DEFAULT_CONTEXT,
    day_end: str = "",
) -> GateResult:
    """Applies every rule to the rows (``rules.series.GATE_SCHEMA``) of one series, of which
    ``day_end`` states where its days end, as far as that is known from others."""
    rules = _SeriesRules(timeframe, market, context, day_end)
    faults = series.schema_faults(rows)
    if faults:
        return _unreadable(rows, faults, gate(series.GATE_SCHEMA.to_frame(), **vars(rules)))
    placed = rules.placed(rows)
    breaches = rules.of_single_rows(placed)
    out = kept_out(breaches, rows.height)
    sound = placed.filter(~out) if out.any() else placed
    fit = calendar.calendar_fit(sound["ts"], timeframe, market, rows["ts"].filter(out))
    breaches += rules.in_context(sound, fit)
    valid = rows.filter(~kept_out(breaches, rows.height))
    every = [*breaches, *rules.of_gaps(fit), rules.of_calendar(sound["ts"], fit)]
    findings = (
        finding_of(series.SCHEMA, rows.height, 0),
        *(breach.finding(timeframe) for breach in every),
        series.length_finding(valid.height),
    )
    return GateResult(
        valid, rejected_rows(rows, breaches), findings, fit.anchor, fit.gaps, _breaking(every)
    )


def compared(
    results: Mapping[str, GateResult],
    overlaps: Mapping[str, Overlap],
    *,
    market: Market,
    context: ValidationContext,
    derived: Collection[str] = (),
) -> dict[str, GateResult]:
    """The results (by timeframe) with the findings over several fetches or timeframes added.

    These reject no row, since they cannot tell which of two different numbers is wrong.
    ``overlaps`` is how the fetches of a timeframe agree, where there were several. With ``derived``
    only these are returned: series built from others, with which they are not compared.
    """
    bars = {timeframe: result.valid for timeframe, result in results.items()}
    anchors = {timeframe: result.anchor for timeframe, result in results.items()}
    if _DAY in anchors:
        anchors[_DAY] = day_end(bars, market, anchors)
    with_comparisons = {}
    for timeframe in derived or results:
        result, rules = results[timeframe], _SeriesRules(timeframe, market, context)
        seen: dict[str, tuple[int, pl.DataFrame]] = {}
        if (overlap := overlaps.get(timeframe)) is not None:
            seen[OVERLAP.name] = overlap.compared, overlap.disagreeing
            if (rows := overlap.contradicting) is not None:
                if rows.height:  # an excluded bar is no bar any more
                    rows = rows.filter(pl.col("ts").is_in(result.valid["ts"].implode()))
                seen[CONTRADICTED.name] = overlap.compared, rows
            if overlap.lost is not None:
                lost = lost_bars(result.valid, overlap.lost)
                seen[SOURCE_LOST_BARS.name] = result.valid.height, lost
        if not derived and (comparison := disagreement(bars, timeframe, market, anchors)):
            seen[comparison[0].name] = comparison[1:]
        breaches = [
            rules.breach(rule, *seen.get(rule.name, (0, calendar.NO_GAPS)))
            for rule in (*comparisons(bars), SOURCE_LOST_BARS)
        ]
        again = rereading("" if overlap is None else overlap.rereading)
        added = *(breach.finding(timeframe) for breach in breaches), again
        findings = (*result.findings, *added, *rules.of_counts(result, bars))
        breaking = {**result.breaking, **_breaking(breaches)}
        with_comparisons[timeframe] = replace(
            result, findings=findings, breaking=breaking, anchor=anchors[timeframe]
        )
    return with_comparisons


@dataclass(frozen=True)
class _SeriesRules:
    """The rules for one timeframe and class, with the severities and overrides in force."""

    timeframe: str
    market: Market
    context: ValidationContext
    day_end: str = ""

    def breach(
        self, rule: Rule, checked: int, rows: pl.DataFrame, *, is_of_single_rows: bool = False
    ) -> Breach:
        """The breach of a rule by ``rows``, without those that an override accepts.

        Where the rule is switched off nothing is checked, except by those on single rows.
        """
        configured = self.context.policy.rule(rule, self.market, self.context.symbol)
        if not (configured.is_applied or is_of_single_rows):
            return Breach(configured, 0, rows.clear())
        accepting, left = self.context.accepted(self.timeframe, rule.name), rows
        for column in ("ts", "date") if accepting else ():
            if column in rows.columns:
                opens = pl.col(column).cast(series.GATE_SCHEMA["ts"])
                left = left.filter(~is_about(accepting, opens))
        return Breach(configured, checked, left, rows.height - left.height)

    def placed(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows with their place, and why an override excludes them."""
        return rows.with_row_index("row").with_columns(
            override=self.context.exclusion(self.timeframe)
        )

    def of_single_rows(self, rows: pl.DataFrame) -> list[Breach]:
        """In the order in which a row names its first fault. Excluded and forming bars are not
        checked, except that a forming bar opens within two days."""
        listing = outside_listing(self.context.listed(self.timeframe))
        rules = (*bar_rules(self.timeframe, self.market), listing)
        breaks = rows.select(rule.breaks.alias(rule.name) for rule in rules)
        excluded = rows["override"].is_not_null()
        finished = finished_when_fetched(rows, self.timeframe, self.market, self.day_end)
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
                (series.unfinished(self.timeframe, self.market, self.day_end), forming),
            )
        ]

    def in_context(self, sound: pl.DataFrame, fit: calendar.CalendarFit) -> list[Breach]:
        """Breaches of the rules that compare a sound bar with those around it or the calendar."""
        begins, ends = fit.edges
        rows = with_neighbours(sound, self.timeframe, self.market).with_columns(
            outside_session=fit.outside, begins_session=begins, ends_session=ends
        )
        rows = rows.with_columns(overlapped=overlapped(self.timeframe))
        share = traded_share(sound)
        reports = self.market.reports_volume
        neighbours = neighbour_rules(
            self.timeframe, has_volume=share > 0, expects_volume=reports or share > _MOST
        )
        rules = (*neighbours, calendar.OUTSIDE_SESSION, OVERLAPPING)
        breaks = rows.select(rule.breaks.alias(rule.name) for rule in rules)
        return [
            self.breach(
                rule, sound.height if rule.is_applicable else 0, those(rows, breaks[rule.name])
            )
            for rule in rules
        ]

    def of_gaps(self, fit: calendar.CalendarFit) -> list[Breach]:
        """How many sessions or bars are missing, without accepted gaps and bars kept out."""
        return [self.breach(rule, due, gaps) for rule, due, gaps in fit.missing()]

    def of_counts(
        self, result: GateResult, bars: Mapping[str, pl.DataFrame]
    ) -> list[ValidationFinding]:
        """Whether the timeframe has bars, and enough; ``bars`` are those of all timeframes."""
        policy, named = self.context.policy, (self.market, self.context.symbol)
        known = (
            {} if result.status == BLOCKED else {name: each.height for name, each in bars.items()}
        )
        checks = bar_counts.checks(known, self.timeframe, policy.minimum(self.timeframe, *named))
        return [each.finding(policy.rule(each.rule, *named)) for each in checks]

    def of_calendar(self, opens: pl.Series, fit: calendar.CalendarFit) -> Breach:
        """Whether another reading of the labels would fit the calendar."""
        policy = self.context.policy
        if not policy.rule(CALENDAR_MISFIT, self.market, self.context.symbol).is_applied:
            return self.breach(CALENDAR_MISFIT, 0, calendar.NO_GAPS)
        rule, rows = misfit(opens, fit, self.timeframe, self.market, policy.most_misfit)
        return self.breach(rule, min(1, opens.len()), rows)


def _breaking(breaches: Sequence[Breach]) -> dict[str, pl.Series]:
    return {
        breach.rule.name: series.distinct(breach.rows["ts"])
        for breach in breaches
        if breach.rule.is_applied and breach.rows.height
    }


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
