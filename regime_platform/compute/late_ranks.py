"""Percentiles of the last few values of a long series, by counting.

The same numbers as in ``percentiles``, which sorts the whole series once; where only some values
are new, reading the others once and counting is a hundred times cheaper.
"""

import numpy as np
import numpy.typing as npt

from regime_platform.compute.jit import kernel

Floats = npt.NDArray[np.float64]

_BLOCK = 4096  # values that stay in the nearest cache while they are counted for every new one


@kernel("void(float64[::1], float64, int64[::1])", _nrt=False)
def _count(values: Floats, value: float, found: npt.NDArray[np.int64]) -> None:
    less = 0
    equal = 0
    for k in range(values.size):
        less += 1 if values[k] < value else 0
        equal += 1 if values[k] == value else 0
    found[0] += less
    found[1] += equal


@kernel("float64[::1](float64[::1], float64[::1], int64, boolean)")
def _late_expanding(
    history: Floats, fresh: Floats, min_members: int, missing_counts: bool
) -> Floats:
    found = np.zeros((fresh.size, 2), np.int64)
    for start in range(0, history.size, _BLOCK):
        block = history[start : start + _BLOCK]
        for j in range(fresh.size):
            _count(block, fresh[j], found[j])
    out = np.full(fresh.size, np.nan)
    for j in range(fresh.size):
        k = history.size + j
        if k < min_members:
            continue
        if np.isnan(fresh[j]):
            if missing_counts:
                out[j] = 0.5 / (k + 1)
            continue
        _count(fresh[: j + 1], fresh[j], found[j])
        out[j] = (found[j, 0] + (found[j, 1] + 1) / 2) / (k + 1)
    return out


@kernel("float64[::1](float64[::1], float64[::1], int64)")
def late_rolling(history: Floats, fresh: Floats, window: int) -> Floats:
    """P_roll(v, w) of the values in ``fresh``, which follow those in ``history`` (section 8)."""
    out = np.full(fresh.size, np.nan)
    found = np.zeros(2, np.int64)
    for j in range(fresh.size):
        if history.size + j < window - 1 or np.isnan(fresh[j]):
            continue
        found[:] = 0
        from_history = max(window - 1 - j, 0)
        _count(history[history.size - from_history :], fresh[j], found)
        _count(fresh[max(j - window + 1, 0) : j + 1], fresh[j], found)
        out[j] = (found[0] + (found[1] + 1) / 2) / window
    return out


def late_expanding(history: Floats, fresh: Floats, min_members: int, short_list: int) -> Floats:
    """P_exp(v, m) of the values in ``fresh``, which follow those in ``history`` (section 8).

    Args:
        history: contiguous, as ``fresh``; NaN where missing.
        fresh: the last values of the list.
        min_members: members before the percentile speaks.
        short_list: see `percentiles.Ranks.expanding`.
    """
    missing_counts = len(history) + len(fresh) < short_list
    return _late_expanding(history, fresh, min_members, missing_counts)
