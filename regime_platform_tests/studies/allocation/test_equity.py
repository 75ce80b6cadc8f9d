"""Trades, returns and drawdowns of a path of ten bars, by hand."""

import numpy as np
import pytest

from regime_platform.studies.allocation.equity import drawdowns, net_returns, trades


def test_an_exposure_drifts_and_the_trade_restores_it() -> None:
    exposure = np.array([1.0, 0.5, 0.5, 0.0])
    returns = np.array([0.1, -0.1, 0.2, 0.3])

    # 0.5 of wealth falls by 10 %: 0.45 of 0.95; then it rises by 20 %: 0.6 of 1.1
    by_hand = [1, 0.5, 0.5 - 0.45 / 0.95, 0.6 / 1.1]

    assert trades(exposure, returns) == pytest.approx(by_hand)


def test_nothing_is_traded_while_all_or_nothing_is_exposed() -> None:
    returns = np.array([0.1, -0.3, 0.2])

    assert trades(np.ones(3), returns) == pytest.approx([1, 0, 0])
    assert trades(np.zeros(3), returns) == pytest.approx([0, 0, 0])


def test_costs_come_off_before_the_step() -> None:
    earned = net_returns(np.array([0.5]), np.array([0.1]), np.array([0.01]))

    assert earned == pytest.approx([1.05 * 0.99 - 1])


def test_a_drawdown_counts_from_the_start_too() -> None:
    falls = drawdowns(np.array([-0.1, 0.5, -0.2, 0.25]))

    # wealth 0.9, 1.35, 1.08, 1.35
    assert falls == pytest.approx([-0.1, 0, -0.2, 0], abs=1e-12)
