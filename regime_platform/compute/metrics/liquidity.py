"""Liquidity: traded value against its recent mean, calm, gaps and efficiency, from volume."""

import numpy as np
import numpy.typing as npt

from regime_platform.compute.kernels import kernel
from regime_platform.compute.params import FIRST_BARS, WINDOWS
from regime_platform.compute.primitives import Floats, bad, clamp, rolling_mean, unit

_FIRST = FIRST_BARS.liquidity
_LOOK_BACK = WINDOWS.liquidity_trend
_FAST = WINDOWS.fast

# positions in result_schema.LIQUIDITY_LABELS and LIQUIDITY_TRENDS
_THIN, _NORMAL, _DEEP = range(3)
_DETERIORATING, _STABLE, _IMPROVING = range(3)


@kernel("float64[::1](float64[::1], float64[::1])")
def traded_value(close: Floats, volume: Floats) -> Floats:
    """a(j) of section 5.8: clamp(V C / its mean over 20 bars, 0, 2)/2.

    0.5 where that mean is bad, and up to the first bar that reports a volume.
    """
    value = volume * close
    mean = rolling_mean(value, _FAST)
    out = np.full(close.size, 0.5)
    for j in range(close.size):
        # before the first volume the mean is NaN, so both rules give 0.5
        if not bad(mean[j]):
            out[j] = clamp(value[j] / mean[j], 0.0, 2.0) / 2.0
    return out


@kernel("float64[::1](float64[::1], float64[::1])")
def smooth_opening(gap: Floats, atr: Floats) -> Floats:
    """c(j) of section 5.8: 1 - clamp(gap, 0, 2)/2, 1 where the ATR is bad; a NaN open gives 0."""
    out = np.ones(gap.size)
    for j in range(gap.size):
        if not bad(atr[j]):
            out[j] = 1.0 - clamp(abs(gap[j]), 0.0, 2.0) / 2.0
    return out


@kernel("float64(float64, float64, float64, float64)")
def _score(value: float, opening: float, vrs: float, er: float) -> float:
    calm = unit(1.0 - unit(vrs))
    return unit(0.45 * value + 0.25 * calm + 0.15 * opening + 0.15 * unit(er))


@kernel(
    "Tuple((float64[::1], uint8[::1], uint8[::1]))(float64[::1], float64[::1], float64[::1],"
    " float64[::1])"
)
def liquidity(
    value: Floats, opening: Floats, vrs: Floats, er: Floats
) -> tuple[Floats, npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """lq in [0, 1], label and trend codes (section 5.8).

    From bar 24; before it 0.5, NORMAL and STABLE. The trend weighs the last five bars with the
    volatility and efficiency of this one.
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
