"""Volume at price: the price bins of a window with the most volume (section 6, candidates 2).

The histogram of 60 bins is updated from bar to bar. A bin has its bars as a linked list in time
order; the newest bar is added to its total, and the bin that loses the oldest bar is summed again
from its list. So every total has the bits of a sum in time order over the whole window.
"""

import numpy as np
import numpy.typing as npt

from regime_platform.compute.kernels import Codes, Floats, Indices, kernel
from regime_platform.compute.params import WINDOWS
from regime_platform.compute.primitives import clamp

Links = npt.NDArray[np.uint32]  # bar indices; unsigned ones need no sign check

BINS = 60
BEST_BINS = 5
_WINDOW = WINDOWS.key_levels


@kernel(_nrt=False)
def _guess_bins(prices: Floats, edges: Floats, bins: Codes) -> None:
    """Codes by division, which rounding may shift by one; NaN goes to the last bin."""
    width = (edges[BINS] - edges[0]) / BINS
    for k in range(prices.size):
        bins[k] = np.uint8(clamp((prices[k] - edges[0]) / width, 0.0, BINS - 1.0))


@kernel(_nrt=False)
def _append(
    bar: int,
    typical: Floats,
    volume: Floats,
    edges: Floats,
    totals: Floats,
    bins: Codes,
    newest: Links,
    following: Links,
) -> None:
    """Adds ``bar`` to its bin: (number of edges <= price) - 1, clamped to 0..59.

    ``bins[bar]`` is the guess by `_guess_bins` and is corrected here.
    """
    bin_ = int(bins[bar])
    while bin_ < BINS - 1 and edges[bin_ + 1] <= typical[bar]:
        bin_ += 1
    while bin_ > 0 and edges[bin_] > typical[bar]:
        bin_ -= 1
    bins[bar] = bin_
    following[newest[bin_]] = bar
    newest[bin_] = bar
    totals[bin_] += volume[bar]


@kernel(_nrt=False)
def _remove_oldest(
    bar: int, volume: Floats, totals: Floats, bins: Codes, newest: Links, following: Links
) -> None:
    """Removes the oldest ``bar`` from its bin and sums the rest again."""
    bin_ = bins[bar]
    total = 0.0
    last = newest[bin_]
    head = volume.size + bin_
    if last == bar:
        newest[bin_] = head
    else:
        following[head] = following[bar]
        while bar != last:
            bar = int(following[bar])
            total += volume[bar]
    totals[bin_] = total


@kernel(_nrt=False)
def roll_volume_bins(
    i: int,
    typical: Floats,
    volume: Floats,
    lowest: Floats,
    highest: Floats,
    edges: Floats,
    totals: Floats,
    bins: Codes,
    newest: Links,
    following: Links,
) -> None:
    """Moves the histogram from the window that ends at bar ``i`` - 1 to the one at ``i``.

    Args:
        i: bar index, from 249 on, every bar in turn.
        typical: (H + L + C)/3 per bar; ``lowest`` and ``highest`` of the last 250 such prices.
        volume: per bar, 0 instead of NaN.
        edges: the 61 bin edges, written here. Updated along with them: ``totals`` per bin, ``bins``
            per bar, ``newest`` bar per bin and ``following`` bar per bar within its bin. Entry
            ``bars + bin`` of ``following`` is the oldest bar of that bin.
    """
    if not highest[i] > lowest[i]:
        return
    first = i - _WINDOW + 1
    if first > 0 and lowest[i] == lowest[i - 1] and highest[i] == highest[i - 1]:
        # add before removing, so that a sum over the same bin includes the new bar
        _guess_bins(typical[i : i + 1], edges, bins[i : i + 1])
        _append(i, typical, volume, edges, totals, bins, newest, following)
        _remove_oldest(first - 1, volume, totals, bins, newest, following)
        return
    width = (highest[i] - lowest[i]) / BINS
    for k in range(BINS):
        edges[k] = k * width + lowest[i]
        newest[k] = volume.size + k
    edges[BINS] = highest[i]
    totals[:] = 0.0
    _guess_bins(typical[first : i + 1], edges, bins[first : i + 1])
    for bar in range(first, i + 1):
        _append(bar, typical, volume, edges, totals, bins, newest, following)


@kernel(_nrt=False)
def _least(totals: Floats, bins: Indices) -> float:
    least: float = totals[bins[0]]
    for rank in range(1, BEST_BINS):
        least = min(least, totals[bins[rank]])
    return least


@kernel(_nrt=False)
def best_bins(totals: Floats, edges: Floats, best: Indices, prices: Floats, scores: Floats) -> int:
    """Writes mid-point and score of the five fullest bins, by ascending price; returns 5 or 0.

    Of equal totals the higher bin wins. None where no bin holds anything.

    ``best`` has room for 61 bins. Its first five entries are any five bins, at best those of the
    bar before: no bin with less than the least of them can be among the five fullest.
    """
    enough = _least(totals, best)
    count = 0
    for bin_ in range(BINS):
        best[count] = bin_
        count += totals[bin_] >= enough
    largest = 0.0
    for rank in range(count):
        largest = max(largest, totals[best[rank]])
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
