"""Section 14 of the canonical compute by trying every partition, in plain Python."""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

WINDOW = 126
SHORTEST = 504


def log_volatility(closes: Sequence[float]) -> list[float]:
    """ln(sdev of the last 126 log returns + 1e-12); NaN where one of them is missing."""
    returns = [math.nan, *(math.log(b / a) for a, b in pairwise(closes))]
    out = []
    for i in range(len(closes)):
        last = returns[max(0, i - WINDOW + 1) : i + 1]
        whole = len(last) == WINDOW and not any(map(math.isnan, last))
        out.append(math.log(deviation(last) + 1e-12) if whole else math.nan)
    return out


def deviation(members: Sequence[float]) -> float:
    """Sample standard deviation."""
    mean = math.fsum(members) / len(members)
    return math.sqrt(math.fsum((member - mean) ** 2 for member in members) / (len(members) - 1))


def breaks(closes: Sequence[float], *, shortest: int = SHORTEST) -> tuple[int, ...]:
    """The first bar of every era but the first."""
    levels = log_volatility(closes)
    known = [i for i, level in enumerate(levels) if not math.isnan(level)]
    if not known:
        return ()
    points = levels[known[0] : known[-1] + 1]
    mean = sum(levels[i] for i in known) / len(known)
    points = [mean if math.isnan(point) else point for point in points]
    if len(points) < 2 * shortest:
        return ()
    best = [best_cuts(points, cuts, shortest) for cuts in range(len(points) // shortest)]
    scores = [criterion(points, cuts) for cuts in best]
    return tuple(known[0] + cut for cut in best[scores.index(min(scores))])


def best_cuts(points: Sequence[float], cuts: int, shortest: int) -> tuple[int, ...]:
    """Of all partitions with so many cuts the one with the least RSS; the first of equals."""
    return min(
        _partitions(len(points), cuts, shortest), key=lambda partition: rss(points, partition)
    )


def criterion(points: Sequence[float], cuts: Sequence[int]) -> float:
    """BIC of a partition."""
    n, left = len(points), rss(points, cuts)
    return (n * math.log(left / n) if left > 0 else -math.inf) + (len(cuts) + 1) * math.log(n)


def rss(points: Sequence[float], cuts: Sequence[int]) -> float:
    """Squared deviations from the means of the parts."""
    edges = [0, *cuts, len(points)]
    return sum(_scatter(points[a:b]) for a, b in pairwise(edges))


def _scatter(part: Sequence[float]) -> float:
    mean = sum(part) / len(part)
    return sum((value - mean) ** 2 for value in part)


def _partitions(n: int, cuts: int, shortest: int) -> Iterator[tuple[int, ...]]:
    if cuts == 0:
        yield ()
        return
    for last in range(cuts * shortest, n - shortest + 1):
        for before in _partitions(last, cuts - 1, shortest):
            yield (*before, last)
