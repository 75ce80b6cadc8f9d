"""The volatility ratio where its parts are bad."""

import numpy as np

from regime_platform.compute.metrics import volatility


def test_a_bad_slow_sigma_saturates_the_volatility_ratio() -> None:
    sigma = np.array([0.0, 0.02, 0.02])
    nothing = np.full(3, np.nan)
    zeros = np.zeros(3)

    now, before = volatility.volatility_scores(sigma, nothing, nothing, nothing, zeros)

    assert now.tolist() == [0.0, 0.65, 0.65]
    assert before.tolist() == [0.0, 0.65, 0.65]
