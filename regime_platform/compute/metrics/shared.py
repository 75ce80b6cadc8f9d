"""The bars of a series, and the series over them that several metrics share (section 3)."""

from typing import NamedTuple

import numpy as np

from regime_platform.compute import primitives as prim
from regime_platform.compute.kernels import Floats
from regime_platform.compute.params import WINDOWS, TimeframeParams

_TAIL_SIGMAS = 2.5


class BarArrays(NamedTuple):
    """The columns of the bars as contiguous, writable float64 arrays; NaN where unknown.

    ``close`` has no NaN.
    """

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats


class Shared(NamedTuple):
    """One value per bar, as the kernels of the metrics take them."""

    close: Floats
    ema_fast: Floats  # EMA_20 of the close
    ema_slow: Floats  # EMA_100 of the close
    sigma: Floats  # deviation of the last 20 log returns, s20
    sigma_slow: Floats  # of the last 100, s100
    atr: Floats  # mean true range of the last 20 bars, in price
    atr_short: Floats  # of the last 10
    atr_long: Floats  # of the last 50
    gap: Floats  # opening gap in ATR, signed
    efficiency: Floats  # efficiency ratio over 20 bars
    peak: Floats  # largest close of the last 252 bars
    lowest: Floats  # low of the last 50 bars
    highest: Floats  # high of the last 50 bars
    # of the last 60 returns:
    known: Floats  # how many are not NaN
    tails: Floats  # how many are below -2.5 s20
    loss_sigma: Floats  # deviation of the losses
    losses: Floats  # their number
    gain_sigma: Floats
    gains: Floats


def shared_series(bars: BarArrays, params: TimeframeParams, emas: tuple[float, float]) -> Shared:
    """The shared series; ``emas`` are EMA_20 and EMA_100 at the first bar."""
    close = bars.close
    returns = prim.log_returns(close)
    ranges = prim.true_range(bars.high, bars.low, close)
    sigma = prim.rolling_sigma(returns, WINDOWS.fast)
    atr = prim.rolling_mean(ranges, WINDOWS.fast)
    is_known = np.where(np.isnan(returns), 0.0, 1.0)
    loss_sigma, losses = prim.positive_sigma(-returns, WINDOWS.returns)
    gain_sigma, gains = prim.positive_sigma(returns, WINDOWS.returns)
    return Shared(
        close=close,
        ema_fast=prim.ema_from(emas[0], close, WINDOWS.fast),
        ema_slow=prim.ema_from(emas[1], close, WINDOWS.slow),
        sigma=sigma,
        sigma_slow=prim.rolling_sigma(returns, WINDOWS.slow),
        atr=atr,
        atr_short=prim.rolling_mean(ranges, WINDOWS.atr_short),
        atr_long=prim.rolling_mean(ranges, WINDOWS.atr_long),
        gap=prim.opening_gap(bars.open, close, atr),
        efficiency=prim.efficiency_ratio(close, WINDOWS.fast),
        peak=prim.rolling_max(close, params.peak_window, False),
        lowest=prim.rolling_min(bars.low, WINDOWS.breakout, False),
        highest=prim.rolling_max(bars.high, WINDOWS.breakout, False),
        known=prim.window_sums(is_known, WINDOWS.returns),
        tails=prim.counts_below(returns, -(_TAIL_SIGMAS * sigma), WINDOWS.returns),
        loss_sigma=loss_sigma,
        losses=losses,
        gain_sigma=gain_sigma,
        gains=gains,
    )
