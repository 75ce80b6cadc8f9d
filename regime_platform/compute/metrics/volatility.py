"""The volatility regime (section 5.3): score, label and trend."""

import math

import numpy as np
import numpy.typing as npt

from regime_platform.compute.kernels import kernel
from regime_platform.compute.params import FIRST_BARS
from regime_platform.compute.primitives import Floats, bad, clamp, unit

_FIRST = FIRST_BARS.vol_regime
_SMALLEST_SIGMA = 1e-12

# positions in result_schema.VOL_LABELS and VOL_TRENDS
_CALM, _NORMAL, _ELEVATED, _STRESSED = range(4)
_FALLING, _FLAT, _RISING = range(3)


@kernel("float64(float64, float64)")
def volatility_ratio(fast: float, slow: float) -> float:
    """clamp(s20/s100, 0, 3)/3 in [0, 1]; 1e-12 stands for an s100 that is not positive."""
    return clamp(fast / (_SMALLEST_SIGMA if bad(slow) else slow), 0.0, 3.0) / 3.0


@kernel("float64(float64, float64, float64)")
def _range_ratio(atr_short: float, atr_long: float, otherwise: float) -> float:
    return otherwise if math.isnan(atr_short) or bad(atr_long) else atr_short / atr_long


@kernel("float64(float64, float64, float64, float64)")
def _score(fast: float, slow: float, ranges: float, risk: float) -> float:
    spread = 0.50 * volatility_ratio(fast, slow)
    return unit(spread + 0.30 * (clamp(ranges, 0.0, 2.0) / 2.0) + 0.20 * unit(risk))


@kernel(
    "UniTuple(float64[::1], 2)(float64[::1], float64[::1], float64[::1], float64[::1],"
    " float64[::1])"
)
def volatility_scores(
    sigma: Floats, sigma_slow: Floats, atr_short: Floats, atr_long: Floats, risk: Floats
) -> tuple[Floats, Floats]:
    """The score of section 5.3, step 3, of each bar and of the bar before it, in [0, 1].

    score = 0.50 s20/s100 (clamped to 0..3, over 3) + 0.30 ATR_10/ATR_50 (clamped to 0..2, over 2) +
    0.20 RL, both with the RL of this bar. Both are 0 where s20 is not positive; the second equals
    the first where s20 of the bar before is not. Defined from bar 1, since the instability index
    uses earlier bars than vrs does (section 5.9).
    """
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


@kernel("uint8(float64)")
def _label(vrs: float) -> int:
    if vrs < 0.25:
        return _CALM
    if vrs < 0.45:
        return _NORMAL
    return _ELEVATED if vrs < 0.70 else _STRESSED


@kernel("Tuple((float64[::1], uint8[::1], uint8[::1]))(float64[::1], float64[::1], float64[::1])")
def vol_regime(
    sigma: Floats, now: Floats, before: Floats
) -> tuple[Floats, npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """vrs in [0, 1], label code and trend code per bar (section 5.3).

    Args:
        sigma: s20.
        now: the `volatility_scores` of the bar, which are vrs.
        before: those of the bar before; a change of 0.03 or more is a trend.

    From bar 104; before that, and where s20 is not positive, 0, NORMAL and FLAT.
    """
    vrs = np.zeros(sigma.size)
    label = np.full(sigma.size, _NORMAL, np.uint8)
    trend = np.full(sigma.size, _FLAT, np.uint8)
    for i in range(_FIRST, sigma.size):
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
