"""A window's prices kept in ascending order from bar to bar; equal prices stand oldest first."""

import numpy as np
import numpy.typing as npt

from regime_platform.compute.jit import kernel
from regime_platform.compute.primitives import Floats

Indices = npt.NDArray[np.int64]


@kernel("int64(float64[::1], int64, float64, boolean)", _nrt=False)
def position(prices: Floats, count: int, price: float, after_equals: bool) -> int:
    """Where ``price`` belongs among the first ``count`` of ``prices``."""
    low = 0
    high = count
    while low < high:
        middle = (low + high) // 2
        if prices[middle] < price or (after_equals and prices[middle] == price):
            low = middle + 1
        else:
            high = middle
    return low


@kernel("void(float64[::1], int64[::1], int64, float64, int64)", _nrt=False)
def insert_newest(prices: Floats, bars: Indices, count: int, price: float, bar: int) -> None:
    """Inserts a bar that is newer than all of the ``count`` that are there."""
    at = position(prices, count, price, True)
    for k in range(count, at, -1):
        prices[k] = prices[k - 1]
        bars[k] = bars[k - 1]
    prices[at] = price
    bars[at] = bar


@kernel("void(float64[::1], int64[::1], int64, float64)", _nrt=False)
def remove_oldest(prices: Floats, bars: Indices, count: int, price: float) -> None:
    """Removes the bar at ``price`` that is the oldest of all ``count``."""
    for k in range(position(prices, count, price, False), count - 1):
        prices[k] = prices[k + 1]
        bars[k] = bars[k + 1]
