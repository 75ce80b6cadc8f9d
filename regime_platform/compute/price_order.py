"""Prices of a window in ascending order, kept so from bar to bar; equal prices stand oldest first.

They are the first row of a table whose other rows go where their price goes. The places after the
last one hold infinity, so that a search halves the whole row eight times whatever it finds: a
branch upon a price would be guessed wrong half the time, and cost more than all the rest.
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
    """How many are less than ``price``: where the oldest of its equals stands."""
    count = 0
    step = PLACES // 2
    while step > 0:
        count += step * (prices[count + step - 1] < price)
        step >>= 1
    return count


@kernel("int64(float64[::1], float64)", _nrt=False)
def count_up_to(prices: Floats, price: float) -> int:
    """How many are not more than ``price``: where a newcomer belongs, after its equals."""
    count = 0
    step = PLACES // 2
    while step > 0:
        count += step * (prices[count + step - 1] <= price)
        step >>= 1
    return count


@kernel("void(float64[:, ::1], int64, int64)", _nrt=False)
def move_up(table: Floats, first: int, last: int) -> None:
    """Moves the places from ``first`` to before ``last`` one up, over what stood at ``last``."""
    for row in range(table.shape[0]):
        moved = table[row, first : last + 1]  # indices from 0 on: none has to be looked at for sign
        for k in range(moved.size - 1, 0, -1):
            moved[k] = moved[k - 1]


@kernel("void(float64[:, ::1], int64, int64)", _nrt=False)
def move_down(table: Floats, first: int, last: int) -> None:
    """Moves the places from after ``first`` to ``last`` one down, over what stood at ``first``."""
    for row in range(table.shape[0]):
        moved = table[row, first : last + 1]
        for k in range(moved.size - 1):
            moved[k] = moved[k + 1]
