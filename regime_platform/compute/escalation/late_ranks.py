"""Percentiles of the last few values of a long series, by counting.

The results equal those of ``percentiles``, which sorts the whole series. For a few new values one
pass over the others is a hundred times cheaper.
"""

import numpy as np
import numpy.typing as npt

from regime_platform.compute.kernels import kernel

Floats = npt.NDArray[np.float64]

_BLOCK = 4096  # values that stay in the nearest cache while every new one is compared
_MANY = 6  # new values from which on counting by cells is faster
_CELLS = 1024


@kernel("void(float64[::1], float64, int64[::1])", _nrt=False)
def _count(values: Floats, value: float, counts: npt.NDArray[np.int64]) -> None:
    less = 0
    equal = 0
    for k in range(values.size):
        less += 1 if values[k] < value else 0
        equal += 1 if values[k] == value else 0
    counts[0] += less
    counts[1] += equal


@kernel("void(float64[::1], float64, float64, uint16[::1])", _nrt=False)
def _put_in_cells(
    values: Floats, lowest: float, highest: float, cells: npt.NDArray[np.uint16]
) -> None:
    """The cell of each value: 0 below ``lowest``, the last one above ``highest`` or for NaN.

    Cells in between ascend with the values; counting needs nothing else.
    """
    span = highest - lowest
    scale = _CELLS / span if 1e-300 < span < np.inf else 0.0
    for k in range(values.size):
        value = values[k]
        inside = 1 + int(min((value - lowest) * scale, _CELLS - 1.0))
        cells[k] = 0 if value < lowest else (inside if value <= highest else _CELLS + 1)


@kernel("void(float64[::1], float64[::1], int64[:, ::1])")
def _count_many(values: Floats, wanted: Floats, counts: npt.NDArray[np.int64]) -> None:
    """`_count` for all of ``wanted``; only values in the same cell are compared one by one."""
    lowest, highest = np.inf, -np.inf
    for j in range(wanted.size):
        lowest, highest = np.fmin(lowest, wanted[j]), np.fmax(highest, wanted[j])
    cells, own_cells = np.empty(values.size, np.uint16), np.empty(wanted.size, np.uint16)
    _put_in_cells(values, lowest, highest, cells)
    _put_in_cells(wanted, lowest, highest, own_cells)
    per_cell, is_shared = np.zeros(_CELLS + 2, np.int64), np.zeros(_CELLS + 2, np.bool_)
    for j in range(wanted.size):
        is_shared[own_cells[j]] = not np.isnan(wanted[j])
    for k in range(values.size):
        cell = cells[k]
        per_cell[cell] += 1
        if is_shared[cell]:
            for j in range(wanted.size):
                if own_cells[j] == cell:
                    counts[j, 0] += values[k] < wanted[j]
                    counts[j, 1] += values[k] == wanted[j]
    below = np.cumsum(per_cell) - per_cell
    for j in range(wanted.size):
        counts[j, 0] += below[own_cells[j]]


@kernel("void(float64[::1], float64[::1], int64[:, ::1])", _nrt=False)
def _count_few(values: Floats, wanted: Floats, counts: npt.NDArray[np.int64]) -> None:
    for start in range(0, values.size, _BLOCK):
        block = values[start : start + _BLOCK]
        for j in range(wanted.size):
            _count(block, wanted[j], counts[j])


@kernel("float64[::1](float64[::1], float64[::1], int64, boolean)")
def _late_expanding(
    history: Floats, fresh: Floats, min_members: int, missing_counts: bool
) -> Floats:
    counts = np.zeros((fresh.size, 2), np.int64)
    if fresh.size < _MANY:
        _count_few(history, fresh, counts)
    else:
        _count_many(history, fresh, counts)
    out = np.full(fresh.size, np.nan)
    for j in range(fresh.size):
        k = history.size + j
        if k < min_members:
            continue
        if np.isnan(fresh[j]):
            if missing_counts:
                out[j] = 0.5 / (k + 1)
            continue
        _count(fresh[: j + 1], fresh[j], counts[j])
        out[j] = (counts[j, 0] + (counts[j, 1] + 1) / 2) / (k + 1)
    return out


@kernel("float64[::1](float64[::1], float64[::1], int64)")
def late_rolling(history: Floats, fresh: Floats, window: int) -> Floats:
    """P_roll(v, w) of the values in ``fresh``, which follow those in ``history`` (section 8)."""
    out = np.full(fresh.size, np.nan)
    counts = np.zeros(2, np.int64)
    for j in range(fresh.size):
        if history.size + j < window - 1 or np.isnan(fresh[j]):
            continue
        counts[:] = 0
        from_history = max(window - 1 - j, 0)
        _count(history[history.size - from_history :], fresh[j], counts)
        _count(fresh[max(j - window + 1, 0) : j + 1], fresh[j], counts)
        out[j] = (counts[0] + (counts[1] + 1) / 2) / window
    return out


def late_expanding(history: Floats, fresh: Floats, min_members: int, short_list: int) -> Floats:
    """P_exp(v, m) of the values in ``fresh``, which follow those in ``history`` (section 8).

    Args:
        history: contiguous, as ``fresh``; NaN where missing.
        fresh: the last values of the list.
        min_members: members before the percentile is defined.
        short_list: see `percentiles.Ranks.expanding`.
    """
    missing_counts = len(history) + len(fresh) < short_list
    return _late_expanding(history, fresh, min_members, missing_counts)
