"""Clusters candidates by price and selects the three strongest levels per side (section 6)."""

import numpy as np

from regime_platform.compute.kernels import Floats, Indices, Table, kernel

LEVELS = 3  # per side
CLUSTER_ROWS = 3
_TOTAL, _MOMENT, _STRENGTH = range(CLUSTER_ROWS)
_SMALLEST_STRENGTH = 0.35
_GROUP = 8  # running sums of a pairwise sum


@kernel(_nrt=False)
def pairwise_sum(values: Floats, start: int, stop: int) -> float:
    """Sum of ``values[start:stop]`` in the pairwise order of section 6.

    With constant prices its last bit decides whether a level equals the close and is dropped.
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


@kernel(_nrt=False)
def _find_clusters(
    prices: Floats, scores: Floats, count: int, eps: float, clusters: Table, stops: Indices
) -> int:
    """Sums up clusters in ascending order; returns their number.

    Every candidate writes the running sums to the place of its cluster, and the first candidate of
    a cluster advances the place. That avoids a branch on cluster ends, which is unpredictable.
    """
    total, moment, doubt = 0.0, 0.0, 1.0
    last = -1
    before = -np.inf
    for k in range(count):
        apart = prices[k] - before > eps
        before = prices[k]
        last += apart
        total = (0.0 if apart else total) + scores[k]
        moment = (0.0 if apart else moment) + scores[k] * prices[k]
        doubt = (1.0 if apart else doubt) * (1.0 - scores[k])
        clusters[_TOTAL, last] = total
        clusters[_MOMENT, last] = moment
        clusters[_STRENGTH, last] = 1.0 - doubt
        stops[last] = k + 1
    return last + 1


@kernel(_nrt=False)
def _keep(price: float, strength: float, close: float, levels: Table, side: int, i: int) -> None:
    """Inserts a level by strength, then nearness to the close, then order; drops the fourth."""
    row = side * 2 * LEVELS
    rank = LEVELS
    while rank > 0:
        above = row + 2 * (rank - 1)
        other = levels[above + 1, i]
        nearer = strength == other and abs(price - close) < abs(levels[above, i] - close)
        if not (np.isnan(other) or strength > other or nearer):
            break
        if rank < LEVELS:
            levels[above + 2, i] = levels[above, i]
            levels[above + 3, i] = other
        rank -= 1
    if rank < LEVELS:
        levels[row + 2 * rank, i] = price
        levels[row + 2 * rank + 1, i] = strength


@kernel(_nrt=False)
def write_levels(
    prices: Floats,
    scores: Floats,
    weighted: Floats,
    count: int,
    close: float,
    eps: float,
    clusters: Table,
    stops: Indices,
    levels: Table,
    i: int,
) -> None:
    """Clusters ``count`` candidates and writes the selected levels into column ``i``.

    A cluster ends where the next price is more than ``eps`` higher. Its price is the mean weighted
    by score, its strength 1 - product(1 - score), in [0, 1]. ``prices`` ascend, ``weighted`` is
    score x price, ``clusters`` and ``stops`` are buffers, and column ``i`` is NaN before the call.
    """
    clustered = _find_clusters(prices, scores, count, eps, clusters, stops)
    start = 0
    for k in range(clustered):
        stop = stops[k]
        strength = clusters[_STRENGTH, k]
        if strength >= _SMALLEST_STRENGTH:
            total, moment = clusters[_TOTAL, k], clusters[_MOMENT, k]
            if stop - start >= _GROUP:  # shorter sums are already left to right
                total = pairwise_sum(scores, start, stop)
                moment = pairwise_sum(weighted, start, stop)
            price = moment / total
            if price != close:
                _keep(price, strength, close, levels, 0 if price < close else 1, i)
        start = stop
