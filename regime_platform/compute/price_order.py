"""The prices of a window in ascending order, updated from bar to bar; equal prices oldest first.

Prices are row 0 of a table; the other rows move with their price. Places after the last price hold
infinity, so that every binary search takes exactly eight steps without branching on a price: such a
branch would be mispredicted half the time.
"""

import numpy as np
import numpy.typing as npt

from regime_platform.compute.kernels import kernel
from regime_platform.compute.primitives import Floats

Indices = npt.NDArray[np.int64]

PLACES = 256  # a power of two, more than the 250 prices of a window and an infinity
PRICE = 0  # the row of the prices


@kernel("float64[:, ::1](int64)")
def ordered_table(rows: int) -> Floats:
    """A table without prices; shape (``rows``, ``PLACES``)."""
    return np.full((rows, PLACES), np.inf)


@kernel("int64(float64[::1], float64)", _nrt=False)
def count_below(prices: Floats, price: float) -> int:
    """How many are less than ``price``: the position of its oldest equal."""
    count = 0
    step = PLACES // 2
    while step > 0:
        count += step * (prices[count + step - 1] < price)
        step >>= 1
    return count


@kernel("int64(float64[::1], float64)", _nrt=False)
def count_up_to(prices: Floats, price: float) -> int:
    """How many are at most ``price``: the position of a new one, after its equals."""
    count = 0
    step = PLACES // 2
    while step > 0:
        count += step * (prices[count + step - 1] <= price)
        step >>= 1
    return count


@kernel("void(float64[:, ::1], int64, int64)", _nrt=False)
def move_up(table: Floats, first: int, last: int) -> None:
    """Moves the places ``first`` to ``last`` - 1 one up, overwriting ``last``."""
    for row in range(table.shape[0]):
        moved = table[row, first : last + 1]  # indices from 0 on need no sign check
        for k in range(moved.size - 1, 0, -1):
            moved[k] = moved[k - 1]


@kernel("void(float64[:, ::1], int64, int64)", _nrt=False)
def move_down(table: Floats, first: int, last: int) -> None:
    """Moves the places ``first`` + 1 to ``last`` one down, overwriting ``first``."""
    for row in range(table.shape[0]):
        moved = table[row, first : last + 1]
        for k in range(moved.size - 1):
            moved[k] = moved[k + 1]
