"""Mid-rank percentiles, expanding and rolling (canonical compute, section 8).

A series is sorted once into dense ranks. Every percentile over it, or over a part of it, is then
counted in a Fenwick tree over the ranks: O(log n) per bar for any window. All windows share one
tree: the count in a window is the count up to its last bar minus the count before its first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from regime_platform.compute.kernels import kernel, kernel_array
from regime_platform.compute.params import DEFAULT_PARAMS

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Ranks:
    """The dense ranks of a series.

    Equal values, also zeros of different sign, share a rank; NaN has rank -1.
    """

    ids: npt.NDArray[np.int32]
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
        missing_counts = len(ids) < short_list
        return _expanding(ids, self.distinct, min_members, missing_counts)

    def rolling(self, windows: Sequence[int]) -> tuple[Floats, ...]:
        """P_roll(v, w) for every window w: the same among the last w values, divided by w.

        First defined at position w - 1; NaN where v_k is.
        """
        return tuple(_rolling(self.ids, self.distinct, kernel_array(windows, np.int64)))


def ranks_of(values: Floats) -> Ranks:
    """Sorts ``values`` once for any number of percentiles."""
    values = kernel_array(values)
    # numpy sorts five times slower with NaN; _dense_ranks skips them at any position
    order = np.argsort(np.where(np.isnan(values), np.inf, values))
    ids, distinct = _dense_ranks(values, order)
    return Ranks(ids, distinct)


def expanding_percentile(
    values: Floats, min_members: int, short_list: int = DEFAULT_PARAMS.short_list
) -> Floats:
    """P_exp of one series, see `Ranks.expanding`."""
    return ranks_of(values).expanding(min_members, short_list)


def rolling_percentile(values: Floats, window: int) -> Floats:
    """P_roll of one series, see `Ranks.rolling`."""
    return ranks_of(values).rolling((window,))[0]


@kernel("Tuple((int32[::1], int64))(float64[::1], int64[::1])")
def _dense_ranks(values: Floats, order: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int32], int]:
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


@kernel("void(int32[::1], int64)", inline="always")
def _add(tree: npt.NDArray[np.int32], rank: int) -> None:
    node = rank + 1
    while node < tree.shape[0]:
        tree[node] += 1
        node += node & -node


@kernel("int64(int32[::1], int64)", inline="always")
def _count_below(tree: npt.NDArray[np.int32], rank: int) -> int:
    below = 0
    node = rank
    while node > 0:
        below += tree[node]
        node &= node - 1
    return below


@kernel("float64[::1](int32[::1], int64, int64, boolean)")
def _expanding(
    ids: npt.NDArray[np.int32], distinct: int, min_members: int, missing_counts: bool
) -> Floats:
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


@kernel("float64[:, ::1](int32[::1], int64, int64[::1])")
def _rolling(ids: npt.NDArray[np.int32], distinct: int, windows: npt.NDArray[np.int64]) -> Floats:
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
