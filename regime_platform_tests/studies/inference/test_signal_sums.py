"""Sums over runs are the sums over the bars of a signal."""

import numpy as np
import pytest

from regime_platform.studies.inference.signal_sums import signal_sums


def test_sums_are_those_of_the_bars_with_the_signal() -> None:
    columns = np.random.default_rng(1).standard_normal((40, 3))
    signals = np.random.default_rng(3).random((25, 40)) < 0.3
    signals[4], signals[5] = False, True

    sums = signal_sums(signals, columns)

    np.testing.assert_allclose(sums, signals @ columns, atol=1e-12)
    assert sums[4] == pytest.approx([0, 0, 0])
