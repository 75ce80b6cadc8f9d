"""Risk metrics: volatility regime, risk level, downside shock risk, instability and asymmetry."""

import math

import numpy as np

from regime_platform.compute.kernels import Codes, Floats, kernel
from regime_platform.compute.metrics.shared import Shared
from regime_platform.compute.params import FIRST_BARS, WINDOWS
from regime_platform.compute.primitives import bad, clamp, unit

_FIRST_VOL = FIRST_BARS.vol_regime
_FIRST_RISK = FIRST_BARS.risk_level
_FIRST_SHOCK = FIRST_BARS.shock_risk
_FIRST_INSTABILITY = FIRST_BARS.instability
_FIRST_ASYMMETRY = FIRST_BARS.asymmetry
_RETURNS = WINDOWS.returns

_TINY = 1e-12
_SMALLEST_SIGMA = 1e-12

# positions in result_schema.VOL_LABELS and VOL_TRENDS
_CALM, _NORMAL, _ELEVATED, _STRESSED = range(4)
_FALLING, _FLAT, _RISING = range(3)


@kernel()
def volatility_ratio(fast: float, slow: float) -> float:
    """clamp(s20/s100, 0, 3)/3 in [0, 1]; 1e-12 stands for an s100 that is not positive."""
    return clamp(fast / (_SMALLEST_SIGMA if bad(slow) else slow), 0.0, 3.0) / 3.0


@kernel()
def _range_ratio(atr_short: float, atr_long: float, otherwise: float) -> float:
    return otherwise if math.isnan(atr_short) or bad(atr_long) else atr_short / atr_long


@kernel()
def _score(fast: float, slow: float, ranges: float, risk: float) -> float:
    spread = 0.50 * volatility_ratio(fast, slow)
    return unit(spread + 0.30 * (clamp(ranges, 0.0, 2.0) / 2.0) + 0.20 * unit(risk))


@kernel()
def volatility_scores(s: Shared, risk: Floats) -> tuple[Floats, Floats]:
    """The score of section 5.3, step 3, of each bar and of the bar before it, in [0, 1].

    score = 0.50 s20/s100 (clamped to 0..3, over 3) + 0.30 ATR_10/ATR_50 (clamped to 0..2, over 2) +
    0.20 RL, both with the RL of this bar. Both are 0 where s20 is not positive; the second equals
    the first where s20 of the bar before is not. Defined from bar 1, since the instability index
    uses earlier bars than vrs does (section 5.9).
    """
    sigma, sigma_slow, atr_short, atr_long = s.sigma, s.sigma_slow, s.atr_short, s.atr_long
    now = np.zeros(sigma.size)
    before = np.zeros(sigma.size)
    for i in range(1, sigma.size):
        if bad(sigma[i]):
            continue
        ranges = _range_ratio(atr_short[i], atr_long[i], 1.0)
        now[i] = _score(sigma[i], sigma_slow[i], ranges, risk[i])
        before[i] = now[i]
        if not bad(sigma[i - 1]):
            earlier = _range_ratio(atr_short[i - 1], atr_long[i - 1], ranges)
            before[i] = _score(sigma[i - 1], sigma_slow[i - 1], earlier, risk[i])
    return now, before


@kernel()
def _label(vrs: float) -> int:
    if vrs < 0.25:
        return _CALM
    if vrs < 0.45:
        return _NORMAL
    return _ELEVATED if vrs < 0.70 else _STRESSED


@kernel()
def vol_regime(sigma: Floats, now: Floats, before: Floats) -> tuple[Floats, Codes, Codes]:
    """vrs in [0, 1], label code and trend code per bar (section 5.3).

    vrs is the first of the `volatility_scores`; a change of 0.03 or more since the second is a
    trend. From bar 104; before that, and where s20 is not positive, 0, NORMAL and FLAT.
    """
    vrs = np.zeros(sigma.size)
    label = np.full(sigma.size, _NORMAL, np.uint8)
    trend = np.full(sigma.size, _FLAT, np.uint8)
    for i in range(_FIRST_VOL, sigma.size):
        if bad(sigma[i]):
            continue
        vrs[i] = now[i]
        label[i] = _label(vrs[i])
        change = now[i] - before[i]
        if change >= 0.03:
            trend[i] = _RISING
        elif change <= -0.03:
            trend[i] = _FALLING
    return vrs, label, trend


@kernel()
def _below_trend(ema_slow: float, close: float, atr: float) -> float:
    return clamp((ema_slow - close) / atr, 0.0, 3.0) / 3.0


@kernel()
def risk_level(s: Shared) -> Floats:
    """Risk level RL in [0, 1] (section 5.2), 1 = high risk; from bar 257, 0 before.

    RL = 0.35 s20/s100 (clamped to 0..3, over 3) + 0.20 rise of s20 + 0.35 drawdown + 0.10 abs(gap).
    The drawdown is half the distance below EMA_100 in ATR and half the fall from the peak.
    """
    close, peak, atr, sigma = s.close, s.peak, s.atr, s.sigma
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
        drawdown = 0.5 * _below_trend(s.ema_slow[i], close[i], atr[i]) + 0.5 * fallen
        jump = clamp(abs(s.gap[i]), 0.0, 2.0) / 2.0
        spread = volatility_ratio(sigma[i], s.sigma_slow[i])
        out[i] = unit(0.35 * spread + 0.20 * rise + 0.35 * drawdown + 0.10 * jump)
    return out


@kernel()
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


@kernel()
def downside_shock_risk(s: Shared, bias: Floats, risk: Floats) -> Floats:
    """Downside shock risk DSR in [0, 1] (section 5.5); from bar 104, 0 before.

    DSR = (0.30 tail + 0.20 downside dominance + 0.20 distance below EMA_100 + 0.10 gap down +
    0.20 RL) x (0.6 + 0.4 (1 - bias)/2).
    """
    close, atr, sigma = s.close, s.atr, s.sigma
    out = np.zeros(close.size)
    for i in range(_FIRST_SHOCK, close.size):
        if bad(atr[i]) or bad(sigma[i]):
            continue
        tail = unit(1.0 - math.exp(-30.0 * (s.tails[i] / _RETURNS)))
        skew = _downside_dominance(
            s.known[i], s.loss_sigma[i], s.losses[i], s.gain_sigma[i], s.gains[i]
        )
        trend = _below_trend(s.ema_slow[i], close[i], atr[i])
        drop = clamp(-s.gap[i], 0.0, 2.0) / 2.0
        raw = unit(0.30 * tail + 0.20 * skew + 0.20 * trend + 0.10 * drop + 0.20 * unit(risk[i]))
        out[i] = unit(raw * (0.6 + 0.4 * unit((1.0 - bias[i]) / 2.0)))
    return out


@kernel()
def instability_index(
    s: Shared,
    scores: tuple[Floats, Floats],
    risk: Floats,
    shock: Floats,
    vrs: Floats,
    lq: Floats,
    er: Floats,
) -> Floats:
    """Instability index IIX in [0, 1] (section 5.9), 1 = unstable; from bar 24, 0 before.

    IIX = 0.25 vrs + 0.25 (0.6 RL + 0.4 DSR) + 0.20 (1 - lq) + 0.15 (1 - er) + 0.15 abs(gap)/2, plus
    up to 0.10 for a rise of the volatility score. ``scores`` are the two
    `volatility_scores`, which are defined before vrs is; without a rise they are equal.
    """
    score, score_before = scores
    out = np.zeros(risk.size)
    for i in range(_FIRST_INSTABILITY, risk.size):
        jump = 0.0 if bad(s.atr[i]) else clamp(abs(s.gap[i]), 0.0, 2.0) / 2.0
        danger = unit(0.6 * unit(risk[i]) + 0.4 * unit(shock[i]))
        thin = unit(1.0 - unit(lq[i]))
        noise = unit(1.0 - unit(er[i]))
        base = unit(0.25 * unit(vrs[i]) + 0.25 * danger + 0.20 * thin + 0.15 * noise + 0.15 * jump)
        rise = clamp(score[i] - score_before[i], 0.0, 0.10) / 0.10
        out[i] = unit(base + 0.10 * rise)
    return out


@kernel()
def asymmetry_metric(
    s: Shared, up: Floats, down: Floats, bias: Floats, shock: Floats, instability: Floats
) -> Floats:
    """Asymmetry ASM in [-1, 1] (section 5.10), negative = downside; from bar 64, 0 before.

    ASM = 0.45 (breakout up - down) + 0.15 bias + 0.20 skew - 0.20 DSR, where skew is minus tanh of
    the log ratio of the deviations of losses and gains. Negative values shrink with stability.
    """
    out = np.zeros(bias.size)
    for i in range(_FIRST_ASYMMETRY, bias.size):
        lower = s.loss_sigma[i] if s.losses[i] >= 2.0 else 0.0
        upper = s.gain_sigma[i] if s.gains[i] >= 2.0 else 0.0
        skew = -math.tanh(math.log((lower + _TINY) / (upper + _TINY)))
        edge = 0.45 * clamp(up[i] - down[i], -1.0, 1.0) + 0.15 * clamp(bias[i], -1.0, 1.0)
        raw = clamp(edge + 0.20 * skew - 0.20 * unit(shock[i]), -1.0, 1.0)
        if not raw >= 0.0:
            raw = clamp(raw * (0.5 + 0.5 * unit(instability[i])), -1.0, 1.0)
        out[i] = raw
    return out
