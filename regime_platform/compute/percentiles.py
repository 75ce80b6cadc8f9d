"""Mid-rank percentiles, expanding and rolling (canonical compute, section 8).

A whole series is sorted once into dense ranks. Every percentile over it, or over a part of it, is
then counted in a Fenwick tree over the ranks: O(log n) per bar for any window. For the last few
values of a long series one pass over the others is a hundred times cheaper: those are counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from regime_platform.compute.kernels import Floats, IndexTable, Indices, Table, kernel, kernel_array
from regime_platform.compute.params import DEFAULT_PARAMS

_Ranks = npt.NDArray[np.int32]
_Cells = npt.NDArray[np.uint16]

_BLOCK = 4096  # values that stay in the nearest cache while every new one is compared
_MANY = 6  # new values from which on counting by cells is faster
_CELLS = 1024


@dataclass(frozen=True)
class Ranks:
    """The dense ranks of a series.

    Equal values, also zeros of different sign, share a rank; NaN has rank -1.
    """

    ids: _Ranks
    distinct: int

    def expanding(
        self,
        min_members: int,
        short_list: int = DEFAULT_PARAMS.short_list,
        start: int = 0,
        stop: int | None = None,
    ) -> Floats:
        """P_exp(v, m) in [0, 1] over the bars ``start`` to ``stop`` alone (section 8).

        Percentile of v_k among v_0 .. v_k: (lt + (eq + 1)/2)/(k + 1), NaN members counted in the
        divisor only. First defined at position ``min_members``.

        A missing v_k gives NaN; in a list shorter than ``short_list`` it gives 0.5/(k + 1). That
        rule depends on the length of the whole list, and is the only case in which a later bar
        changes an earlier percentile.
        """
        ids = self.ids[start:stop]
        return _expanding(ids, self.distinct, min_members, len(ids) < short_list)

    def rolling(self, windows: Sequence[int]) -> tuple[Floats, ...]:
        """P_roll(v, w) for every window w: the same among the last w values, divided by w.

        First defined at position w - 1; NaN where v_k is.
        """
        return tuple(_rolling(self.ids, self.distinct, kernel_array(windows, np.int64)))


@dataclass(frozen=True)
class LateRanks:
    """The same percentiles, to the bit, of the values ``fresh`` that follow ``history`` only."""

    history: Floats
    fresh: Floats

    def expanding(
        self,
        min_members: int,
        short_list: int = DEFAULT_PARAMS.short_list,
        start: int = 0,
        stop: int | None = None,
    ) -> Floats:
        """Those of `Ranks.expanding` for the fresh values within ``start`` to ``stop``."""
        first = len(self.history)
        stop = first + len(self.fresh) if stop is None else stop
        history, fresh = self.history[start:stop], self.fresh[max(start - first, 0) : stop - first]
        is_short = len(history) + len(fresh) < short_list
        return _late_expanding(history, fresh, min_members, is_short)

    def rolling(self, windows: Sequence[int]) -> tuple[Floats, ...]:
        """Those of `Ranks.rolling`."""
        return tuple(late_rolling(self.history, self.fresh, window) for window in windows)


def ranks_of(values: Floats, history: Floats | None = None) -> Ranks | LateRanks:
    """Prepares values (NaN: missing) for any number of percentiles.

    They are a whole series or, with ``history``, what follows it.
    """
    values = kernel_array(values)
    if history is not None:
        return LateRanks(history, values)
    # numpy sorts five times slower with NaN; _dense_ranks skips them at any position
    order = np.argsort(np.where(np.isnan(values), np.inf, values))
    return Ranks(*_dense_ranks(values, order))


@kernel()
def _dense_ranks(values: Floats, order: Indices) -> tuple[_Ranks, int]:
    ids = np.empty(values.shape[0], np.int32)
    distinct = 0
    previous = np.nan
    for position in order:
        value = values[position]
        if np.isnan(value):
            ids[position] = -1
            continue
        if value != previous:
            distinct += 1
            previous = value
        ids[position] = distinct - 1
    return ids, distinct


@kernel(inline="always")
def _add(tree: _Ranks, rank: int) -> None:
    node = rank + 1
    while node < tree.shape[0]:
        tree[node] += 1
        node += node & -node


@kernel(inline="always")
def _count_below(tree: _Ranks, rank: int) -> int:
    below = 0
    node = rank
    while node > 0:
        below += tree[node]
        node &= node - 1
    return below


@kernel()
def _expanding(ids: _Ranks, distinct: int, min_members: int, missing_counts: bool) -> Floats:
    out = np.full(ids.shape[0], np.nan)
    tree = np.zeros(distinct + 1, np.int32)
    equal = np.zeros(distinct, np.int32)
    for k in range(ids.shape[0]):
        rank = ids[k]
        if rank < 0:
            if missing_counts and k >= min_members:
                out[k] = 0.5 / (k + 1)
            continue
        equal[rank] += 1
        _add(tree, rank)
        if k >= min_members:
            # one division of an exact multiple of 0.5, so that thresholds such as 0.90 are exact
            out[k] = (_count_below(tree, rank) + (equal[rank] + 1) / 2) / (k + 1)
    return out


@kernel()
def _rolling(ids: _Ranks, distinct: int, windows: Indices) -> Table:
    count = ids.shape[0]
    out = np.full((windows.size, count), np.nan)
    tree = np.zeros(distinct + 1, np.int32)
    equal = np.zeros(distinct, np.int32)
    for k in range(count):
        rank = ids[k]
        if rank >= 0:
            equal[rank] += 1
            _add(tree, rank)
            doubled = 2 * _count_below(tree, rank) + equal[rank]
            for row, window in enumerate(windows):
                before = out[row, k] if k >= window else 0.0
                if k >= window - 1:
                    out[row, k] = (doubled - before + 1.0) / 2.0 / window
        for row, window in enumerate(windows):
            # the count to subtract when this bar leaves the window, stored at that later bar
            later = k + window
            if later < count and ids[later] >= 0:
                out[row, later] = 2 * _count_below(tree, ids[later]) + equal[ids[later]]
    return out


@kernel(_nrt=False)
def _count(values: Floats, value: float, counts: Indices) -> None:
    less = 0
    equal = 0
    for k in range(values.size):
        less += 1 if values[k] < value else 0
        equal += 1 if values[k] == value else 0
    counts[0] += less
    counts[1] += equal


@kernel(_nrt=False)
def _put_in_cells(values: Floats, lowest: float, highest: float, cells: _Cells) -> None:
    """The cell of each value: 0 below ``lowest``, the last one above ``highest`` or for NaN.

    Cells in between ascend with the values; counting needs nothing else.
    """
    span = highest - lowest
    scale = _CELLS / span if 1e-300 < span < np.inf else 0.0
    for k in range(values.size):
        value = values[k]
        inside = 1 + int(min((value - lowest) * scale, _CELLS - 1.0))
        cells[k] = 0 if value < lowest else (inside if value <= highest else _CELLS + 1)


@kernel()
def _count_many(values: Floats, wanted: Floats, counts: IndexTable) -> None:
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


@kernel(_nrt=False)
def _count_few(values: Floats, wanted: Floats, counts: IndexTable) -> None:
    for start in range(0, values.size, _BLOCK):
        block = values[start : start + _BLOCK]
        for j in range(wanted.size):
            _count(block, wanted[j], counts[j])


@kernel()
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


@kernel()
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
