"""Causal series (canonical compute, section 3): one value per bar, from that bar and earlier ones.

Every window is summed directly, oldest member first, so that a longer history gives the same bits.
Only `ema` carries state from bar to bar. The outer loop of a kernel runs over the members of a
window and the inner one over bars, whose sums are independent, so that the processor adds several
at a time. Values are NaN before the first bar with a full window.
"""

import math

import numpy as np

from regime_platform.compute.kernels import Floats, Indices, kernel

_BLOCK = 1024  # bars whose partial sums stay in the nearest cache


@kernel()
def clamp(x: float, low: float, high: float) -> float:
    """``x`` within [``low``, ``high``]; NaN gives ``high`` (section 1)."""
    if x < low:
        return low
    if x <= high:
        return x
    return high


@kernel()
def unit(x: float) -> float:
    """``x`` within [0, 1]; NaN gives 1 (section 1)."""
    return clamp(x, 0.0, 1.0)


@kernel()
def bad(x: float) -> bool:
    """True unless ``x`` > 0 (section 1)."""
    return not x > 0.0


def ema(x: Floats, period: int) -> Floats:
    """EMA(x, p): e_0 = x_0, then as `ema_from`. First defined at bar 0."""
    return ema_from(x[0], x, period)


@kernel()
def ema_from(first: float, x: Floats, period: int) -> Floats:
    """EMA that starts at e_0 = ``first``: e_i = (1-a) e_{i-1} + a x_i with a = 2/(p+1)."""
    out = np.empty_like(x)
    a = 2.0 / (period + 1.0)
    value = first
    for i in range(x.size):
        if i > 0:
            value = (1.0 - a) * value + a * x[i]
        out[i] = value
    return out


@kernel()
def log_returns(close: Floats) -> Floats:
    """r_i = ln(C_i / C_{i-1}); NaN at bar 0."""
    out = np.full(close.size, np.nan)
    for i in range(1, close.size):
        out[i] = math.log(close[i] / close[i - 1])
    return out


@kernel()
def true_range(high: Floats, low: Floats, close: Floats) -> Floats:
    """TR_i = max(H_i - L_i, abs(H_i - C_{i-1}), abs(L_i - C_{i-1})) without NaN members.

    TR_0 = H_0 - L_0; NaN only where all members are.
    """
    out = np.empty_like(close)
    for i in range(close.size):
        widest = high[i] - low[i]
        if i > 0:
            for member in (abs(high[i] - close[i - 1]), abs(low[i] - close[i - 1])):
                if member > widest or math.isnan(widest):
                    widest = member
        out[i] = widest
    return out


@kernel()
def run_lengths(x: Floats) -> Indices:
    """Length of the run of equal values that ends at each bar."""
    out = np.ones(x.size, np.int64)
    for i in range(1, x.size):
        if x[i] == x[i - 1]:
            out[i] = out[i - 1] + 1
    return out


@kernel()
def window_sums(x: Floats, window: int) -> Floats:
    """Sum of the last ``window`` values, oldest first; NaN where one is NaN or missing."""
    out = np.full(x.size, np.nan)
    for start in range(window - 1, x.size, _BLOCK):
        sums = out[start : start + _BLOCK]
        sums[:] = 0.0
        for age in range(window - 1, -1, -1):
            members = x[start - age : start - age + sums.size]
            for k in range(sums.size):
                sums[k] += members[k]
    return out


@kernel()
def rolling_mean(x: Floats, window: int) -> Floats:
    """Mean of the last ``window`` values; exactly x where all of them equal x."""
    out = window_sums(x, window)
    runs = run_lengths(x)
    for i in range(x.size):
        out[i] = x[i] if runs[i] >= window else out[i] / window
    return out


@kernel()
def rolling_sigma(x: Floats, window: int) -> Floats:
    """Sample standard deviation (divisor w-1) of the last ``window`` values, in two passes.

    A window of identical values gives exactly 0; NaN where one of them is.
    """
    means = rolling_mean(x, window)
    runs = run_lengths(x)
    out = np.full(x.size, np.nan)
    for start in range(window - 1, x.size, _BLOCK):
        squares = out[start : start + _BLOCK]
        centres = means[start : start + _BLOCK]
        squares[:] = 0.0
        for age in range(window - 1, -1, -1):
            members = x[start - age : start - age + squares.size]
            for k in range(squares.size):
                squares[k] += (members[k] - centres[k]) * (members[k] - centres[k])
    for i in range(x.size):
        out[i] = 0.0 if runs[i] >= window else math.sqrt(out[i] / (window - 1))
    return out


@kernel()
def rolling_max(x: Floats, window: int, skip_nan: bool) -> Floats:
    """Largest of the last ``window`` values; defined from bar ``window`` - 1.

    A NaN in the window gives NaN; with ``skip_nan`` it is left out, and only a window of NaN gives
    NaN. The maxima of two adjacent spans give that of a span up to twice as long, until it has the
    length of the window.
    """
    out = x.copy()
    longer = np.empty_like(x)
    span = 1
    while span < window:
        step = min(span, window - span)  # bars before the first step are in no full window
        later, earlier, largest = out[step:], out[:-step], longer[step:]
        for k in range(largest.size):
            missing = math.isnan(later[k]) if skip_nan else math.isnan(earlier[k])
            largest[k] = earlier[k] if (earlier[k] > later[k]) | missing else later[k]
        out, longer = longer, out
        span += step
    out[: window - 1] = np.nan
    return out


def rolling_min(x: Floats, window: int, skip_nan: bool) -> Floats:
    """Smallest of the last ``window`` values, by the rules of `rolling_max`."""
    return -rolling_max(-x, window, skip_nan)


@kernel()
def efficiency_ratio(close: Floats, window: int) -> Floats:
    """ER = clamp(abs(C_i - C_{i-w}) / sum of abs(C_j - C_{j-1}), 0, 1); 0 where that sum is 0.

    Defined from bar ``window``, NaN before.
    """
    steps = np.full(close.size, np.nan)
    for i in range(1, close.size):
        steps[i] = abs(close[i] - close[i - 1])
    out = window_sums(steps, window)
    for i in range(window, close.size):
        travelled = out[i]
        moved = abs(close[i] - close[i - window])
        out[i] = 0.0 if travelled <= 0.0 else unit(moved / travelled)
    return out


@kernel()
def opening_gap(open_: Floats, close: Floats, atr: Floats) -> Floats:
    """(O_i - C_{i-1}) / ATR, signed; gap(i) of section 3 is its magnitude. NaN at bar 0."""
    out = np.full(close.size, np.nan)
    for i in range(1, close.size):
        out[i] = (open_[i] - close[i - 1]) / atr[i]
    return out


@kernel()
def counts_below(x: Floats, bounds: Floats, window: int) -> Floats:
    """How many of the last ``window`` values are less than the bound of the bar."""
    out = np.full(x.size, np.nan)
    for start in range(window - 1, x.size, _BLOCK):
        counts = out[start : start + _BLOCK]
        edges = bounds[start : start + _BLOCK]
        counts[:] = 0.0
        for age in range(window - 1, -1, -1):
            members = x[start - age : start - age + counts.size]
            for k in range(counts.size):
                counts[k] += 1.0 if members[k] < edges[k] else 0.0
    return out


@kernel()
def positive_sigma(x: Floats, window: int) -> tuple[Floats, Floats]:
    """Sample deviation of the positive values among the last ``window``, and their number.

    For negative values pass ``-x``. Zeros and NaN do not count; NaN for fewer than two values.
    Identical values give exactly 0, since a rounding residue would count as dispersion.
    """
    sigmas = np.full(x.size, np.nan)
    counts = np.full(x.size, np.nan)
    means = np.empty(_BLOCK)
    lowest = np.empty(_BLOCK)
    highest = np.empty(_BLOCK)
    for start in range(window - 1, x.size, _BLOCK):
        sums = sigmas[start : start + _BLOCK]
        numbers = counts[start : start + _BLOCK]
        sums[:] = 0.0
        numbers[:] = 0.0
        lowest[:] = np.inf
        highest[:] = 0.0
        for age in range(window - 1, -1, -1):
            members = x[start - age : start - age + sums.size]
            for k in range(sums.size):
                gain = max(0.0, members[k])
                sums[k] += gain
                numbers[k] += 1.0 if gain > 0.0 else 0.0
                highest[k] = max(highest[k], gain)
                lowest[k] = gain if 0.0 < gain < lowest[k] else lowest[k]
        for k in range(sums.size):
            means[k] = highest[k] if lowest[k] == highest[k] else sums[k] / numbers[k]
            sums[k] = 0.0
        for age in range(window - 1, -1, -1):
            members = x[start - age : start - age + sums.size]
            for k in range(sums.size):
                deviation = members[k] - means[k] if members[k] > 0.0 else 0.0
                sums[k] += deviation * deviation
        for k in range(sums.size):
            sums[k] = math.sqrt(sums[k] / (numbers[k] - 1.0)) if numbers[k] > 1.0 else np.nan
    return sigmas, counts
