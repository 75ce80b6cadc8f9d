"""One rule after the other over the rows of a series: marks on rows, and findings on gaps."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from regime_platform.model.asset_classes import ASSET_CLASSES
from regime_platform.model.series import instant
from regime_platform.validation.findings import QUOTED, Rule, Severity, ValidationFinding, finding
from regime_platform.validation.marks import Mark, broken, nowhere, quoted, without_accepted
from regime_platform.validation.policy import Standard
from regime_platform.validation.rules.bar import BarRule, bar_rules, finished_when_fetched
from regime_platform.validation.rules.calendar import CALENDAR_RULES, OUTSIDE_SESSION, Coverage
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
    NOT_INCREASING,
    REPETITION,
    UNFINISHED,
    duplicates,
    is_strictly_increasing,
    not_increasing,
)


@dataclass(frozen=True)
class Judge:
    """The rules on one kind of series, with the severities and decisions that hold for it."""

    timeframe: str
    asset_class: str
    standard: Standard

    def rules(self) -> tuple[Rule, ...]:
        """Every rule that marks rows or gaps, in the order in which findings are told."""
        paired = (CONTRADICTION, NOT_INCREASING, REPETITION, UNFINISHED)
        ruled = (EXCLUDED, *self._single(), *paired, *NEIGHBOUR_RULES, *CALENDAR_RULES)
        return tuple(self._rule(rule) for rule in ruled)

    def alone(self, rows: pl.DataFrame) -> list[Mark]:
        """Marks of the rules that come before all others, in the order a row names its first fault.

        A forming bar is not judged at all, except that it must have begun; an excluded one is not
        judged either.
        """
        rules = self._single()
        breaks = rows.select(rule.breaks.alias(rule.name) for rule in rules)
        excluded = self._excluded(rows)
        forming = ~(
            finished_when_fetched(rows, self.timeframe, self.asset_class) | breaks["future_bar"]
        )
        forming &= ~excluded.mask
        judged = ~(forming | excluded.mask)
        is_all_judged = bool(judged.all())
        marks = [excluded]
        for rule in rules:
            checked = rows.height if rule.is_answerable else 0
            mask = breaks[rule.name] if is_all_judged else breaks[rule.name] & judged
            mark = Mark(self._rule(rule), mask, checked)
            marks.append(self._pardoned(mark, rows))
        return [*marks, *self._ordered(rows, marks, judged), Mark(UNFINISHED, forming, rows.height)]

    def among_others(
        self, rows: pl.DataFrame, sound: pl.DataFrame, out: pl.Series, covered: Coverage
    ) -> list[Mark]:
        """Marks of the rules that see a sound bar among the others, or on the calendar."""
        reports = ASSET_CLASSES[self.asset_class].reports_volume
        seen = neighbours(sound)
        masks = seen.breaking(self.timeframe, self.asset_class)
        masks[OUTSIDE_SESSION.name] = covered.outside
        places = (~out).arg_true() if out.any() else None
        marks = []
        for rule in (*NEIGHBOUR_RULES, OUTSIDE_SESSION):
            ruled, found = self._rule(rule), masks[rule.name]
            asked = reports or rule not in (VOLUME_OUTLIER, MISSING_VOLUME)
            asked &= ruled.is_applied
            if not asked or not found.any():
                marks.append(Mark(ruled, nowhere(rows.height), sound.height if asked else 0))
                continue
            mask = pl.Series(found)
            flagged = mask if places is None else _scattered(mask, places, rows.height)
            mark = Mark(ruled, flagged, sound.height, said=seen.told(found))
            marks.append(self._pardoned(mark, rows))
        return marks

    def missing(self, rule: Rule, covered: Coverage) -> ValidationFinding:
        """How many sessions or bars are missing, without those that a person declared true gaps."""
        ruled = self._rule(rule)
        if not ruled.is_applied:
            return finding(ruled, 0, 0)
        due = covered.due(rule)
        if covered.gaps.is_empty():
            return finding(ruled, due, 0)
        gaps, true = covered.missing(rule), self._true_gaps(rule)
        left = gaps.filter(
            ~pl.col("ts").is_in(true) & ~pl.col("date").cast(pl.Datetime("us", "UTC")).is_in(true)
        )
        told = quoted(left.head(QUOTED), ruled, self.timeframe)
        return finding(ruled, due, left.height, told, accepted=gaps.height - left.height)

    def _single(self) -> tuple[BarRule, ...]:
        listed = self.standard.listed(self.timeframe)
        return (*bar_rules(self.timeframe, self.asset_class), outside_listing(listed))

    def _rule(self, rule: Rule) -> Rule:
        return self.standard.policy.rule(rule, self.asset_class)

    def _ordered(self, rows: pl.DataFrame, marks: Sequence[Mark], judged: pl.Series) -> list[Mark]:
        contradicts = repeats = unsorted = nowhere(rows.height)
        if not is_strictly_increasing(rows["ts"]):
            contradicts, repeats = duplicates(rows, judged)
            wrong = broken(marks, Severity.ERROR, rows.height)
            unsorted = not_increasing(rows, judged & ~(wrong | contradicts | repeats))
        return [
            Mark(CONTRADICTION, contradicts, rows.height),
            Mark(NOT_INCREASING, unsorted, rows.height),
            Mark(REPETITION, repeats, rows.height),
        ]

    def _excluded(self, rows: pl.DataFrame) -> Mark:
        reasons = self.standard.excluded(self.timeframe)
        if not reasons:
            return Mark(EXCLUDED, nowhere(rows.height), rows.height)
        told = pl.DataFrame(
            {"ts": list(reasons), "decision": list(reasons.values())},
            schema={"ts": pl.String, "decision": pl.String},
        ).with_columns(pl.col("ts").str.to_datetime(time_unit="us", time_zone="UTC"))
        mask = rows["ts"].is_in(told["ts"].implode()).fill_null(value=False)
        said = rows.filter(mask).join(told, on="ts", how="left", maintain_order="left")
        return Mark(EXCLUDED, mask, rows.height, said)

    def _true_gaps(self, rule: Rule) -> list[dt.datetime]:
        """What a person took out is not missing."""
        excluded = [instant(ts) for ts in self.standard.excluded(self.timeframe)]
        return [*self._accepted(rule), *excluded]

    def _accepted(self, rule: Rule) -> list[dt.datetime]:
        return [one.opens for one in self.standard.accepted(self.timeframe, rule.name)]

    def _pardoned(self, mark: Mark, rows: pl.DataFrame) -> Mark:
        return without_accepted(mark, rows, self._accepted(mark.rule))


def _scattered(mask: pl.Series, places: pl.Series, height: int) -> pl.Series:
    return nowhere(height).scatter(places.filter(mask), values=True)
