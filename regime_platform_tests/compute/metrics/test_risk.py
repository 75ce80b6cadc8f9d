"""Shock risk where gains have no dispersion."""

import numpy as np
import pytest
from numpy.typing import NDArray

from regime_platform.compute.metrics import risk

Floats = NDArray[np.float64]


def test_no_dispersion_among_the_gains_counts_as_most_downside_dominance() -> None:
    count = 106
    series = np.ones(count)
    zeros = np.zeros(count)
    losses = (np.full(count, 0.01), np.full(count, 10.0))
    even = (np.full(count, 0.01), np.full(count, 10.0))
    none = (np.full(count, np.nan), np.full(count, 1.0))
    known = np.full(count, 60.0)

    def shock(gains: tuple[Floats, Floats], seen: Floats = known) -> float:
        values = risk.downside_shock_risk(
            series, series, series, series, zeros, zeros, seen, losses, gains, zeros, zeros
        )
        return float(values[104])

    assert shock(even) == pytest.approx(0.20 * 0.5 * 0.8)
    assert shock(none) == pytest.approx(0.20 * 1.0 * 0.8)
    assert shock(none, np.full(count, 14.0)) == 0.0
