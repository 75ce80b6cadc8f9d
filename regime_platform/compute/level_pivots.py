"""Pivots and how often the closes of the window touched each (section 6, candidates 1).

Most pivots are touched by the same closes as at the bar before. So each remembers what its touches
came to, together with the distances to the farthest touch and to the nearest close that is none.
While the reach stays between the two, and no close within it came, went or came of age, the
touches are the same ones and so is their sum, to the bit; otherwise they are counted anew.
"""

# A kernel takes every series and buffer it touches: it cannot take an object that holds them.

import math

import numpy as np

from regime_platform.compute.jit import kernel
from regime_platform.compute.params import WINDOWS
from regime_platform.compute.price_order import Indices, insert_newest, remove_oldest
from regime_platform.compute.primitives import Floats, rolling_max, rolling_min, unit

WING = 3  # bars on either side that a pivot must not be exceeded by
REJECTION = 5  # bars after a touch at which the rejection is measured
#: Pivots of one window never share a slot: it is the bar's index modulo this.
SLOTS = 256
_WINDOW = WINDOWS.key_levels
_TOUCH_ATR = 0.30
_NEVER = -1  # the last touch of an untouched pivot: always out of the window

# columns of a pivot's memory
_FARTHEST, _NEAREST, _TOUCHES, _REJECTED, _MEASURED, _LAST = range(6)
MEMORY_COLUMNS = 6


def pivot_prices(high: Floats, low: Floats) -> Floats:
    """H where it is the largest of the seven around it, else L where it is the smallest, else NaN.

    Ties all count; NaN members are left out. The first and last three bars are none.
    """
    out = np.full(high.size, np.nan)
    middle = slice(WING, high.size - WING)
    top = rolling_max(high, 2 * WING + 1, True)[2 * WING :]
    bottom = rolling_min(low, 2 * WING + 1, True)[2 * WING :]
    lows = np.where(low[middle] == bottom, low[middle], np.nan)
    out[middle] = np.where(high[middle] == top, high[middle], lows)
    return out


@kernel("int64(int64, float64[::1], float64[::1], int64[::1], int64, float64[:, ::1])", _nrt=False)
def roll_pivots(
    i: int, pivots: Floats, prices: Floats, bars: Indices, count: int, memory: Floats
) -> int:
    """Moves the ascending pivots to the window that ends at bar ``i``; returns how many."""
    gone = i - _WINDOW + WING
    if gone >= 0 and not math.isnan(pivots[gone]):
        remove_oldest(prices, bars, count, pivots[gone])
        count -= 1
    come = i - WING
    if come >= 0 and not math.isnan(pivots[come]):
        insert_newest(prices, bars, count, pivots[come], come)
        memory[come % SLOTS, _FARTHEST] = np.inf
        count += 1
    return count


@kernel("float64(float64, float64)", _nrt=False)
def _largest_distance(atr: float, limit: float) -> float:
    """The largest d with d / ATR <= limit in doubles: compares as that quotient does, undivided."""
    d = limit * atr
    while d / atr > limit:
        d = np.nextafter(d, 0.0)
    while np.nextafter(d, np.inf) / atr <= limit:
        d = np.nextafter(d, np.inf)
    return d


@kernel(
    "void(int64, float64, float64, float64[::1], int64[::1], float64[::1], float64[:, ::1], int64)",
    _nrt=False,
)
def _count_touches(
    i: int,
    price: float,
    reach: float,
    closes: Floats,
    bars: Indices,
    rejections: Floats,
    memory: Floats,
    slot: int,
) -> None:
    """Finds the closes within ``reach`` of ``price``, adjacent in order, and remembers them."""
    low = 0
    stop = _WINDOW
    while low < stop:
        middle = (low + stop) // 2
        if price - closes[middle] > reach:
            low = middle + 1
        else:
            stop = middle
    last = _NEVER
    rejected = 0.0
    measured = 0
    while stop < _WINDOW and closes[stop] - price <= reach:
        bar = bars[stop]
        last = max(last, bar)
        if bar <= i - REJECTION:
            rejected += rejections[bar]
            measured += 1
        stop += 1
    below = price - closes[low - 1] if low > 0 else np.inf
    above = closes[stop] - price if stop < _WINDOW else np.inf
    ends = max(abs(price - closes[low]), abs(closes[stop - 1] - price)) if stop > low else 0.0
    memory[slot, _FARTHEST] = ends
    memory[slot, _NEAREST] = min(below, above)
    memory[slot, _TOUCHES] = stop - low
    memory[slot, _REJECTED] = rejected
    memory[slot, _MEASURED] = measured
    memory[slot, _LAST] = last


@kernel(
    "void(int64, float64, float64[::1], float64[::1], int64[::1], float64[::1], int64[::1], int64,"
    " float64[::1], float64[:, ::1], float64[:, ::1], float64[::1])",
    _nrt=False,
)
def score_pivots(
    i: int,
    atr: float,
    close: Floats,
    closes: Floats,
    bars: Indices,
    pivots: Floats,
    pivot_bars: Indices,
    count: int,
    rejections: Floats,
    memory: Floats,
    worth: Floats,
    scores: Floats,
) -> None:
    """Scores ``count`` ascending pivots by their touches among the 250 ascending closes.

    Args:
        i: bar index, from 249 on; a bar may be left out if `forget` is called for it.
        atr: ATR_20 at that bar.
        close: by bar; ``closes`` and ``bars`` are the window's in ascending order.
        pivots: ascending prices; ``pivot_bars`` their bars.
        count: how many.
        rejections: abs(C_{q+5} - C_q) by bar q.
        memory: shape (``SLOTS``, ``MEMORY_COLUMNS``), see `forget`.
        worth: rows 1 - exp(-k/3) and exp(-k/(250/3)) for k = 0 .. 250.
        scores: written.
    """
    reach = _largest_distance(atr, _TOUCH_ATR)
    come = close[i]
    of_age = close[i - REJECTION]
    gone = close[i - _WINDOW] if i >= _WINDOW else np.nan
    for k in range(count):
        price = pivots[k]
        slot = pivot_bars[k] % SLOTS
        if k > 0 and price == pivots[k - 1]:
            scores[k] = scores[k - 1]
            memory[slot, _FARTHEST] = np.inf
            continue
        arrived = abs(come - price)
        same_reach = memory[slot, _FARTHEST] <= reach and memory[slot, _NEAREST] > reach
        same_closes = arrived > reach and abs(of_age - price) > reach and abs(gone - price) > reach
        if same_reach and same_closes:
            memory[slot, _NEAREST] = min(memory[slot, _NEAREST], arrived)
        else:
            _count_touches(i, price, reach, closes, bars, rejections, memory, slot)
        measured = memory[slot, _MEASURED]
        rejection = 0.0
        if measured > 0.0:
            rejection = unit(memory[slot, _REJECTED] / atr / measured / 2.0)
        touched = worth[0, int(memory[slot, _TOUCHES])]
        recent = worth[1, min(i - int(memory[slot, _LAST]), _WINDOW)]
        scores[k] = unit(0.5 * touched + 0.3 * rejection + 0.2 * recent)


@kernel("void(float64[:, ::1])", _nrt=False)
def forget(memory: Floats) -> None:
    """Makes every pivot count its touches anew at the next bar."""
    for slot in range(memory.shape[0]):
        memory[slot, _FARTHEST] = np.inf


@kernel("float64[:, ::1]()")
def touch_worths() -> Floats:
    """What k touches are worth, and what a last touch k bars ago is, for k = 0 .. 250."""
    worth = np.empty((2, _WINDOW + 1))
    for k in range(_WINDOW + 1):
        worth[0, k] = 1.0 - math.exp(-k / 3.0)
        worth[1, k] = math.exp(-k / (_WINDOW / 3.0))
    return worth
