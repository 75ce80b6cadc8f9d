"""All metrics of a series, in the order of section 4, each computed once for all bars."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from regime_platform.compute import primitives as prim
from regime_platform.compute.levels.key_levels import key_levels
from regime_platform.compute.metrics import liquidity as liq
from regime_platform.compute.metrics import risk, trend, volatility
from regime_platform.compute.params import FIRST_BARS, WINDOWS, TimeframeParams
from regime_platform.compute.primitives import Floats

Codes = npt.NDArray[np.uint8]

_TAIL_SIGMAS = 2.5

#: Bit k of ``valid_metrics`` belongs to entry k: the metric and its first bar (section 5.12).
_FIRST_BAR_OF_BIT = (
    ("market_bias", FIRST_BARS.market_bias),
    ("risk_level", FIRST_BARS.risk_level),
    ("vol_regime", FIRST_BARS.vol_regime),
    ("breakout", FIRST_BARS.breakout),
    ("downside_shock_risk", FIRST_BARS.shock_risk),
    ("structural_score", FIRST_BARS.structure),
    ("momentum", FIRST_BARS.momentum),
    ("liquidity", FIRST_BARS.liquidity),
    ("instability_index", FIRST_BARS.instability),
    ("asymmetry_metric", FIRST_BARS.asymmetry),
    ("key_levels", FIRST_BARS.key_levels),
)
METRIC_BITS = tuple(name for name, _ in _FIRST_BAR_OF_BIT)


@dataclass(frozen=True)
class BarArrays:
    """The columns of the bars as contiguous, writable float64 arrays; NaN where unknown.

    ``close`` has no NaN.
    """

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats


@dataclass(frozen=True)
class Metrics:
    """The stored quantities of section 5, one value per bar; state rows begin at bar 20.

    Labels, trends and states are codes: positions in the tuples of ``model.result_schema``.
    """

    ema_fast: Floats  # EMA_20 of the close, in price
    ema_slow: Floats  # EMA_100 of the close, in price
    realized_vol: Floats  # annualised deviation of the last 20 log returns
    market_bias: Floats  # [-1, 1], 1 = upwards
    risk_level: Floats  # [0, 1]
    vrs: Floats  # volatility regime score, [0, 1]
    vol_label: Codes
    vol_trend: Codes
    breakout_up: Floats  # [0, 1]
    breakout_down: Floats  # [0, 1]
    downside_shock_risk: Floats  # [0, 1]
    structural_score: Floats  # [-1, 1], 1 = upwards
    momentum_state: Codes
    cms: Floats  # composite momentum score, [-1, 1]
    ii: Floats  # impulse intensity, [0, 1]
    er: Floats  # efficiency ratio, [0, 1]
    lq: Floats  # liquidity, [0, 1], 1 = liquid
    lq_label: Codes
    lq_trend: Codes
    instability_index: Floats  # [0, 1]
    asymmetry_metric: Floats  # [-1, 1], negative = downside
    key_levels: Floats  # shape (12, bars), see `key_levels`


@dataclass(frozen=True)
class _Primitives:
    """Series that several metrics share (section 3)."""

    ema_fast: Floats  # EMA_20 of the close
    ema_slow: Floats  # EMA_100 of the close
    returns: Floats  # log returns
    sigma: Floats  # deviation of the last 20 returns, s20
    sigma_slow: Floats  # of the last 100, s100
    atr: Floats  # mean true range of the last 20 bars, in price
    atr_short: Floats  # of the last 10
    atr_long: Floats  # of the last 50
    gap: Floats  # opening gap in ATR, signed
    efficiency: Floats  # efficiency ratio over 20 bars
    losses: tuple[Floats, Floats]  # deviation and number of the losses among the last 60 returns
    gains: tuple[Floats, Floats]  # the same of the gains


def compute_metrics(
    bars: BarArrays, params: TimeframeParams, emas: tuple[float, float] | None = None
) -> Metrics:
    """All metrics of all bars. A value depends on its bar and earlier ones only.

    Args:
        bars: a series or its tail. For a tail, values from bar ``FIRST_BARS.risk_level`` +
            ``WINDOWS.liquidity_trend`` on equal those of the whole series.
        params: the constants.
        emas: EMA_20 and EMA_100 at the first bar of a tail.
    """
    close = bars.close
    p = _primitives(bars, emas or (close[0], close[0]))
    bias = trend.market_bias(close, p.ema_fast, p.ema_slow, p.atr)
    peak = prim.rolling_max(close, params.peak_window, False)
    risks = risk.risk_level(close, peak, p.ema_slow, p.atr, p.sigma, p.sigma_slow, p.gap)
    score = volatility.volatility_scores(p.sigma, p.sigma_slow, p.atr_short, p.atr_long, risks)
    vrs, vol_label, vol_trend = volatility.vol_regime(p.sigma, *score)
    levels = key_levels(bars.high, bars.low, close, bars.volume, p.atr)
    sides = _breakout(bars, p, levels, (bias, risks), params.volatility_cap)
    shock = _shock(close, p, bias, risks)
    structure = _structure(close, p, levels, (bias, risks, shock))
    state, cms, ii, er = trend.momentum(close, p.atr, p.efficiency, bias, structure, vrs, *sides)
    value, opening = liq.traded_value(close, bars.volume), liq.smooth_opening(p.gap, p.atr)
    lq, lq_label, lq_trend = liq.liquidity(value, opening, vrs, er)
    instability = risk.instability_index(p.atr, p.gap, *score, risks, shock, vrs, lq, er)
    return Metrics(
        ema_fast=p.ema_fast,
        ema_slow=p.ema_slow,
        realized_vol=np.where(np.isnan(p.sigma), 0.0, p.sigma * np.sqrt(params.annualisation)),
        market_bias=bias,
        risk_level=risks,
        vrs=vrs,
        vol_label=vol_label,
        vol_trend=vol_trend,
        breakout_up=sides[0],
        breakout_down=sides[1],
        downside_shock_risk=shock,
        structural_score=structure,
        momentum_state=state,
        cms=cms,
        ii=ii,
        er=er,
        lq=lq,
        lq_label=lq_label,
        lq_trend=lq_trend,
        instability_index=instability,
        asymmetry_metric=risk.asymmetry_metric(p.losses, p.gains, *sides, bias, shock, instability),
        key_levels=levels,
    )


def valid_metrics(count: int) -> npt.NDArray[np.uint16]:
    """For ``count`` bars: bit k is set from the first bar of ``METRIC_BITS[k]`` on."""
    out = np.zeros(count, np.uint16)
    for bit, (_, first) in enumerate(_FIRST_BAR_OF_BIT):
        out[first:] |= np.uint16(1 << bit)
    return out


def _primitives(bars: BarArrays, emas: tuple[float, float]) -> _Primitives:
    close = bars.close
    returns = prim.log_returns(close)
    ranges = prim.true_range(bars.high, bars.low, close)
    atr = prim.rolling_mean(ranges, WINDOWS.fast)
    return _Primitives(
        ema_fast=prim.ema_from(emas[0], close, WINDOWS.fast),
        ema_slow=prim.ema_from(emas[1], close, WINDOWS.slow),
        returns=returns,
        sigma=prim.rolling_sigma(returns, WINDOWS.fast),
        sigma_slow=prim.rolling_sigma(returns, WINDOWS.slow),
        atr=atr,
        atr_short=prim.rolling_mean(ranges, WINDOWS.atr_short),
        atr_long=prim.rolling_mean(ranges, WINDOWS.atr_long),
        gap=prim.opening_gap(bars.open, close, atr),
        efficiency=prim.efficiency_ratio(close, WINDOWS.fast),
        losses=prim.positive_sigma(-returns, WINDOWS.returns),
        gains=prim.positive_sigma(returns, WINDOWS.returns),
    )


def _breakout(
    bars: BarArrays,
    p: _Primitives,
    levels: Floats,
    bias_and_risk: tuple[Floats, Floats],
    volatility_cap: float,
) -> tuple[Floats, Floats]:
    lowest = prim.rolling_min(bars.low, WINDOWS.breakout, False)
    highest = prim.rolling_max(bars.high, WINDOWS.breakout, False)
    return trend.breakout(
        bars.close,
        p.atr,
        p.atr_short,
        p.atr_long,
        p.sigma,
        levels[0],
        levels[6],
        lowest,
        highest,
        *bias_and_risk,
        volatility_cap,
    )


def _shock(close: Floats, p: _Primitives, bias: Floats, risks: Floats) -> Floats:
    tails = prim.counts_below(p.returns, -(_TAIL_SIGMAS * p.sigma), WINDOWS.returns)
    known = prim.window_sums(np.where(np.isnan(p.returns), 0.0, 1.0), WINDOWS.returns)
    return risk.downside_shock_risk(
        close, p.ema_slow, p.atr, p.sigma, p.gap, tails, known, p.losses, p.gains, bias, risks
    )


def _structure(
    close: Floats, p: _Primitives, levels: Floats, others: tuple[Floats, Floats, Floats]
) -> Floats:
    return trend.structural_score(close, p.atr, levels[0:2], levels[6:8], p.efficiency, *others)
