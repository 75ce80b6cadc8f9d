"""Detects eras as breaks in the level of a benchmark's volatility (section 14).

The log volatility of the daily closes of one benchmark per era class is partitioned into stretches
of constant level. The Bayesian information criterion selects the number of breaks.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from regime_platform.compute.eras.eras import BENCHMARKS, ERA_CLASSES
from regime_platform.compute.kernels import Floats, Indices, kernel_array
from regime_platform.compute.primitives import log_returns, rolling_sigma
from regime_platform.errors import UsageError


class DetectionNumbers(NamedTuple):
    """Constants of the detection; recorded in every era set."""

    window: int = 126  # returns in one deviation
    smallest_deviation: float = 1e-12  # added to each, so that constant prices have a logarithm
    shortest_era: int = 504  # bars
    fewest_bars: int = 1008


DETECTION = DetectionNumbers()


@dataclass(frozen=True)
class Detection:
    """The result of a detection on one series of closes."""

    breaks: tuple[int, ...]  # the first bar of every era but the first
    points: int  # volatilities that were partitioned
    criterion: tuple[float, ...]  # of 0, 1, 2 ... breaks; the first minimum is selected


def detect_breaks(closes: npt.ArrayLike) -> Detection:
    """The bars of daily closes at which a new level of volatility starts; none in few bars."""
    levels = log_volatility(closes)
    known = np.flatnonzero(~np.isnan(levels))
    if known.size == 0:
        return Detection((), 0, ())
    first = int(known[0])
    points = levels[first : known[-1] + 1]
    points = np.where(np.isnan(points), points[known - first].mean(), points)
    shortest = DETECTION.shortest_era
    if points.size < 2 * shortest:
        return Detection((), points.size, ())
    candidates = _best_partitions(points, points.size // shortest - 1, shortest)
    criterion = tuple(_criterion(points, cuts) for cuts in candidates)
    best = min(range(len(criterion)), key=criterion.__getitem__)  # the first of equals
    return Detection(tuple(first + cut for cut in candidates[best]), points.size, criterion)


def benchmarks_of(
    classes: Iterable[str] = (), instead: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Era class -> benchmark of the requested classes, all by default.

    ``instead``: era class -> other benchmark. UsageError where a class is unknown.
    """
    other = dict(instead or {})
    named = [*classes]
    requested = {*named, *other} if named else {*ERA_CLASSES, *other}
    unknown = sorted(requested - set(ERA_CLASSES))
    if unknown:
        raise UsageError(
            f"unknown era class {', '.join(unknown)}; expected one of {', '.join(ERA_CLASSES)}",
            code="unknown-era-class",
        )
    return {name: other.get(name, BENCHMARKS[name]) for name in ERA_CLASSES if name in requested}


def log_volatility(closes: npt.ArrayLike) -> Floats:
    """Logarithm of the deviation of the last 126 log returns of daily closes; NaN before these."""
    deviations = rolling_sigma(log_returns(kernel_array(closes)), DETECTION.window)
    return np.log(deviations + DETECTION.smallest_deviation)


def _best_partitions(points: Floats, most: int, shortest: int) -> list[tuple[int, ...]]:
    """The cuts of the best partition for 0, 1 ... ``most`` cuts; among equals the earliest.

    Dynamic programming over the start of the last part, for all numbers of cuts together.
    """
    n = points.size
    sums, squares = _prefix_sums(points)
    best = np.full((most + 1, n + 1), math.inf)  # by cuts, then by points covered
    starts = np.zeros((most + 1, n + 1), np.int64)
    rows = np.arange(most)
    for end in range(shortest, n + 1):
        last = end - shortest + 1  # a part that ends at ``end`` starts before this
        lengths = np.arange(end, end - last, -1)
        within = squares[end] - squares[:last] - (sums[end] - sums[:last]) ** 2 / lengths
        best[0, end] = within[0]
        if last > shortest:
            totals = best[:-1, shortest:last] + within[shortest:]
            at = totals.argmin(axis=1)
            best[1:, end] = totals[rows, at]
            starts[1:, end] = at + shortest
    return [_cuts(starts, cuts, n) for cuts in range(most + 1)]


def _prefix_sums(points: Floats) -> tuple[Floats, Floats]:
    """Sums and sums of squares of the first 0, 1, 2 ... points, about their mean."""
    centred = points - points[0]  # so that equal points give exactly 0
    centred = centred - centred.mean()
    return np.append(0.0, np.cumsum(centred)), np.append(0.0, np.cumsum(centred * centred))


def _cuts(starts: Indices, cuts: int, end: int) -> tuple[int, ...]:
    positions: list[int] = []
    for row in range(cuts, 0, -1):
        end = int(starts[row, end])
        positions.append(end)
    return tuple(reversed(positions))


def _criterion(points: Floats, cuts: Sequence[int]) -> float:
    """BIC of a partition; squares are summed again, without the rounding of prefix sums."""
    n = points.size
    edges = (0, *cuts, n)
    rss = math.fsum(_scatter(points[a:b]) for a, b in pairwise(edges))
    fit = n * math.log(rss / n) if rss > 0.0 else -math.inf
    return fit + (len(cuts) + 1) * math.log(n)


def _scatter(part: Floats) -> float:
    centred = part - part[0]
    return math.fsum((centred - centred.mean()) ** 2)
