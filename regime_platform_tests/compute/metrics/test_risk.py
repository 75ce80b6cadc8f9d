"""Volatility and shock risk where their parts are bad."""

import numpy as np
import pytest

from regime_platform.compute.kernels import Floats
from regime_platform.compute.metrics import risk
from regime_platform_tests.compute.metrics.series import shared


def test_no_dispersion_among_the_gains_counts_as_most_downside_dominance() -> None:
    count = 106
    ones, zeros = np.ones(count), np.zeros(count)
    series = shared(count, close=ones, ema_slow=ones, atr=ones, sigma=ones)
    losses = {"loss_sigma": np.full(count, 0.01), "losses": np.full(count, 10.0)}
    even = {"gain_sigma": np.full(count, 0.01), "gains": np.full(count, 10.0)}
    none = {"gain_sigma": np.full(count, np.nan), "gains": ones}

    def shock(gains: dict[str, Floats], known: float = 60.0) -> float:
        returns = series._replace(known=np.full(count, known), **losses, **gains)
        return float(risk.downside_shock_risk(returns, zeros, zeros)[104])

    assert shock(even) == pytest.approx(0.20 * 0.5 * 0.8)
    assert shock(none) == pytest.approx(0.20 * 1.0 * 0.8)
    assert shock(none, 14.0) == 0.0


def test_a_bad_slow_sigma_saturates_the_volatility_ratio() -> None:
    sigma = np.array([0.0, 0.02, 0.02])
    nothing = np.full(3, np.nan)
    series = shared(3, sigma=sigma, sigma_slow=nothing, atr_short=nothing, atr_long=nothing)

    now, before = risk.volatility_scores(series, np.zeros(3))

    assert now.tolist() == [0.0, 0.65, 0.65]
    assert before.tolist() == [0.0, 0.65, 0.65]
