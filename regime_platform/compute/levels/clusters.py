"""From candidates sorted by price to the three strongest levels on either side (section 6)."""

# A kernel takes every series and buffer it touches: it cannot take an object that holds them.

import numpy as np

from regime_platform.compute.kernels import kernel
from regime_platform.compute.price_order import Indices
from regime_platform.compute.primitives import Floats

LEVELS = 3  # kept on each side
CLUSTER_ROWS = 3
_TOTAL, _MOMENT, _STRENGTH = range(CLUSTER_ROWS)
_SMALLEST_STRENGTH = 0.35
_GROUP = 8  # running sums of a pairwise sum


@kernel("float64(float64[::1], int64, int64)", _nrt=False)
def pairwise_sum(values: Floats, start: int, stop: int) -> float:
    """Sum of ``values[start:stop]`` in the pairwise order of section 6.

    On a flat tape the last bit of it decides whether a level lies on the price and is dropped.
    """
    count = stop - start
    if count > 128:
        half = count // 2
        half -= half % _GROUP
        middle = start + half
        return pairwise_sum(values, start, middle) + pairwise_sum(values, middle, stop)
    if count < _GROUP:
        total: float = 0.0
        for k in range(start, stop):
            total += values[k]
        return total
    groups = start + count - count % _GROUP
    r0, r1, r2, r3 = values[start], values[start + 1], values[start + 2], values[start + 3]
    r4, r5, r6, r7 = values[start + 4], values[start + 5], values[start + 6], values[start + 7]
    for k in range(start + _GROUP, groups, _GROUP):
        r0 += values[k]
        r1 += values[k + 1]
        r2 += values[k + 2]
        r3 += values[k + 3]
        r4 += values[k + 4]
        r5 += values[k + 5]
        r6 += values[k + 6]
        r7 += values[k + 7]
    total = ((r0 + r1) + (r2 + r3)) + ((r4 + r5) + (r6 + r7))
    for k in range(groups, stop):
        total += values[k]
    return total


@kernel(
    "int64(float64[::1], float64[::1], int64, float64, float64[:, ::1], int64[::1])", _nrt=False
)
def _find_clusters(
    prices: Floats, scores: Floats, count: int, eps: float, clusters: Floats, stops: Indices
) -> int:
    """Sums up clusters from left to right; returns how many.

    Every candidate writes the sums so far to the place of its cluster, and each first one moves on
    by a place: no branch upon where a cluster ends, which nothing could guess.
    """
    total, moment, doubt = 0.0, 0.0, 1.0
    found = -1
    before = -np.inf
    for k in range(count):
        apart = prices[k] - before > eps
        before = prices[k]
        found += apart
        total = (0.0 if apart else total) + scores[k]
        moment = (0.0 if apart else moment) + scores[k] * prices[k]
        doubt = (1.0 if apart else doubt) * (1.0 - scores[k])
        clusters[_TOTAL, found] = total
        clusters[_MOMENT, found] = moment
        clusters[_STRENGTH, found] = 1.0 - doubt
        stops[found] = k + 1
    return found + 1


@kernel("void(float64, float64, float64, float64[:, ::1], int64, int64)", _nrt=False)
def _keep(price: float, strength: float, close: float, levels: Floats, side: int, i: int) -> None:
    """Ranks a level by strength, then nearness, then first come; the fourth falls out."""
    row = side * 2 * LEVELS
    rank = LEVELS
    while rank > 0:
        above = row + 2 * (rank - 1)
        held = levels[above + 1, i]
        nearer = strength == held and abs(price - close) < abs(levels[above, i] - close)
        if not (np.isnan(held) or strength > held or nearer):
            break
        if rank < LEVELS:
            levels[above + 2, i] = levels[above, i]
            levels[above + 3, i] = held
        rank -= 1
    if rank < LEVELS:
        levels[row + 2 * rank, i] = price
        levels[row + 2 * rank + 1, i] = strength


@kernel(
    "void(float64[::1], float64[::1], float64[::1], int64, float64, float64, float64[:, ::1],"
    " int64[::1], float64[:, ::1], int64)",
    _nrt=False,
)
def write_levels(
    prices: Floats,
    scores: Floats,
    weighted: Floats,
    count: int,
    close: float,
    eps: float,
    clusters: Floats,
    stops: Indices,
    levels: Floats,
    i: int,
) -> None:
    """Clusters ``count`` candidates and writes the chosen levels into column ``i``.

    A cluster ends where the next price is more than ``eps`` above the one before; its price is the
    mean weighted by score, its strength 1 - product(1 - score).

    Args:
        prices: ascending; ``scores`` in [0, 1]; ``weighted`` is score x price.
        clusters: room for ``CLUSTER_ROWS`` rows of ``count``, overwritten; ``stops`` for one.
        levels: rows as in `key_levels`, NaN in this column so far.
    """
    found = _find_clusters(prices, scores, count, eps, clusters, stops)
    start = 0
    for k in range(found):
        stop = stops[k]
        strength = clusters[_STRENGTH, k]
        if strength >= _SMALLEST_STRENGTH:
            total, moment = clusters[_TOTAL, k], clusters[_MOMENT, k]
            if stop - start >= _GROUP:  # fewer are summed from left to right, as they were
                total = pairwise_sum(scores, start, stop)
                moment = pairwise_sum(weighted, start, stop)
            price = moment / total
            if price != close:
                _keep(price, strength, close, levels, 0 if price < close else 1, i)
        start = stop
