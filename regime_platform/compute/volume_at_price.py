"""Volume at price: where in the window's price range most was traded (section 6, candidates 2).

The histogram is carried from bar to bar, exactly: a bin holds its bars as a list in time order, the
newest is added to its total, and the bin that loses the oldest is summed anew from its list. Every
total is thus the plain sum in time order, as if the window had been binned from nothing.
"""

# A kernel takes every series and buffer it touches: it cannot take an object that holds them.

import math

import numpy as np
import numpy.typing as npt

from regime_platform.compute.jit import kernel
from regime_platform.compute.params import WINDOWS
from regime_platform.compute.primitives import Floats, clamp

Indices = npt.NDArray[np.int64]

BINS = 60
BEST_BINS = 5
_WINDOW = WINDOWS.key_levels
_NONE = -1


@kernel("int64(float64, float64[::1])", _nrt=False)
def _bin_of(price: float, edges: Floats) -> int:
    """(number of edges <= price) - 1 within 0 .. 59; NaN belongs to the last bin."""
    if math.isnan(price):
        return BINS - 1
    width = (edges[BINS] - edges[0]) / BINS
    guess = int(clamp((price - edges[0]) / width, 0.0, BINS - 1.0)) if width > 0.0 else 0
    while guess < BINS - 1 and edges[guess + 1] <= price:
        guess += 1
    while guess > 0 and edges[guess] > price:
        guess -= 1
    return guess


@kernel("void(int64, int64, float64[::1], float64[::1], int64[:, ::1], int64[::1])", _nrt=False)
def _append(
    bar: int, bin_: int, volume: Floats, totals: Floats, ends: Indices, following: Indices
) -> None:
    following[bar] = _NONE
    if ends[0, bin_] == _NONE:
        ends[0, bin_] = bar
    else:
        following[ends[1, bin_]] = bar
    ends[1, bin_] = bar
    totals[bin_] += volume[bar]


@kernel("void(int64, int64, float64[::1], float64[::1], int64[:, ::1], int64[::1])", _nrt=False)
def _remove_oldest(
    bar: int, bin_: int, volume: Floats, totals: Floats, ends: Indices, following: Indices
) -> None:
    ends[0, bin_] = following[bar]
    total = 0.0
    bar = following[bar]
    while bar != _NONE:
        total += volume[bar]
        bar = following[bar]
    totals[bin_] = total


@kernel(
    "void(int64, float64[::1], float64[::1], float64[::1], float64[::1], float64[::1],"
    " float64[::1], int64[:, ::1], int64[::1], int64[::1])",
    _nrt=False,
)
def roll_volume_bins(
    i: int,
    typical: Floats,
    volume: Floats,
    lowest: Floats,
    highest: Floats,
    edges: Floats,
    totals: Floats,
    ends: Indices,
    bins: Indices,
    following: Indices,
) -> None:
    """Moves the histogram from the window that ends at bar ``i`` - 1 to the one at ``i``.

    Args:
        i: bar index, from 249 on without omission.
        typical: (H + L + C)/3 of every bar; ``lowest`` and ``highest`` over its last 250.
        volume: with 0 for NaN, which adds nothing.
        edges: the 61 edges, written here; ``totals``, ``ends`` (first and last bar of each bin),
            ``bins`` and ``following`` (bin of each bar, next bar of its bin) are carried along.
    """
    if not highest[i] > lowest[i]:
        return
    first = i - _WINDOW + 1
    if first > 0 and lowest[i] == lowest[i - 1] and highest[i] == highest[i - 1]:
        # the newest first: an oldest bar that shares its bin then sums the list to its end
        bins[i] = _bin_of(typical[i], edges)
        _append(i, bins[i], volume, totals, ends, following)
        _remove_oldest(first - 1, bins[first - 1], volume, totals, ends, following)
        return
    width = (highest[i] - lowest[i]) / BINS
    for k in range(BINS):
        edges[k] = k * width + lowest[i]
    edges[BINS] = highest[i]
    totals[:] = 0.0
    ends[:] = _NONE
    for bar in range(first, i + 1):
        bins[bar] = _bin_of(typical[bar], edges)
        _append(bar, bins[bar], volume, totals, ends, following)


@kernel("float64(float64[::1], int64[::1])", _nrt=False)
def _least(totals: Floats, bins: Indices) -> float:
    least: float = totals[bins[0]]
    for rank in range(1, BEST_BINS):
        least = min(least, totals[bins[rank]])
    return least


@kernel(
    "int64(float64[::1], float64[::1], int64[::1], float64[::1], float64[::1])",
    _nrt=False,
)
def best_bins(totals: Floats, edges: Floats, best: Indices, prices: Floats, scores: Floats) -> int:
    """Writes mid-point and score of the five fullest bins, by ascending price; returns 5 or 0.

    Of equal totals the higher bin wins. None where no bin holds anything.

    Args:
        totals: volume of each bin.
        edges: the 61 edges.
        best: room for 61 bins; the first five entries are any five bins, at best those of the bar
            before: no bin with less than the least of them can be among the five fullest.
        prices: written.
        scores: written.
    """
    enough = _least(totals, best)
    largest = 0.0
    count = 0
    for bin_ in range(BINS):
        best[count] = bin_
        if totals[bin_] >= enough:
            count += 1
        largest = max(largest, totals[bin_])
    while count > BEST_BINS:
        worst = 0
        for rank in range(1, count):
            if totals[best[rank]] < totals[best[worst]]:
                worst = rank
        count -= 1
        for rank in range(worst, count):
            best[rank] = best[rank + 1]
    if not largest > 0.0:
        return 0
    for rank in range(BEST_BINS):
        bin_ = best[rank]
        prices[rank] = (edges[bin_] + edges[bin_ + 1]) / 2.0
        scores[rank] = clamp(totals[bin_] / largest, 0.0, 1.0)
    return BEST_BINS
