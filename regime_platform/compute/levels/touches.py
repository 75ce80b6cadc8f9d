"""The closes of the window by price, and which of them touch a price (section 6, candidates 1).

A table has prices in row 0, ascending, equal prices oldest first; the other rows move with their
price. Places after the last price hold infinity, so that every binary search takes exactly eight
steps without branching on a price: such a branch would be mispredicted half the time.
"""

import numpy as np

from regime_platform.compute.kernels import Floats, Indices, Table, kernel
from regime_platform.compute.params import WINDOWS

PLACES = 256  # a power of two, more than the 250 prices of a window and an infinity
PRICE = 0  # the row of the prices
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


@kernel()
def ordered_table(rows: int) -> Table:
    """A table without prices; shape (``rows``, ``PLACES``)."""
    return np.full((rows, PLACES), np.inf)


@kernel(_nrt=False)
def count_below(prices: Floats, price: float) -> int:
    """How many are less than ``price``: the position of its oldest equal."""
    count = 0
    step = PLACES // 2
    while step > 0:
        count += step * (prices[count + step - 1] < price)
        step >>= 1
    return count


@kernel(_nrt=False)
def count_up_to(prices: Floats, price: float) -> int:
    """How many are at most ``price``: the position of a new one, after its equals."""
    count = 0
    step = PLACES // 2
    while step > 0:
        count += step * (prices[count + step - 1] <= price)
        step >>= 1
    return count


@kernel(_nrt=False)
def move_up(table: Table, first: int, last: int) -> None:
    """Moves the places ``first`` to ``last`` - 1 one up, overwriting ``last``."""
    for row in range(table.shape[0]):
        moved = table[row, first : last + 1]  # indices from 0 on need no sign check
        for k in range(moved.size - 1, 0, -1):
            moved[k] = moved[k - 1]


@kernel(_nrt=False)
def move_down(table: Table, first: int, last: int) -> None:
    """Moves the places ``first`` + 1 to ``last`` one down, overwriting ``first``."""
    for row in range(table.shape[0]):
        moved = table[row, first : last + 1]
        for k in range(moved.size - 1):
            moved[k] = moved[k + 1]


@kernel(_nrt=False)
def roll_closes(i: int, close: Floats, closes: Table) -> None:
    """Moves the table ``closes`` to the window that ends at bar ``i``: every bar in turn."""
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


@kernel(_nrt=False)
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


@kernel(_nrt=False)
def count_touches(
    closes: Table, first: int, reach: float, of_age: float, prices: Table, at: int
) -> None:
    """Sums up the closes within ``reach`` of the price at ``at``, which are adjacent.

    Args:
        closes: see `roll_closes`; ``first`` is the first within reach, see `find_first_touches`.
        reach: the largest distance of a touch.
        of_age: index of the newest bar whose rejection is known.
        prices: table whose rows ``FARTHEST`` to ``LAST`` are written at ``at``.
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
