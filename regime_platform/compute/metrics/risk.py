"""Risk metrics: risk level, downside shock risk, instability index and asymmetry."""

# Kernels take every array as an argument of its own: numba accepts no objects that contain them.

import math

import numpy as np

from regime_platform.compute.kernels import kernel
from regime_platform.compute.metrics.volatility import volatility_ratio
from regime_platform.compute.params import FIRST_BARS, WINDOWS
from regime_platform.compute.primitives import Floats, bad, clamp, unit

_FIRST_RISK = FIRST_BARS.risk_level
_FIRST_SHOCK = FIRST_BARS.shock_risk
_FIRST_INSTABILITY = FIRST_BARS.instability
_FIRST_ASYMMETRY = FIRST_BARS.asymmetry
_RETURNS = WINDOWS.returns

_TINY = 1e-12


@kernel("float64(float64, float64, float64)")
def _below_trend(ema_slow: float, close: float, atr: float) -> float:
    return clamp((ema_slow - close) / atr, 0.0, 3.0) / 3.0


@kernel(
    "float64[::1](float64[::1], float64[::1], float64[::1], float64[::1], float64[::1],"
    " float64[::1], float64[::1])"
)
def risk_level(
    close: Floats,
    peak: Floats,
    ema_slow: Floats,
    atr: Floats,
    sigma: Floats,
    sigma_slow: Floats,
    gap: Floats,
) -> Floats:
    """Risk level RL in [0, 1] (section 5.2), 1 = high risk; from bar 257, 0 before.

    RL = 0.35 s20/s100 (clamped to 0..3, over 3) + 0.20 rise of s20 + 0.35 drawdown + 0.10 abs(gap).
    The drawdown is half the distance below EMA_100 in ATR and half the fall from ``peak``, the
    largest close of the last 252 bars. ``gap`` is signed, in ATR.
    """
    out = np.zeros(close.size)
    for i in range(_FIRST_RISK, close.size):
        if bad(atr[i]) or bad(sigma[i]):
            continue
        rise = 0.0
        if not bad(sigma[i - 1]):
            rise = clamp((sigma[i] - sigma[i - 1]) / sigma[i], 0.0, 0.5) / 0.5
        fallen = 0.0
        if not bad(peak[i]):
            fallen = unit(((peak[i] - close[i]) / peak[i]) / 0.20)
        drawdown = 0.5 * _below_trend(ema_slow[i], close[i], atr[i]) + 0.5 * fallen
        jump = clamp(abs(gap[i]), 0.0, 2.0) / 2.0
        spread = volatility_ratio(sigma[i], sigma_slow[i])
        out[i] = unit(0.35 * spread + 0.20 * rise + 0.35 * drawdown + 0.10 * jump)
    return out


@kernel("float64(float64, float64, float64, float64, float64)")
def _downside_dominance(
    known: float, sigma_down: float, downs: float, sigma_up: float, ups: float
) -> float:
    """clamp(sigma of losses / sigma of gains, 0, 2)/2; a ratio of 2 where the gains have none.

    0 with fewer than 15 known returns; a side with fewer than 5 returns counts as 0.
    """
    if not known >= 15.0:
        return 0.0
    down = sigma_down if downs >= 5.0 else 0.0
    up = sigma_up if ups >= 5.0 else 0.0
    ratio = 2.0 if up <= 0.0 else down / up
    return clamp(ratio, 0.0, 2.0) / 2.0


@kernel(
    "float64[::1](float64[::1], float64[::1], float64[::1], float64[::1], float64[::1],"
    " float64[::1], float64[::1], UniTuple(float64[::1], 2), UniTuple(float64[::1], 2),"
    " float64[::1], float64[::1])"
)
def downside_shock_risk(
    close: Floats,
    ema_slow: Floats,
    atr: Floats,
    sigma: Floats,
    gap: Floats,
    tails: Floats,
    known: Floats,
    losses: tuple[Floats, Floats],
    gains: tuple[Floats, Floats],
    bias: Floats,
    risk: Floats,
) -> Floats:
    """Downside shock risk DSR in [0, 1] (section 5.5); from bar 104, 0 before.

    DSR = (0.30 tail + 0.20 downside dominance + 0.20 distance below EMA_100 + 0.10 gap down +
    0.20 RL) x (0.6 + 0.4 (1 - bias)/2). Over the last 60 returns ``tails`` counts those below
    -2.5 s20 and ``known`` those that are not NaN; ``losses`` and ``gains`` are deviation and number
    of the negative and positive ones.
    """
    out = np.zeros(close.size)
    for i in range(_FIRST_SHOCK, close.size):
        if bad(atr[i]) or bad(sigma[i]):
            continue
        tail = unit(1.0 - math.exp(-30.0 * (tails[i] / _RETURNS)))
        skew = _downside_dominance(known[i], losses[0][i], losses[1][i], gains[0][i], gains[1][i])
        trend = _below_trend(ema_slow[i], close[i], atr[i])
        drop = clamp(-gap[i], 0.0, 2.0) / 2.0
        raw = unit(0.30 * tail + 0.20 * skew + 0.20 * trend + 0.10 * drop + 0.20 * unit(risk[i]))
        out[i] = unit(raw * (0.6 + 0.4 * unit((1.0 - bias[i]) / 2.0)))
    return out


@kernel(
    "float64[::1](float64[::1], float64[::1], float64[::1], float64[::1], float64[::1],"
    " float64[::1], float64[::1], float64[::1], float64[::1])"
)
def instability_index(
    atr: Floats,
    gap: Floats,
    score: Floats,
    score_before: Floats,
    risk: Floats,
    shock: Floats,
    vrs: Floats,
    lq: Floats,
    er: Floats,
) -> Floats:
    """Instability index IIX in [0, 1] (section 5.9), 1 = unstable; from bar 24, 0 before.

    IIX = 0.25 vrs + 0.25 (0.6 RL + 0.4 DSR) + 0.20 (1 - lq) + 0.15 (1 - er) + 0.15 abs(gap)/2, plus
    up to 0.10 for a rise of the volatility score. ``score`` and ``score_before`` are the two
    `volatility_scores`, which are defined before vrs is; without a rise they are equal.
    """
    out = np.zeros(atr.size)
    for i in range(_FIRST_INSTABILITY, atr.size):
        jump = 0.0 if bad(atr[i]) else clamp(abs(gap[i]), 0.0, 2.0) / 2.0
        danger = unit(0.6 * unit(risk[i]) + 0.4 * unit(shock[i]))
        thin = unit(1.0 - unit(lq[i]))
        noise = unit(1.0 - unit(er[i]))
        base = unit(0.25 * unit(vrs[i]) + 0.25 * danger + 0.20 * thin + 0.15 * noise + 0.15 * jump)
        rise = clamp(score[i] - score_before[i], 0.0, 0.10) / 0.10
        out[i] = unit(base + 0.10 * rise)
    return out


@kernel(
    "float64[::1](UniTuple(float64[::1], 2), UniTuple(float64[::1], 2), float64[::1],"
    " float64[::1], float64[::1], float64[::1], float64[::1])"
)
def asymmetry_metric(
    losses: tuple[Floats, Floats],
    gains: tuple[Floats, Floats],
    up: Floats,
    down: Floats,
    bias: Floats,
    shock: Floats,
    instability: Floats,
) -> Floats:
    """Asymmetry ASM in [-1, 1] (section 5.10), negative = downside; from bar 64, 0 before.

    ASM = 0.45 (breakout up - down) + 0.15 bias + 0.20 skew - 0.20 DSR, where skew is minus tanh of
    the log ratio of the deviations of losses and gains. Negative values shrink with stability.
    """
    out = np.zeros(bias.size)
    for i in range(_FIRST_ASYMMETRY, bias.size):
        lower = losses[0][i] if losses[1][i] >= 2.0 else 0.0
        upper = gains[0][i] if gains[1][i] >= 2.0 else 0.0
        skew = -math.tanh(math.log((lower + _TINY) / (upper + _TINY)))
        edge = 0.45 * clamp(up[i] - down[i], -1.0, 1.0) + 0.15 * clamp(bias[i], -1.0, 1.0)
        raw = clamp(edge + 0.20 * skew - 0.20 * unit(shock[i]), -1.0, 1.0)
        if not raw >= 0.0:
            raw = clamp(raw * (0.5 + 0.5 * unit(instability[i])), -1.0, 1.0)
        out[i] = raw
    return out
