"""The five raw components of escalation (canonical compute, section 9).

A window consists of the bars before a bar, without the bar itself. The outer loop runs over the
members of a window and the inner one over bars: every sum adds the oldest member first.
"""

import numpy as np
import numpy.typing as npt

from regime_platform.compute.kernels import kernel, kernel_array
from regime_platform.compute.params import ESCALATION_NUMBERS, ESCALATION_WINDOWS, FIRST_BARS

Floats = npt.NDArray[np.float64]

_BLOCK = 1024  # bars whose partial sums stay in the nearest cache


def raw_components(
    dsr: Floats, iix: Floats, ss: Floats, close: Floats, ema_slow: Floats
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """The raw components c_1 .. c_5, one value per bar from bar 20 on; NaN before bar 31.

    c_1 = DSR, c_2 = blend_10(DSR), c_3 = blend_5(IIX), c_4 = pos(avg_10(SS) - SS),
    c_5 = blend_5(abs(C - E100)/max(E100, 1e-12)), all >= 0. A constant series gives exactly 0 in
    c_2 to c_5, so that its values are ties.

    Args:
        dsr: downside shock risk per bar.
        iix: instability index per bar.
        ss: structural score per bar.
        close: close per bar.
        ema_slow: EMA_100 of the close per bar.
    """
    state = slice(FIRST_BARS.state, None)
    shock, instability, structure = (kernel_array(series[state]) for series in (dsr, iix, ss))
    slow = ema_slow[state]
    divergence = np.abs(close[state] - slow) / np.maximum(slow, ESCALATION_NUMBERS.smallest_ema)
    windows = ESCALATION_WINDOWS
    components = (
        shock.copy(),
        _rise(shock, windows.shock_rise),
        _rise(instability, windows.instability_rise),
        _fall(structure, windows.structure_fall),
        _rise(kernel_array(divergence), windows.divergence_rise),
    )
    for component in components:
        component[: windows.first_component] = np.nan
    return components


@kernel("float64(float64)", inline="always")
def _positive(value: float) -> float:
    if value > 0.0:
        return value
    return 0.0  # NaN too


@kernel("UniTuple(float64[::1], 2)(float64[::1], int64)")
def _before(values: Floats, window: int) -> tuple[Floats, Floats]:
    """Mean and minimum of the ``window`` bars before each bar; NaN while there are fewer."""
    count = values.shape[0]
    mean, low, high = np.full(count, np.nan), np.full(count, np.nan), np.empty(count)
    for start in range(window, count, _BLOCK):
        stop = min(start + _BLOCK, count)
        total, least, most = mean[start:stop], low[start:stop], high[start:stop]
        for member in range(window):
            seen = values[start - window + member : stop - window + member]
            for t in range(seen.shape[0]):
                total[t] = seen[t] if member == 0 else total[t] + seen[t]
                least[t] = seen[t] if member == 0 else min(least[t], seen[t])
                most[t] = seen[t] if member == 0 else max(most[t], seen[t])
        for t in range(stop - start):
            # equal values need not average to themselves in floating point
            total[t] = least[t] if least[t] == most[t] else total[t] / window
    return mean, low


@kernel("float64[::1](float64[::1], int64)")
def _rise(values: Floats, window: int) -> Floats:
    """blend_w of section 9: 0.35 pos(x - mean) + 0.65 pos(x - minimum) of the bars before."""
    mean, low = _before(values, window)
    out = np.empty(values.shape[0])
    for t in range(values.shape[0]):
        out[t] = ESCALATION_NUMBERS.rise_over_mean * _positive(
            values[t] - mean[t]
        ) + ESCALATION_NUMBERS.rise_over_low * _positive(values[t] - low[t])
    return out


@kernel("float64[::1](float64[::1], int64)")
def _fall(values: Floats, window: int) -> Floats:
    """pos(mean - x), with the mean of the bars before."""
    mean, _ = _before(values, window)
    out = np.empty(values.shape[0])
    for t in range(values.shape[0]):
        out[t] = _positive(mean[t] - values[t])
    return out
