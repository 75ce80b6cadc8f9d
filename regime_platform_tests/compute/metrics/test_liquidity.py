"""Liquidity: unknown volume, the weight of past bars, the first bars."""

import numpy as np

from regime_platform.compute.metrics import liquidity


def test_one_unknown_volume_makes_liquidity_neutral_for_twenty_bars() -> None:
    volume = np.full(100, 10.0)
    volume[50] = np.nan
    close = np.linspace(10.0, 20.0, 100)

    value = liquidity.traded_value(close, volume)

    assert (value[50:70] == 0.5).all()
    assert value[70] != 0.5


def test_the_liquidity_trend_weighs_past_bars_with_the_volatility_of_this_one() -> None:
    value = np.full(60, 0.5)
    value[40:] = 0.9
    opening = np.ones(60)
    vrs = np.linspace(0.0, 1.0, 60)  # were each bar weighed with its own, this would drown the step

    lq, label, moving = liquidity.liquidity(value, opening, vrs, np.zeros(60))

    assert moving[39] == 1
    assert moving[40] == 2
    assert moving[46] == 1
    assert lq[0] == 0.5
    assert label[0] == 1


def test_the_first_liquidity_bar_has_no_bars_to_compare_with() -> None:
    value = np.linspace(0.0, 1.0, 30)
    ones = np.ones(30)

    _, _, moving = liquidity.liquidity(value, ones, ones, ones)

    assert moving[24] == 1
