"""Rolling out of sample: was a year as the years before it led to expect?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.stats import binomtest

from regime_platform.studies.inference.blocks import block_length
from regime_platform.studies.inference.comparison import Claim, not_computed
from regime_platform.studies.inference.folds import Fold, folds_by_year
from regime_platform.studies.inference.placebo import block_orders, placebo_of, with_test
from regime_platform.studies.inference.windows import independent_windows
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.outcomes import Group, Outcome
from regime_platform.studies.result import Column, Conclusion, StudyTable, Unit
from regime_platform.studies.series import Bools, Floats, Ints, StudySeries
from regime_platform.studies.tables import table_of

_NOTE = (
    "The difference of HIGH to the rest within a year, and in all years before it. Order: the "
    "buckets by their mean, smallest first. No window reaches into another year."
)


@dataclass(frozen=True)
class YearEffects:
    """Differences within each year and in all years before it, (signals, years); NaN: none."""

    within: Floats
    before: Floats

    @property
    def compared(self) -> Ints:
        """Years that have both, per signal."""
        known = np.isfinite(self.within) & np.isfinite(self.before)
        years: Ints = np.count_nonzero(known, axis=1)
        return years

    @property
    def same_sign(self) -> Ints:
        """Of these, the years with the sign of the years before, per signal."""
        with np.errstate(invalid="ignore"):
            same = self.within * self.before > 0
        years: Ints = np.count_nonzero(same, axis=1)
        return years


def year_effects(
    values: Floats, signal: Bools, years: Ints, block: int, orders: Ints
) -> YearEffects:
    """The differences of a signal whose blocks are put in other orders.

    Args:
        values: (bars,), finite.
        signal: (bars,).
        years: (bars,): the position of the year that has the bar and its window; -1: none.
        block: bars of a block.
        orders: (orders, blocks), see `block_orders`.
    """
    at = np.arange(len(values))
    blocks = -(-len(values) // block)
    # the outcome of a block in a year is a piece; pieces are in the order of their years
    pieces, piece = np.unique(years * blocks + at // block, return_inverse=True)
    laid = np.zeros((blocks, block))
    laid[at // block, at % block] = signal
    filled = np.zeros((2, len(pieces), block))
    filled[:, piece, at % block] = values - values.mean(), np.ones(len(values))
    outcome, there = filled
    of_year, of_block = np.divmod(pieces, blocks)
    numbers = np.arange(len(pieces))
    sums = [
        (laid @ outcome.T)[orders[:, of_block], numbers],
        (laid @ there.T)[orders[:, of_block], numbers],
        np.broadcast_to(outcome.sum(axis=1), (1, len(pieces))),
        np.broadcast_to(there.sum(axis=1), (1, len(pieces))),
    ]
    starts = np.searchsorted(of_year, np.arange(max(int(years.max()) + 1, 0)))
    inside, bars, total, size = (np.add.reduceat(each, starts, axis=1) for each in sums)
    parts = (inside, bars, total - inside, size - bars)
    before = (np.cumsum(each, axis=1) - each for each in parts)
    return YearEffects(_differences(*parts), _differences(*before))


def years_table(
    series: StudySeries,
    values: Mapping[Outcome, Floats],
    buckets: Sequence[Group],
    options: StudyOptions,
) -> tuple[StudyTable, tuple[Conclusion, ...]]:
    """A row per year, and whether signs last more often than by chance.

    ``buckets`` are LOW, MED and HIGH; the differences are those of HIGH.
    """
    high = buckets[-1]
    folds = [
        fold for fold in folds_by_year(series, options.horizon) if np.any(fold.mask & high.usable)
    ]
    rows: list[dict[str, Any]] = [
        {"year": fold.name, "windows": independent_windows(high.mask & fold.mask, options.horizon)}
        for fold in folds
    ]
    columns = [Column("year", "Year", Unit.TEXT), Column("windows", "Windows", Unit.COUNT)]
    conclusions = []
    for outcome, outcomes in values.items():
        conclusion, own = _same_sign(series, outcome, outcomes, high, folds, options)
        conclusions.append(conclusion)
        earlier = np.zeros(len(outcomes), bool)
        for row, fold, within, before in zip(rows, folds, *own, strict=True):
            row[f"{outcome.key}_within"], row[f"{outcome.key}_before"] = within, before
            row[f"{outcome.key}_order"] = _order(outcomes, buckets, fold.mask)
            row[f"{outcome.key}_order_before"] = _order(outcomes, buckets, earlier)
            earlier |= fold.mask
        columns += [
            Column(f"{outcome.key}_within", outcome.short, Unit.POINTS),
            Column(f"{outcome.key}_before", "Years before", Unit.POINTS),
            Column(f"{outcome.key}_order", "Order", Unit.TEXT),
            Column(f"{outcome.key}_order_before", "Order before", Unit.TEXT),
        ]
    title = "HIGH against the rest, by year"
    return table_of("years", title, columns, rows, _NOTE, is_detail=True), tuple(conclusions)


def _same_sign(  # noqa: PLR0913, PLR0917 - a comparison and the years it is made in
    series: StudySeries,
    outcome: Outcome,
    outcomes: Floats,
    high: Group,
    folds: Sequence[Fold],
    options: StudyOptions,
) -> tuple[Conclusion, tuple[Floats, Floats]]:
    claim = Claim(
        f"years_{outcome.key}",
        f"the sign of a year's difference in {outcome.title} after HIGH is {{direction}} often "
        "that of the years before than by chance",
        Unit.POINTS,
        ("more", "less"),
    )
    none = np.full(len(folds), np.nan)
    enters = high.usable & np.isfinite(outcomes)
    years = np.full(len(outcomes), -1)
    for position, fold in enumerate(folds):
        years[fold.mask] = position
    values, signal, years = outcomes[enters], high.mask[enters], years[enters]
    if not len(values) or len(np.unique(years[years >= 0])) < len(folds):
        return not_computed(claim, 0, options), (none, none)
    block = block_length(values, options.horizon)
    count = -(-len(values) // block)
    own = year_effects(values, signal, years, block, np.arange(count)[None, :])
    effects = (own.within[0], own.before[0])
    compared = int(own.compared[0])
    if compared == 0:
        return not_computed(claim, 0, options), effects
    orders = block_orders(count, options, series.symbol, series.timeframe)
    others = year_effects(values, signal, years, block, orders)
    with np.errstate(invalid="ignore"):
        chances = others.same_sign / others.compared
    chance = float(np.nanmean(chances))
    same = int(own.same_sign[0])
    placebo = placebo_of(same / compared, chances, chance)
    low, high_end = binomtest(same, compared).proportion_ci(options.confidence, "wilson")
    claimed = not_computed(claim, compared, options)
    around_chance = (low - chance, high_end - chance), replace(placebo, mean=0.0)
    return with_test(claimed, same / compared - chance, *around_chance), effects


def _differences(inside: Floats, bars: Floats, outside: Floats, rest: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        differences: Floats = inside / bars - outside / rest
    return differences


def _order(outcomes: Floats, buckets: Sequence[Group], within: Bools) -> str:
    """The buckets that a part has, by their mean outcome, smallest first."""
    means = {}
    for group in buckets:
        values = outcomes[group.mask & within]
        values = values[np.isfinite(values)]
        if len(values):
            means[group.title] = float(values.mean())
    return " ".join(sorted(means, key=means.__getitem__))
