"""Key levels: supports and resistances from the last 250 bars (canonical compute, section 6).

This is the most expensive part of the compute. Pivots are found once for all bars, the closes and
pivots of the window stay sorted by price from bar to bar, and one pass over both finds the closes
that touch each pivot.
"""

import math

import numpy as np

from regime_platform.compute.kernels import Floats, Table, kernel
from regime_platform.compute.levels.clusters import CLUSTER_ROWS, LEVELS, write_levels
from regime_platform.compute.levels.pivots import (
    forget,
    pivot_prices,
    roll_pivots,
    score_pivots,
    touch_worths,
)
from regime_platform.compute.levels.touches import (
    CLOSE_ROWS,
    PLACES,
    PRICE,
    TOUCH_ROWS,
    ordered_table,
    roll_closes,
)
from regime_platform.compute.levels.volume_at_price import (
    BEST_BINS,
    BINS,
    best_bins,
    roll_volume_bins,
)
from regime_platform.compute.params import FIRST_BARS, WINDOWS
from regime_platform.compute.primitives import bad, rolling_max, rolling_min, unit
from regime_platform.errors import BarsError

_WINDOW = WINDOWS.key_levels
_FIRST = FIRST_BARS.key_levels
_CLUSTER_ATR = 0.35
_MOST_ROUND_NUMBERS = 1_000_000


def key_levels(high: Floats, low: Floats, close: Floats, volume: Floats, atr: Floats) -> Floats:
    """The three strongest levels below and above the close of every bar; from bar 249.

    NaN is allowed except in ``close``; ``atr`` is ATR_20.

    Returns:
        Shape (12, bars), NaN where there is no such level. Rows: price and strength of supports
        1, 2, 3, then of resistances 1, 2, 3; strengths in [0.35, 1].

    Raises:
        BarsError: a range so large against the price that there are too many round numbers.
    """
    levels = np.full((4 * LEVELS, close.size), np.nan)
    if close.size < _WINDOW:
        return levels
    pivots = pivot_prices(high, low)
    typical = (high + low + close) / 3.0
    lowest = rolling_min(typical, _WINDOW, True)
    highest = rolling_max(typical, _WINDOW, True)
    traded = np.nan_to_num(volume, nan=0.0, posinf=np.inf, neginf=-np.inf)
    capacity = _most_round_numbers(close, atr) + _WINDOW + BEST_BINS
    _fill_levels(
        close, atr, pivots, typical, traded, lowest, highest,
        bool(traded.any()), capacity, levels,
    )  # fmt: skip
    return levels


def _most_round_numbers(close: Floats, atr: Floats) -> int:
    spans = np.zeros(close.size)
    steps = np.select([close < 20.0, close < 200.0, close < 2000.0], [1.0, 5.0, 25.0], 100.0)
    np.divide(20.0 * atr, steps, out=spans, where=atr > 0.0)
    worst = int(np.argmax(spans))
    if spans[worst] > _MOST_ROUND_NUMBERS:
        raise BarsError(
            f"bar {worst}: the average true range {atr[worst]:g} is too large for the close "
            f"{close[worst]:g}; correct the bars around it, or keep them out with "
            "`regime bars exclude`",
            code="extreme-range",
        )
    return int(spans[worst]) + 4


@kernel(_nrt=False)
def _round_step(price: float) -> float:
    if price < 20.0:
        return 1.0
    if price < 200.0:
        return 5.0
    return 25.0 if price < 2000.0 else 100.0


@kernel(_nrt=False)
def _add_round_numbers(close: float, atr: float, count: int, prices: Floats, scores: Floats) -> int:
    """Merges the round numbers within 10 ATR into ``count`` ascending candidates, after equals.

    Returns the new number of candidates.
    """
    step = _round_step(close)
    lowest = math.floor((close - 10.0 * atr) / step)
    highest = math.ceil((close + 10.0 * atr) / step)
    last = count - 1
    free = count + highest - lowest
    for number in range(highest, lowest - 1, -1):
        price = number * step
        while last >= 0 and prices[last] > price:
            prices[free] = prices[last]
            scores[free] = scores[last]
            last -= 1
            free -= 1
        prices[free] = price
        scores[free] = unit(math.exp(-abs(close - price) / (5.0 * atr)))
        free -= 1
    return count + highest - lowest + 1


@kernel(_nrt=False)
def _merge(
    pivots: Floats,
    pivot_scores: Floats,
    pivot_count: int,
    others: Floats,
    other_scores: Floats,
    other_count: int,
    prices: Floats,
    scores: Floats,
    weighted: Floats,
) -> int:
    """Merges two ascending lists of candidates, pivots first among equals; returns their number."""
    a = 0
    b = 0
    for k in range(pivot_count + other_count):
        if b >= other_count or (a < pivot_count and pivots[a] <= others[b]):
            prices[k] = pivots[a]
            scores[k] = pivot_scores[a]
            a += 1
        else:
            prices[k] = others[b]
            scores[k] = other_scores[b]
            b += 1
        weighted[k] = scores[k] * prices[k]
    return pivot_count + other_count


@kernel()
def _fill_levels(
    close: Floats,
    atr: Floats,
    pivot_prices: Floats,
    typical: Floats,
    traded: Floats,
    lowest: Floats,
    highest: Floats,
    any_volume: bool,
    capacity: int,
    levels: Table,
) -> None:
    """Moves the window over all bars; long, since it allocates every buffer once."""
    closes, pivots, pivot_count = ordered_table(CLOSE_ROWS), ordered_table(TOUCH_ROWS), 0
    worth, scored = touch_worths(), np.empty((2, PLACES))
    listed = np.empty((2, PLACES), np.int64)
    others, other_scores = np.empty(capacity), np.empty(capacity)
    prices, scores = np.empty(capacity), np.empty(capacity)
    weighted = np.empty(capacity)
    clusters, stops = np.empty((CLUSTER_ROWS, capacity)), np.empty(capacity, np.int64)
    edges, totals, best = np.empty(BINS + 1), np.zeros(BINS), np.arange(BINS + 1)
    bins, newest = np.empty(close.size, np.uint8), np.empty(BINS, np.uint32)
    following = np.empty(close.size + BINS, np.uint32)
    for i in range(close.size):
        roll_closes(i, close, closes)
        pivot_count = roll_pivots(i, pivot_prices, pivots, pivot_count)
        if i < _FIRST:
            continue
        if any_volume:
            roll_volume_bins(
                i, typical, traded, lowest, highest, edges, totals, bins, newest, following
            )
        if bad(atr[i]):
            forget(pivots)
            continue
        count = 0
        if any_volume and highest[i] > lowest[i]:
            count = best_bins(totals, edges, best, others, other_scores)
        count = _add_round_numbers(close[i], atr[i], count, others, other_scores)
        score_pivots(i, atr[i], close, closes, pivots, pivot_count, worth, listed, scored)
        count = _merge(
            pivots[PRICE], scored[0], pivot_count, others, other_scores, count,
            prices, scores, weighted,
        )  # fmt: skip
        write_levels(
            prices, scores, weighted, count, close[i], _CLUSTER_ATR * atr[i],
            clusters, stops, levels, i,
        )  # fmt: skip
