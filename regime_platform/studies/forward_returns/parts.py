"""The same effects before and after a split, and by era."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from regime_platform.studies.forward_returns.groups_table import group_comparison
from regime_platform.studies.inference.correction import corrected
from regime_platform.studies.inference.folds import (
    folds_by_era,
    folds_by_split,
)
from regime_platform.studies.inference.windows import independent_windows
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.outcomes import Group, Outcome
from regime_platform.studies.result import Column, Conclusion, StudyTable, Unit
from regime_platform.studies.series import Bools, Floats, StudySeries
from regime_platform.studies.symbol_study import open_at
from regime_platform.studies.tables import table_of

Values = Mapping[Outcome, Floats]


def split_table(
    series: StudySeries, values: Values, families: Sequence[Sequence[Group]], options: StudyOptions
) -> tuple[StudyTable, tuple[Conclusion, ...]]:
    """Every difference in sample and out of sample, and the conclusions of the latter."""
    assert options.split is not None
    inside, outside = folds_by_split(series, options.split, options.horizon)
    rows: list[dict[str, Any]] = []
    conclusions: list[Conclusion] = []
    for outcome, outcomes in values.items():
        for groups in families:
            compared = corrected(
                [
                    group_comparison(series, outcome, outcomes, each, options, outside.mask)
                    for each in groups
                ]
            )
            conclusions += compared
            rows += [
                _split_row(
                    outcome, group, part_difference(outcomes, group, inside.mask, options), after
                )
                for group, after in zip(groups, compared, strict=True)
            ]
    columns = (
        Column("outcome", "Outcome", Unit.TEXT),
        Column("group", "Bars with", Unit.TEXT),
        Column("in_windows", "Windows", Unit.COUNT),
        Column("in_effect", "Before", Unit.POINTS),
        Column("out_windows", "Windows", Unit.COUNT),
        Column("out_effect", "After", Unit.POINTS),
        Column("out_low", "From", Unit.POINTS),
        Column("out_high", "To", Unit.POINTS),
        Column("out_p_adjusted", "p after", Unit.P_VALUE),
        Column("is_same_sign", "Same", Unit.TEXT),
    )
    note = (
        "Differences to all other bars of the same part. No window reaches from one part into the "
        "other. p is corrected over the buckets, and over the regimes, of an outcome."
    )
    title = f"Before {options.split:%Y-%m-%d} and from then on"
    return table_of("split", title, columns, rows, note), tuple(conclusions)


def _split_row(
    outcome: Outcome, group: Group, inside: tuple[float, int], after: Conclusion
) -> dict[str, Any]:
    before, windows = inside
    known = np.isfinite(before) and np.isfinite(after.effect)
    return {
        "outcome": outcome.short,
        "group": group.title,
        "in_windows": windows,
        "in_effect": before,
        "out_windows": after.windows,
        "out_effect": after.effect,
        "out_low": after.low,
        "out_high": after.high,
        "out_p_adjusted": after.p_adjusted,
        "is_same_sign": _yes_no(before * after.effect > 0) if known else None,
    }


def eras_table(
    series: StudySeries, values: Values, group: Group, options: StudyOptions
) -> StudyTable:
    """The differences of a group in every era."""
    rows = []
    for fold in folds_by_era(series, options.horizon):
        at = np.flatnonzero(fold.mask)
        if not len(at):
            continue
        row: dict[str, Any] = {"era": fold.name, "first": open_at(series, int(at[0]))}
        for outcome, outcomes in values.items():
            row[outcome.key], row["windows"] = part_difference(outcomes, group, fold.mask, options)
        rows.append(row)
    columns = (
        Column("era", "Era", Unit.TEXT),
        Column("first", "From", Unit.DATE),
        Column("windows", "Windows", Unit.COUNT),
        *(Column(each.key, each.short, Unit.POINTS) for each in values),
    )
    title = f"{group.title} against the rest, by era"
    return table_of("eras", title, columns, rows, is_detail=True)


def part_difference(
    values: Floats, group: Group, within: Bools, options: StudyOptions
) -> tuple[float, int]:
    """The difference of a group to the rest of a part, and its independent windows there."""
    enters = within & group.usable & np.isfinite(values)
    inside, outside = enters & group.mask, enters & ~group.mask
    windows = independent_windows(inside, options.horizon)
    if not inside.any() or not outside.any():
        return float("nan"), windows
    return float(values[inside].mean() - values[outside].mean()), windows


def _yes_no(value: bool) -> str:
    return "yes" if value else "no"
