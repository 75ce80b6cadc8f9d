"""The closes of the window by price, and which of them touch a price (section 6, candidates 1)."""

# Kernels take every array as an argument of its own: numba accepts no objects that contain them.

import numpy as np

from regime_platform.compute.kernels import kernel
from regime_platform.compute.params import WINDOWS
from regime_platform.compute.price_order import (
    PLACES,
    PRICE,
    Indices,
    count_below,
    count_up_to,
    move_down,
    move_up,
)
from regime_platform.compute.primitives import Floats

REJECTION = 5  # bars after a touch at which the rejection is measured
_WINDOW = WINDOWS.key_levels

# rows of the closes besides PRICE: bar index q, and abs(C_{q+5} - C_q), 0 until it is known
_BAR, _REJECTION = 1, 2
CLOSE_ROWS = 3

#: Rows of a table of prices, besides PRICE: distances to the farthest touch and to the nearest
#: close that does not touch, number of touches, sum of their rejections, number of known
#: rejections, and bar index of the last touch.
FARTHEST, NEAREST, TOUCHES, REJECTED, MEASURED, LAST = range(1, 7)
TOUCH_ROWS = 7
_NEVER = -1  # last touch of an untouched price; out of every window


@kernel("void(int64, float64[::1], float64[:, ::1])", _nrt=False)
def roll_closes(i: int, close: Floats, closes: Floats) -> None:
    """Moves the ascending ``closes`` to the window that ends at bar ``i``.

    Args:
        i: bar index, from 0 on, every bar in turn.
        close: per bar.
        closes: table of ``CLOSE_ROWS`` rows.
    """
    at = count_up_to(closes[PRICE], close[i])
    if i < _WINDOW:
        move_up(closes, at, i)
    else:
        gone = count_below(closes[PRICE], close[i - _WINDOW])
        if at > gone:
            at -= 1
            move_down(closes, gone, at)
        else:
            move_up(closes, at, gone)
    closes[PRICE, at] = close[i]
    closes[_BAR, at] = i
    closes[_REJECTION, at] = 0.0
    measured = i - REJECTION
    if measured >= 0:
        at = count_up_to(closes[PRICE], close[measured]) - 1
        while at > 0 and closes[_BAR, at] != measured:
            at -= 1
        closes[_REJECTION, at] = abs(close[i] - close[measured])


@kernel("void(float64[::1], float64, int64[::1], int64, float64[::1], int64[::1])", _nrt=False)
def find_first_touches(
    closes: Floats, reach: float, wanted: Indices, count: int, prices: Floats, first: Indices
) -> None:
    """For each of the first ``count`` ``wanted`` ``prices``: how many closes are too far below.

    All searches run in one loop, so that the processor overlaps them.
    """
    for k in range(count):
        price = prices[wanted[k]]
        below = 0
        step = PLACES // 2
        while step > 0:
            below += step * (price - closes[below + step - 1] > reach)
            step >>= 1
        first[k] = below


@kernel("void(float64[:, ::1], int64, float64, float64, float64[:, ::1], int64)", _nrt=False)
def count_touches(
    closes: Floats, first: int, reach: float, of_age: float, prices: Floats, at: int
) -> None:
    """Sums up the closes within ``reach`` of the price at ``at``, which are adjacent.

    Args:
        closes: see `roll_closes`.
        first: position of the first one, see `find_first_touches`.
        reach: the largest distance of a touch.
        of_age: index of the newest bar whose rejection is known.
        prices: table with rows ``FARTHEST`` to ``LAST``, written at ``at``.
        at: a column of ``prices``.
    """
    price = prices[PRICE, at]
    values, bars, rejections = (
        closes[PRICE, first:],
        closes[_BAR, first:],
        closes[_REJECTION, first:],
    )
    last = float(_NEVER)
    rejected = 0.0
    measured = 0.0
    touches = 0
    while touches < values.size and values[touches] - price <= reach:
        last = max(last, bars[touches])
        rejected += rejections[touches]  # in ascending order of price
        measured += bars[touches] <= of_age
        touches += 1
    below = price - closes[PRICE, first - 1] if first > 0 else np.inf
    ends = max(abs(price - values[0]), abs(values[touches - 1] - price)) if touches > 0 else 0.0
    prices[FARTHEST, at] = ends
    prices[NEAREST, at] = min(below, values[touches] - price)
    prices[TOUCHES, at] = touches
    prices[REJECTED, at] = rejected
    prices[MEASURED, at] = measured
    prices[LAST, at] = last
