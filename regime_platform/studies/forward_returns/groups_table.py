"""A row per bucket and per regime: what followed its bars, and how far that is from the rest."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from regime_platform.studies.forward_returns.separate import SeparateTest, separate_test
from regime_platform.studies.inference.comparison import Claim, compare_groups
from regime_platform.studies.inference.correction import corrected
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.outcomes import Group, Outcome
from regime_platform.studies.result import Column, Conclusion, StudyTable, Unit
from regime_platform.studies.series import Bools, Floats, StudySeries
from regime_platform.studies.tables import table_of

QUANTILES = {"q05": 0.05, "q25": 0.25, "q50": 0.5, "q75": 0.75, "q95": 0.95}
_NOTE = (
    "Windows: independent ones. vs the rest: the mean less that of all other bars; of buckets "
    "those whose rank counts, of regimes all. p: of the placebo test, corrected over the rows of "
    "buckets, and over those of regimes."
)
_DETAILS = (
    "Welch and Mann-Whitney: on windows that do not overlap, so on far fewer values. They take "
    "these as independent, which windows of one calm or lively time are not: the placebo decides."
)


@dataclass(frozen=True)
class GroupRow:
    """What followed the bars of a group."""

    group: Group
    values: Floats  # the outcomes of its bars
    comparison: Conclusion
    separate: SeparateTest


def outcome_rows(
    series: StudySeries,
    outcome: Outcome,
    values: Floats,
    families: Sequence[Sequence[Group]],
    options: StudyOptions,
) -> tuple[GroupRow, ...]:
    """The rows of an outcome; p-values are corrected within each family of groups."""
    rows: list[GroupRow] = []
    for groups in families:
        compared = corrected(
            [group_comparison(series, outcome, values, each, options) for each in groups]
        )
        for group, comparison in zip(groups, compared, strict=True):
            test = separate_test(values, group.mask, group.usable, options.horizon)
            there = values[group.mask & np.isfinite(values)]
            rows.append(GroupRow(group, there, comparison, test))
    return tuple(rows)


def group_comparison(  # noqa: PLR0913, PLR0917 - a comparison and the bars it is limited to
    series: StudySeries,
    outcome: Outcome,
    values: Floats,
    group: Group,
    options: StudyOptions,
    within: Bools | None = None,
) -> Conclusion:
    """A group against all other bars that are comparable, and lie ``within``."""
    usable = group.usable if within is None else group.usable & within
    names = (series.symbol, series.timeframe)
    claim = group_claim(outcome, group.key, group.title, options)
    return compare_groups(values, group.mask, claim, options, *names, usable=usable)


def group_claim(outcome: Outcome, key: str, title: str, options: StudyOptions) -> Claim:
    """What is compared, in words."""
    return Claim(
        f"{outcome.key}_{key}",
        f"after {title} the {outcome.title} within {options.span} is {{direction}} than "
        "after other bars",
        Unit.POINTS,
        outcome.directions,
    )


def outcome_table(
    outcome: Outcome, rows: Sequence[GroupRow], *, is_detail: bool = False
) -> StudyTable:
    """What a reader wants first of an outcome."""
    columns = (
        Column("group", "Bars with", Unit.TEXT),
        Column("bars", "Bars", Unit.COUNT),
        Column("windows", "Windows", Unit.COUNT),
        Column("mean", "Mean", Unit.PERCENT),
        Column("q05", "5 %", Unit.PERCENT),
        Column("q50", "Median", Unit.PERCENT),
        Column("q95", "95 %", Unit.PERCENT),
        Column("difference", "vs the rest", Unit.POINTS),
        Column("p_adjusted", "p", Unit.P_VALUE),
    )
    title = f"{outcome.title[0].upper()}{outcome.title[1:]}"
    return table_of(outcome.key, title, columns, map(_shown, rows), _NOTE, is_detail=is_detail)


def tests_table(outcomes: Sequence[tuple[Outcome, Sequence[GroupRow]]]) -> StudyTable:
    """All distributions and all tests, a row per outcome and group."""
    columns = (
        Column("outcome", "Outcome", Unit.TEXT),
        Column("group", "Bars with", Unit.TEXT),
        Column("bars", "Bars", Unit.COUNT),
        Column("windows", "Windows", Unit.COUNT),
        Column("mean", "Mean", Unit.PERCENT),
        *(Column(key, f"{100 * part:.0f} %", Unit.PERCENT) for key, part in QUANTILES.items()),
        Column("difference", "vs the rest", Unit.POINTS),
        Column("low", "From", Unit.POINTS),
        Column("high", "To", Unit.POINTS),
        Column("p_value", "p", Unit.P_VALUE),
        Column("p_adjusted", "p corrected", Unit.P_VALUE),
        Column("placebo_mean", "Placebos", Unit.POINTS),
        Column("placebo_share", "Placebos as far", Unit.PERCENT),
        Column("separate_windows", "Windows tested", Unit.COUNT),
        Column("welch", "p Welch", Unit.P_VALUE),
        Column("mann_whitney", "p Mann-Whitney", Unit.P_VALUE),
    )
    rows = [{"outcome": outcome.title, **_shown(row)} for outcome, rows in outcomes for row in rows]
    return table_of("tests", "Distributions and tests", columns, rows, _DETAILS, is_detail=True)


def _shown(row: GroupRow) -> dict[str, str | float | int | None]:
    quantiles = dict.fromkeys(QUANTILES, float("nan"))
    if len(row.values):
        at = np.quantile(row.values, list(QUANTILES.values()))
        quantiles = dict(zip(QUANTILES, map(float, at), strict=True))
    compared = row.comparison
    return {
        "group": row.group.title,
        "bars": len(row.values),
        "windows": compared.windows,
        "mean": float(row.values.mean()) if len(row.values) else float("nan"),
        **quantiles,
        "difference": compared.effect,
        "low": compared.low,
        "high": compared.high,
        "p_value": compared.p_value,
        "p_adjusted": compared.p_adjusted,
        "placebo_mean": compared.placebo_mean,
        "placebo_share": compared.placebo_share,
        "separate_windows": row.separate.windows,
        "welch": row.separate.welch,
        "mann_whitney": row.separate.mann_whitney,
    }
