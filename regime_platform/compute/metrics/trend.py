"""Directional metrics: market bias, breakout, structural score and momentum.

Each kernel maps whole series to whole series; bars before the first defined one have the value
that the section prescribes.
"""

import math

import numpy as np

from regime_platform.compute.kernels import Codes, Floats, Table, kernel
from regime_platform.compute.metrics.shared import Shared
from regime_platform.compute.params import FIRST_BARS, WINDOWS
from regime_platform.compute.primitives import bad, clamp, unit

_FIRST_BIAS = FIRST_BARS.market_bias
_FIRST_BREAKOUT = FIRST_BARS.breakout
_FIRST_STRUCTURE = FIRST_BARS.structure
_FIRST_MOMENTUM = FIRST_BARS.momentum
_FAST = WINDOWS.fast

# positions in result_schema.MOMENTUM_STATES
_STRONG_UP, _WEAK_UP, _NEUTRAL, _WEAK_DOWN, _STRONG_DOWN = range(5)


@kernel()
def market_bias(s: Shared) -> Floats:
    """Market bias MB in [-1, 1] (section 5.1), 1 = upwards; from bar 20, 0 before.

    MB = tanh(0.7 (EMA_20 - EMA_100)/ATR + 0.3 (C - EMA_100)/ATR).
    """
    close, ema_slow, atr = s.close, s.ema_slow, s.atr
    out = np.zeros(close.size)
    for i in range(_FIRST_BIAS, close.size):
        if bad(atr[i]):
            continue
        trend = 0.7 * (s.ema_fast[i] - ema_slow[i]) / atr[i]
        stretch = 0.3 * (close[i] - ema_slow[i]) / atr[i]
        out[i] = clamp(math.tanh(trend + stretch), -1.0, 1.0)
    return out


@kernel()
def _energy(atr_short: float, atr_short_before: float, atr_long: float) -> float:
    """En of section 5.4 in [0, 1]: 0.6 compression + 0.4 expansion of the true range.

    Compression is 1 - ATR_10/ATR_50, expansion the growth of ATR_10 since the bar before.
    """
    compression = 0.0
    if not (math.isnan(atr_short) or bad(atr_long)):
        compression = unit(1.0 - atr_short / atr_long)
    expansion = 0.0
    if not (bad(atr_short_before) or math.isnan(atr_short)):
        expansion = unit(atr_short / atr_short_before - 1.0)
    return 0.6 * compression + 0.4 * expansion


@kernel()
def _nearness(distance: float, atr: float) -> float:
    """exp(-distance/ATR) in [0, 1]; 1 where the distance is not positive or NaN."""
    ratio = distance / atr
    return math.exp(-ratio) if ratio > 0.0 else 1.0


@kernel()
def breakout(
    s: Shared, levels: Table, bias: Floats, risk: Floats, volatility_cap: float
) -> tuple[Floats, Floats]:
    """Breakout scores up and down (bu, bd) in [0, 1] (section 5.4); from bar 54, 0 before.

    Each is nearness to the level x (0.45 energy + 0.35 agreement with the bias + 0.20 (1 - RL)) x
    (0.4 + 0.6 quiet). The strongest support and resistance of the
    `key_levels` are used; where one is NaN, the lowest low or highest high of the last 50 bars.
    ``volatility_cap`` is the deviation per bar at which quiet is 0.
    """
    close, atr = s.close, s.atr
    support, resistance = levels[0], levels[6]
    up = np.zeros(close.size)
    down = np.zeros(close.size)
    for i in range(_FIRST_BREAKOUT, close.size):
        if bad(atr[i]):
            continue
        ceiling = s.highest[i] if math.isnan(resistance[i]) else resistance[i]
        floor = s.lowest[i] if math.isnan(support[i]) else support[i]
        near_up = _nearness(ceiling - close[i], atr[i])
        near_down = _nearness(close[i] - floor, atr[i])
        energy = 0.45 * _energy(s.atr_short[i], s.atr_short[i - 1], s.atr_long[i])
        agrees_up = unit((1.0 + bias[i]) / 2.0)
        agrees_down = unit((1.0 - bias[i]) / 2.0)
        calm = 0.20 * unit(1.0 - risk[i])
        quiet = 0.0 if math.isnan(s.sigma[i]) else unit(1.0 - s.sigma[i] / volatility_cap)
        trust = 0.6 * quiet + 0.4
        up[i] = unit(near_up * (energy + 0.35 * agrees_up + calm) * trust)
        down[i] = unit(near_down * (energy + 0.35 * agrees_down + calm) * trust)
    return up, down


@kernel()
def _pull(strength: float, distance: float, atr: float) -> float:
    """strength x tanh(distance/ATR); 0 where there is no such level."""
    return 0.0 if math.isnan(strength) else strength * math.tanh(distance / atr)


@kernel()
def structural_score(s: Shared, levels: Table, bias: Floats, risk: Floats, shock: Floats) -> Floats:
    """Structural score SS in [-1, 1] (section 5.6), 1 = upwards; from bar 104, 0 before.

    SS = MB (0.55 + 0.25 er + 0.20 stability) + 0.25 levels; stability = 1 - (0.6 RL + 0.4 DSR).
    The levels are the strongest support and resistance of the `key_levels`.
    """
    close, atr, support, resistance = s.close, s.atr, levels[0:2], levels[6:8]
    out = np.zeros(close.size)
    for i in range(_FIRST_STRUCTURE, close.size):
        if bad(atr[i]):
            continue
        stability = unit(1.0 - (0.6 * unit(risk[i]) + 0.4 * unit(shock[i])))
        below = _pull(support[1, i], close[i] - support[0, i], atr[i])
        above = _pull(resistance[1, i], resistance[0, i] - close[i], atr[i])
        pull = clamp(0.6 * below + 0.4 * above, -1.0, 1.0)
        trend = bias[i] * (0.55 + 0.25 * s.efficiency[i] + 0.20 * stability)
        out[i] = clamp(trend + 0.25 * pull, -1.0, 1.0)
    return out


@kernel()
def _momentum_state(cms: float, ii: float) -> int:
    if cms >= 0.55 and ii >= 0.50:
        return _STRONG_UP
    if cms >= 0.20 and ii < 0.50:
        return _WEAK_UP
    if abs(cms) < 0.20:
        return _NEUTRAL
    if cms <= -0.55 and ii >= 0.50:
        return _STRONG_DOWN
    if cms <= -0.20 and ii < 0.50:
        return _WEAK_DOWN
    return _NEUTRAL


@kernel()
def momentum(
    s: Shared, bias: Floats, structure: Floats, vrs: Floats, up: Floats, down: Floats
) -> tuple[Codes, Floats, Floats, Floats]:
    """State code, cms in [-1, 1], ii and er in [0, 1] per bar (section 5.7).

    cms = 0.50 MB + 0.30 tanh(move over 20 bars in ATR / 2) + 0.20 SS; ii = abs(cms) x
    (0.6 er + 0.4 (1 - vrs)) x (0.7 abs(bu - bd) + 0.3). From bar 24; before that, and where the ATR
    is not positive, NEUTRAL_RANGE and zeros.
    """
    close, atr = s.close, s.atr
    state = np.full(close.size, _NEUTRAL, np.uint8)
    cms = np.zeros(close.size)
    ii = np.zeros(close.size)
    er = np.zeros(close.size)
    for i in range(_FIRST_MOMENTUM, close.size):
        if bad(atr[i]):
            continue
        er[i] = s.efficiency[i]
        moved = (close[i] - close[i - _FAST]) / atr[i]
        drive = 0.50 * bias[i] + 0.30 * math.tanh(moved / 2.0) + 0.20 * structure[i]
        cms[i] = clamp(drive, -1.0, 1.0)
        clean = 0.6 * er[i] + 0.4 * (1.0 - unit(vrs[i]))
        one_sided = 0.7 * abs(clamp(up[i] - down[i], -1.0, 1.0)) + 0.3
        ii[i] = unit(abs(cms[i]) * clean * one_sided)
        state[i] = _momentum_state(cms[i], ii[i])
    return state, cms, ii, er
