"""Key levels: the rules of section 6 written out plainly beside the fast form, and their edges."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from regime_platform.compute import primitives as prim
from regime_platform.compute.kernels import compile_kernels
from regime_platform.compute.levels.key_levels import key_levels
from regime_platform.errors import BarsError
from regime_platform_tests.builders import make_bars
from regime_platform_tests.error_codes import raises

Floats = NDArray[np.float64]
Bars = tuple[Floats, Floats, Floats, Floats]


@pytest.fixture(autouse=True, scope="module")
def _kernels() -> None:
    compile_kernels()


def _random_walk(count: int, seed: int, scale: float = 1.0, decimals: int = 4) -> Bars:
    frame = make_bars(count, seed=seed)
    high, low, close = (
        np.round(frame[name].to_numpy() * scale, decimals) for name in ("high", "low", "close")
    )
    return high, low, close, frame["volume"].to_numpy().copy()


def _on_a_coarse_grid() -> Bars:
    """Prices on a grid of one point: ties of every kind, pivots of equal price, flat stretches."""
    high, low, close, volume = _random_walk(420, seed=5, decimals=0)
    return high, low, close, np.round(volume, -6)


def _with_holes() -> Bars:
    high, low, close, volume = _random_walk(420, seed=6)
    for series, step in ((high, 41), (low, 67), (volume, 5)):
        series[::step] = np.nan
    return high, low, close, volume


def _flat_then_moving() -> Bars:
    high, low, close, volume = _random_walk(600, seed=7)
    for series in (high, low, close):
        series[200:500] = 100.0
    return high, low, close, volume


def _without_volume() -> Bars:
    high, low, close, volume = _random_walk(300, seed=8, scale=0.011)
    return high, low, close, np.full_like(volume, np.nan)


def _traded_in_few_bins() -> Bars:
    high, low, close, volume = _random_walk(400, seed=9, scale=30.0)
    volume[(np.arange(400) % 90) > 1] = 0.0
    return high, low, close, volume


CASES: dict[str, Callable[[], Bars]] = {
    "walk": lambda: _random_walk(330, seed=4),
    "large prices": lambda: _random_walk(330, seed=11, scale=450.0),
    "coarse grid": _on_a_coarse_grid,
    "holes": _with_holes,
    "flat then moving": _flat_then_moving,
    "no volume": _without_volume,
    "few bins": _traded_in_few_bins,
}


def _part(bars: Bars, start: int, stop: int | None = None) -> Bars:
    high, low, close, volume = (series[start:stop].copy() for series in bars)
    return high, low, close, volume


def _atr(bars: Bars) -> Floats:
    return prim.rolling_mean(prim.true_range(*bars[:3]), 20)


def _levels(bars: Bars) -> Floats:
    return key_levels(*bars, _atr(bars))


@pytest.mark.parametrize("case", sorted(CASES))
def test_the_levels_are_those_of_the_rules_written_out(case: str) -> None:
    bars = CASES[case]()
    atr = _atr(bars)
    levels = key_levels(*bars, atr)

    for i in range(249, bars[2].size, 7):
        expected = _reference_levels(*_part(bars, i - 249, i + 1), atr[i])
        np.testing.assert_allclose(levels[:, i], expected, rtol=1e-10, err_msg=f"bar {i}")


@pytest.mark.parametrize("case", sorted(CASES))
def test_levels_do_not_remember_where_the_array_began(case: str) -> None:
    bars = CASES[case]()
    atr = _atr(bars)
    whole = key_levels(*bars, atr)

    for start in (1, 13, 40):
        part = key_levels(*_part(bars, start), atr[start:].copy())
        count = part.shape[1]
        assert part[:, 249:].tobytes() == np.ascontiguousarray(whole[:, -count:][:, 249:]).tobytes()


def test_levels_of_a_prefix_are_the_prefix_of_the_levels() -> None:
    bars = _on_a_coarse_grid()
    whole = _levels(bars)

    for count in (0, 6, 249, 250, 251, 333):
        prefix = _levels(tuple(series[:count].copy() for series in bars))  # type: ignore[arg-type]
        assert prefix.tobytes() == np.ascontiguousarray(whole[:, :count]).tobytes()


def test_there_is_no_level_before_the_window_is_full() -> None:
    levels = _levels(_random_walk(260, seed=1))

    assert np.isnan(levels[:, :249]).all()
    assert not np.isnan(levels[:, 249]).all()


def test_a_flat_tape_has_no_level() -> None:
    flat = np.full(300, 20.0)

    assert np.isnan(_levels((flat, flat, flat, np.ones(300)))).all()


def test_supports_lie_below_and_resistances_above_strongest_first() -> None:
    bars = _random_walk(900, seed=2)
    levels = _levels(bars)[:, 249:]
    close = bars[2][249:]
    prices, strengths = levels[0::2], levels[1::2]

    assert (np.isnan(prices[:3]) | (prices[:3] < close)).all()
    assert (np.isnan(prices[3:]) | (prices[3:] > close)).all()
    for side in (strengths[:3], strengths[3:]):
        filled = np.nan_to_num(side, nan=-1.0)
        assert (np.diff(filled, axis=0) <= 0).all()
    assert (np.isnan(strengths) | (strengths >= 0.35)).all()


def test_an_extreme_range_is_refused_with_its_bar() -> None:
    high, low, close, volume = _random_walk(300, seed=3)
    high[260] = 1e9

    with raises(BarsError, "extreme-range", match="bar 260"):
        _levels((high, low, close, volume))


def _reference_levels(
    high: Floats, low: Floats, close: Floats, volume: Floats, atr: float
) -> Floats:
    out = np.full(12, np.nan)
    if not atr > 0:
        return out
    candidates = [
        *_reference_pivots(high, low, close, atr),
        *_reference_bins((high + low + close) / 3, volume),
        *_reference_round_numbers(float(close[-1]), atr),
    ]
    candidates.sort(key=lambda candidate: candidate[0])
    clusters = _reference_clusters(candidates, 0.35 * atr)
    for side, sign in enumerate((-1.0, 1.0)):
        here = [
            level for level in clusters if (level[0] - close[-1]) * sign > 0 and level[1] >= 0.35
        ]
        here.sort(key=lambda level: (-level[1], abs(level[0] - close[-1])))
        for rank, level in enumerate(here[:3]):
            out[6 * side + 2 * rank : 6 * side + 2 * rank + 2] = level
    return out


def _reference_pivots(
    high: Floats, low: Floats, close: Floats, atr: float
) -> list[tuple[float, float]]:
    levels = []
    for p in range(3, 247):
        highs, lows = high[p - 3 : p + 4], low[p - 3 : p + 4]
        is_high = high[p] == max(highs[~np.isnan(highs)], default=math.nan)
        is_low = low[p] == min(lows[~np.isnan(lows)], default=math.nan)
        if is_high or is_low:
            price = float(high[p] if is_high else low[p])
            levels.append((price, _reference_pivot_score(price, close, atr)))
    return levels


def _reference_pivot_score(price: float, close: Floats, atr: float) -> float:
    touches = [q for q in range(250) if abs(close[q] - price) / atr <= 0.30]
    moves = [abs(close[q + 5] - close[q]) / atr for q in touches if q + 5 <= 249]
    rejection = min(sum(moves) / len(moves) / 2, 1.0) if moves else 0.0
    age = 249 - touches[-1] if touches else 250
    worth = 1 - math.exp(-len(touches) / 3)
    return min(0.5 * worth + 0.3 * rejection + 0.2 * math.exp(-age / (250 / 3)), 1.0)


def _reference_bins(typical: Floats, volume: Floats) -> list[tuple[float, float]]:
    known = typical[~np.isnan(typical)]
    if np.isnan(volume).all() or known.size == 0 or not known.max() > known.min():
        return []
    edges = np.linspace(known.min(), known.max(), 61)
    totals = [0.0] * 60
    for y, traded in zip(typical, volume, strict=True):
        bin_ = 59 if math.isnan(y) else min(max(int((edges <= y).sum()) - 1, 0), 59)
        totals[bin_] += 0.0 if math.isnan(traded) else traded
    if not max(totals) > 0:
        return []
    best = sorted(range(60), key=lambda k: (totals[k], k))[-5:]
    return [((edges[k] + edges[k + 1]) / 2, totals[k] / max(totals)) for k in best]


def _reference_round_numbers(close: float, atr: float) -> list[tuple[float, float]]:
    step = 1 if close < 20 else 5 if close < 200 else 25 if close < 2000 else 100
    first, last = math.floor((close - 10 * atr) / step), math.ceil((close + 10 * atr) / step)
    return [
        (float(k * step), math.exp(-abs(close - k * step) / (5 * atr)))
        for k in range(first, last + 1)
    ]


def _reference_clusters(
    candidates: list[tuple[float, float]], eps: float
) -> list[tuple[float, float]]:
    groups: list[list[tuple[float, float]]] = []
    for candidate in candidates:
        if groups and not candidate[0] - groups[-1][-1][0] > eps:
            groups[-1].append(candidate)
        else:
            groups.append([candidate])
    levels = []
    for group in groups:
        prices, scores = np.array(group).T
        if scores.sum() > 0:
            price = (scores * prices).sum() / scores.sum()
            levels.append((float(price), float(1 - np.prod(1 - scores))))
    return levels
