"""The study `forward-returns`: what followed each bucket and each regime."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from regime_platform.studies.across import Compared, pooled_view
from regime_platform.studies.forward_returns.groups_table import (
    GroupRow,
    group_claim,
    outcome_rows,
    outcome_table,
    tests_table,
)
from regime_platform.studies.forward_returns.parts import eras_table, split_table
from regime_platform.studies.forward_returns.tails import tail_table
from regime_platform.studies.forward_returns.years import years_table
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.outcomes import (
    ABS_MOVE,
    DRAWDOWN,
    OUTCOMES,
    RETURN,
    Outcome,
    bucket_groups,
    group_title,
    regime_groups,
)
from regime_platform.studies.result import Conclusion, StudyTable, SymbolStudy
from regime_platform.studies.series import Floats, StudySeries
from regime_platform.studies.symbol_study import symbol_study

#: What is concluded on, the first of them across symbols too; all else stands in the tables.
_POOLED = (
    *((outcome, "HIGH") for outcome in OUTCOMES),
    (ABS_MOVE, "SHOCK"),
    (ABS_MOVE, "PANIC_RISK"),
)
_CONCLUDED = (*_POOLED, (RETURN, "SHOCK"), (RETURN, "PANIC_RISK"))


def of(
    series: StudySeries,
    others: Mapping[str, StudySeries],  # noqa: ARG001 - see `Study`
    options: StudyOptions,
) -> SymbolStudy:
    """The study of one symbol."""
    buckets = bucket_groups(series, include_immature=options.include_immature)
    families = (buckets, regime_groups(series))
    values = {each: each.of(series, options.horizon) for each in OUTCOMES}
    rows = {
        outcome: outcome_rows(series, outcome, each, families, options)
        for outcome, each in values.items()
    }
    tail, tails = tail_table(series, values[RETURN], buckets, options)
    moves = {each: values[each] for each in (ABS_MOVE, RETURN)}
    years, lasting = years_table(series, moves, buckets, options)
    tables = [
        *(outcome_table(each, rows[each], is_detail=each is DRAWDOWN) for each in OUTCOMES),
        tail,
        tests_table(tuple(rows.items())),
        years,
        eras_table(series, values, buckets[-1], options),
    ]
    concluded = [_row(rows, *each).comparison for each in _CONCLUDED] + [tails[-1], *lasting]
    if options.split is not None:
        split, after = split_table(series, values, families, options)
        tables.insert(0, split)
        concluded += [
            replace(
                each,
                key=f"{each.key}_after_split",
                claim=f"from {options.split:%Y-%m-%d} on, {each.claim}",
            )
            for each in after
            if each.key.endswith("_HIGH")
        ]
    compared = [_compared(rows, values, *each) for each in _POOLED]
    return symbol_study(
        "forward-returns",
        series,
        options,
        tables=tables,
        conclusions=concluded,
        compared=compared,
    )


def pooled(
    studies: Sequence[SymbolStudy], options: StudyOptions
) -> tuple[tuple[StudyTable, ...], tuple[Conclusion, ...]]:
    """What symbols show together."""
    claims = [group_claim(outcome, key, group_title(key), options) for outcome, key in _POOLED]
    titles = {
        f"{outcome.key}_{key}": f"{outcome.short} after {group_title(key)}"
        for outcome, key in _CONCLUDED
    }
    titles["tail_HIGH"] = "The worst 5 % after HIGH"
    table, conclusions = pooled_view(studies, claims, options, titles)
    return (table,), conclusions


def _row(rows: Mapping[Outcome, Sequence[GroupRow]], outcome: Outcome, key: str) -> GroupRow:
    return next(each for each in rows[outcome] if each.group.key == key)


def _compared(
    rows: Mapping[Outcome, Sequence[GroupRow]],
    values: Mapping[Outcome, Floats],
    outcome: Outcome,
    key: str,
) -> Compared:
    row = _row(rows, outcome, key)
    return Compared(row.comparison.key, values[outcome], row.group.mask, row.group.usable)
