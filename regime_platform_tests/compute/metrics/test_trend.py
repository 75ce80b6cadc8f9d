"""Structure and momentum at their edges."""

import numpy as np
import pytest

from regime_platform.compute.metrics import trend
from regime_platform_tests.compute.metrics.series import shared


def test_a_resistance_overhead_raises_the_structural_score() -> None:
    count = 110
    series = shared(count, close=np.full(count, 100.0), atr=np.full(count, 2.0))
    none = np.full((12, count), np.nan)
    level = none.copy()
    level[6], level[7] = 104.0, 1.0
    zeros = np.zeros(count)

    without = trend.structural_score(series, none, zeros, zeros, zeros)
    below = trend.structural_score(series, level, zeros, zeros, zeros)

    assert without[104] == 0.0
    assert below[104] == pytest.approx(0.25 * 0.4 * np.tanh(2.0), abs=1e-15)
    assert below[103] == 0.0


def test_a_strong_impulse_with_moderate_drive_is_called_a_range() -> None:
    ones, zeros = np.ones(60), np.zeros(60)
    series = shared(60, close=np.linspace(100.0, 130.0, 60), atr=ones, efficiency=ones)

    state, cms, ii, er = trend.momentum(series, np.full(60, 0.48), zeros, zeros, ones, zeros)

    assert 0.20 <= cms[40] < 0.55
    assert ii[40] >= 0.50
    assert state[40] == 2
    assert er[23] == 0.0
