"""Liquidity (section 5.8): traded value against its mean, volatility, opening gaps, efficiency."""

import numpy as np

from regime_platform.compute.kernels import Codes, Floats, kernel
from regime_platform.compute.params import FIRST_BARS, WINDOWS
from regime_platform.compute.primitives import bad, clamp, rolling_mean, unit

_FIRST = FIRST_BARS.liquidity
_LOOK_BACK = WINDOWS.liquidity_trend
_FAST = WINDOWS.fast

# positions in result_schema.LIQUIDITY_LABELS and LIQUIDITY_TRENDS
_THIN, _NORMAL, _DEEP = range(3)
_DETERIORATING, _STABLE, _IMPROVING = range(3)


@kernel()
def traded_value(close: Floats, volume: Floats) -> Floats:
    """a(j) of section 5.8 in [0, 1]: clamp(V C / its mean over 20 bars, 0, 2)/2.

    0.5 where that mean is not positive, and before the first bar with a volume.
    """
    value = volume * close
    mean = rolling_mean(value, _FAST)
    out = np.full(close.size, 0.5)
    for j in range(close.size):
        # the mean is NaN before the first volume
        if not bad(mean[j]):
            out[j] = clamp(value[j] / mean[j], 0.0, 2.0) / 2.0
    return out


@kernel()
def smooth_opening(gap: Floats, atr: Floats) -> Floats:
    """c(j) of section 5.8 in [0, 1]: 1 - clamp(abs(gap), 0, 2)/2, the gap in ATR.

    1 where the ATR is not positive; 0 where the open is NaN.
    """
    out = np.ones(gap.size)
    for j in range(gap.size):
        if not bad(atr[j]):
            out[j] = 1.0 - clamp(abs(gap[j]), 0.0, 2.0) / 2.0
    return out


@kernel()
def _score(value: float, opening: float, vrs: float, er: float) -> float:
    calm = unit(1.0 - unit(vrs))
    return unit(0.45 * value + 0.25 * calm + 0.15 * opening + 0.15 * unit(er))


@kernel()
def liquidity(
    value: Floats, opening: Floats, vrs: Floats, er: Floats
) -> tuple[Floats, Codes, Codes]:
    """lq in [0, 1] (1 = liquid), label code and trend code per bar (section 5.8).

    lq = 0.45 traded value + 0.25 (1 - vrs) + 0.15 smooth opening + 0.15 efficiency ratio. Defined
    from bar 24; before that 0.5, NORMAL and STABLE. The trend compares lq with its mean over the
    five bars before, which is taken with the volatility and efficiency of this bar.
    """
    lq = np.full(value.size, 0.5)
    label = np.full(value.size, _NORMAL, np.uint8)
    trend = np.full(value.size, _STABLE, np.uint8)
    for i in range(_FIRST, value.size):
        lq[i] = _score(value[i], opening[i], vrs[i], er[i])
        label[i] = _DEEP if lq[i] >= 0.70 else (_NORMAL if lq[i] >= 0.40 else _THIN)
        earliest = max(i - _LOOK_BACK, _FIRST)
        if earliest == i:
            continue
        total = 0.0
        for j in range(i - 1, earliest - 1, -1):
            total += _score(value[j], opening[j], vrs[i], er[i])
        change = lq[i] - total / (i - earliest)
        if change <= -0.05:
            trend[i] = _DETERIORATING
        elif change >= 0.05:
            trend[i] = _IMPROVING
    return lq, label, trend
