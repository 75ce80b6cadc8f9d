"""Pivots of a flat stretch."""

import numpy as np

from regime_platform.compute.levels.pivots import pivot_prices


def test_every_bar_of_a_flat_stretch_is_a_pivot() -> None:
    high = np.array([5.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 3.0])
    low = high - 1.0

    pivots = pivot_prices(high, low)

    assert np.isnan(pivots[[0, 1, 2, 6, 7, 8]]).all()
    assert np.isnan(pivots[3]) or pivots[3] == 3.0
    assert pivots[4] == 4.0
