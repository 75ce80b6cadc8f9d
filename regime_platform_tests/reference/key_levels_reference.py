"""Section 6 of the canonical compute for one bar, rule by rule.

Only the distances of all closes from all pivots are taken at once, so that whole series can be
processed bar by bar.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from regime_platform_tests.reference.primitives_reference import bad, clamp, unit

Floats = NDArray[np.float64]
Pair = tuple[float, float]  # price and score, or price and strength

WIDTH = 250
LAST = WIDTH - 1


def strong_levels(bars: Mapping[str, Floats], atr: float) -> list[Pair]:
    """All levels of the 250 bars that end at bar i, ascending, on whichever side of the price.

    Args:
        bars: high, low, close and volume of these 250.
        atr: ATR_20 at the last of them.
    """
    if bad(atr):
        return []
    high, low, close = bars["high"], bars["low"], bars["close"]
    candidates = [
        *pivots(high, low, close, atr),
        *volume_at_price((high + low + close) / 3, bars["volume"]),
        *round_numbers(float(close[-1]), atr),
    ]
    return [cluster for cluster in clusters(candidates, 0.35 * atr) if cluster[1] >= 0.35]


def selected(levels: list[Pair], price: float) -> tuple[list[Pair], list[Pair]]:
    """Supports and resistances, the strongest first; a level at the price itself is neither."""

    def strongest(side: list[Pair]) -> list[Pair]:
        return sorted(side, key=lambda level: (-level[1], abs(level[0] - price)))[:3]

    below, above = [s for s in levels if s[0] < price], [s for s in levels if s[0] > price]
    return strongest(below), strongest(above)


def pivots(high: Floats, low: Floats, close: Floats, atr: float) -> list[Pair]:
    """Candidates of rule 1."""
    prices = []
    highest, lowest = around(high, np.fmax), around(low, np.fmin)
    for p in range(3, 247):
        if high[p] == highest[p]:
            prices.append(high[p])
        elif low[p] == lowest[p]:
            prices.append(low[p])
    if not prices:
        return []
    near = np.abs(close - np.array(prices)[:, None]) / atr <= 0.30
    moves = np.abs(close[5:] - close[:-5]) / atr
    followed = near[:, : moves.size]
    travelled = np.where(followed, moves, 0.0).sum(axis=1)
    candidates = []
    for price, touches, far, followers in zip(
        prices, near, travelled, followed.sum(axis=1), strict=True
    ):
        (where,) = touches.nonzero()
        t = 1 - math.exp(-where.size / 3)
        rejection = clamp(far / followers / 2, 0.0, 1.0) if followers else 0.0
        age = LAST - where[-1] if where.size else WIDTH
        score = unit(0.5 * t + 0.3 * rejection + 0.2 * math.exp(-age / (WIDTH / 3)))
        candidates.append((float(price), float(score)))
    return candidates


def around(values: Floats, extreme: np.ufunc) -> Floats:
    """The extreme of p-3 .. p+3 at every p that has them; NaN members are passed over."""
    out = np.full(values.size, np.nan)
    out[3:-3] = extreme.reduce([values[k : values.size - 6 + k] for k in range(7)])
    return out


def volume_at_price(typical: Floats, volume: Floats) -> list[Pair]:
    """Candidates of rule 2."""
    known = typical[~np.isnan(typical)]
    if np.isnan(volume).all() or known.size == 0 or not known.max() > known.min():
        return []
    edges = np.linspace(known.min(), known.max(), 61)
    places = np.clip((edges <= typical[:, None]).sum(axis=1) - 1, 0, 59)
    places[np.isnan(typical)] = 59
    totals = [0.0] * 60
    for place, traded in zip(places.tolist(), volume.tolist(), strict=True):
        totals[place] += 0.0 if math.isnan(traded) else traded
    largest = max(totals)
    if not largest > 0:
        return []
    best = sorted(range(60), key=lambda k: (totals[k], k))[-5:]
    return [(float(edges[k] + edges[k + 1]) / 2, unit(totals[k] / largest)) for k in best]


def round_numbers(price: float, atr: float) -> list[Pair]:
    """Candidates of rule 3."""
    step = 1 if price < 20 else 5 if price < 200 else 25 if price < 2000 else 100
    first, last = math.floor((price - 10 * atr) / step), math.ceil((price + 10 * atr) / step)
    steps = (float(k * step) for k in range(first, last + 1))
    return [(x, unit(math.exp(-abs(price - x) / (5 * atr)))) for x in steps]


def clusters(candidates: list[Pair], eps: float) -> list[Pair]:
    """Price and strength of every chain of candidates, none farther than eps from the next."""
    chains: list[list[Pair]] = []
    for candidate in sorted(candidates, key=lambda pair: pair[0]):
        if chains and not candidate[0] - chains[-1][-1][0] > eps:
            chains[-1].append(candidate)
        else:
            chains.append([candidate])
    levels = []
    for chain in chains:
        scores = [score for _, score in chain]
        weight = pairwise(scores)
        if weight > 0:
            price = pairwise([score * x for x, score in chain]) / weight
            levels.append((price, unit(1 - math.prod(1 - unit(score) for score in scores))))
    return levels


def pairwise(values: Sequence[float]) -> float:
    """The pairwise sum of section 6, term by term."""
    count = len(values)
    if count > 128:
        half = count // 2 // 8 * 8
        return pairwise(values[:half]) + pairwise(values[half:])
    if count < 8:
        return sum(values, 0.0)
    r = list(values[:8])
    for start in range(8, count - count % 8, 8):
        for k in range(8):
            r[k] += values[start + k]
    total = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]))
    for value in values[count - count % 8 :]:
        total += value
    return total
