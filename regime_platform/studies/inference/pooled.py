"""Comparisons across symbols that fall together: whole stretches of the calendar are drawn.

A thousand symbols in one crash are one case. So a stretch of the calendar enters or leaves with all
its symbols, in the interval and in the placebo.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from regime_platform.compute.params import DEFAULT_PARAMS
from regime_platform.studies.inference.block_pairs import BlockPairs, concluded
from regime_platform.studies.inference.comparison import Claim, not_computed
from regime_platform.studies.inference.windows import fewer_of_too_few
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.result import Conclusion
from regime_platform.studies.series import Bools, Floats, Ints, StudySeries

CalendarSums = npt.NDArray[np.float32]
#: Horizons in a stretch of the calendar: half a year of daily bars.
_HORIZONS = 6


def calendar_sums(
    series: StudySeries,
    outcome: Floats,
    mask: Bools,
    options: StudyOptions,
    usable: Bools | None = None,
) -> CalendarSums:
    """What `pooled_comparison` needs of a symbol, for ``SymbolStudy.sums``; empty without bars.

    Arguments as of `compare_groups`. The outcome is taken from its mean over the symbol, so that
    lively symbols with much signal are no effect. Opaque: the number of the first stretch, then
    per stretch the sums of `BlockPairs`.
    """
    enters = np.isfinite(outcome) if usable is None else np.isfinite(outcome) & usable
    if not enters.any():
        return np.zeros((0, 0), np.float32)
    stretch = _stretches(series, options)[enters]
    block = stretch - stretch[0]
    place = np.arange(len(block)) - np.searchsorted(block, block)
    pairs = BlockPairs.at(outcome[enters], mask[enters], block, place)
    first = np.full(len(pairs.totals), stretch[0])
    sums = (first[:, None], pairs.totals[:, None], pairs.sizes[:, None], pairs.hits, pairs.bars)
    return np.hstack(sums).astype(np.float32)


def pooled_comparison(
    sums: Sequence[CalendarSums], claim: Claim, options: StudyOptions
) -> Conclusion:
    """The difference within symbols between bars with the signal and all others, over symbols.

    Independent windows are stretches of the calendar in which any symbol has the signal, or those
    in which any has not where these are too few.
    """
    parts = [each for each in sums if each.size]
    pairs = _total(parts)
    bars = np.diagonal(pairs.bars)
    windows, others = (int((each > 0).sum()) for each in (bars, pairs.sizes - bars))
    nothing = not_computed(claim, fewer_of_too_few(windows, others), options)
    own = sum(map(_own_spread, parts))
    if own == 0:  # no symbol has both bars with the signal and others
        return nothing
    pooled = concluded(nothing, pairs, options, claim.key)
    return _within(pooled, _spread(float(bars.sum()), float(pairs.sizes.sum())) / own)


def _within(pooled: Conclusion, factor: float) -> Conclusion:
    """The difference within symbols: that of a regression with a constant for each symbol.

    Bars with the signal and all others are not of the same mix of symbols, so the difference of
    their means, each taken from its symbol's, falls short by a factor that no order of blocks
    changes; so p-values stay.
    """
    names = ("effect", "low", "high", "placebo_mean")
    return replace(pooled, **{name: factor * getattr(pooled, name) for name in names})


def _own_spread(sums: CalendarSums) -> float:
    bars = np.diagonal(sums[:, 3 + len(sums) :])
    return _spread(float(bars.sum(dtype=np.float64)), float(sums[:, 2].sum(dtype=np.float64)))


def _spread(bars: float, size: float) -> float:
    """The sum of squares of a signal, on for so many bars, around its mean."""
    return bars * (size - bars) / size


def stretch_months(timeframe: str, options: StudyOptions) -> int:
    """How many months of the calendar are drawn together."""
    bars_a_month = DEFAULT_PARAMS.at(timeframe).year_bars / 12
    return math.ceil(_HORIZONS * options.horizon / bars_a_month)


def _stretches(series: StudySeries, options: StudyOptions) -> Ints:
    months = stretch_months(series.timeframe, options)
    return series.ts.astype("datetime64[M]").astype(np.int64) // months


def _total(sums: Sequence[CalendarSums]) -> BlockPairs:
    """The sums of all symbols, from the first stretch of any to the last."""
    if not sums:
        return BlockPairs(np.zeros((1, 1)), np.zeros((1, 1)), np.zeros(1), np.zeros(1))
    starts = [int(each[0, 0]) for each in sums]
    start = min(starts)
    count = max(first - start + len(each) for first, each in zip(starts, sums, strict=True))
    hits, bars = np.zeros((2, count, count))
    totals, sizes = np.zeros((2, count))
    for first, each in zip(starts, sums, strict=True):
        blocks = len(each)
        at = slice(first - start, first - start + blocks)
        totals[at] += each[:, 1]
        sizes[at] += each[:, 2]
        hits[at, at] += each[:, 3 : 3 + blocks]
        bars[at, at] += each[:, 3 + blocks :]
    return BlockPairs(hits, bars, totals, sizes)
