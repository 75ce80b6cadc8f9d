"""All metrics of a series, in the order of section 4, each computed once for all bars."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from regime_platform.compute.kernels import Codes, Floats
from regime_platform.compute.levels.key_levels import key_levels
from regime_platform.compute.metrics import liquidity as liq
from regime_platform.compute.metrics import risk, trend
from regime_platform.compute.metrics.shared import BarArrays, shared_series
from regime_platform.compute.params import FIRST_BARS, TimeframeParams

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


def compute_metrics(
    bars: BarArrays, params: TimeframeParams, emas: tuple[float, float] | None = None
) -> Metrics:
    """All metrics of all bars. A value depends on its bar and earlier ones only.

    For the tail of a series, with ``emas`` (EMA_20 and EMA_100 at its first bar), values from bar
    ``FIRST_BARS.risk_level`` + ``WINDOWS.liquidity_trend`` on equal those of the whole series.
    """
    close = bars.close
    s = shared_series(bars, params, emas or (close[0], close[0]))
    bias, risks = trend.market_bias(s), risk.risk_level(s)
    scores = risk.volatility_scores(s, risks)
    vrs, vol_label, vol_trend = risk.vol_regime(s.sigma, *scores)
    levels = key_levels(bars.high, bars.low, close, bars.volume, s.atr)
    sides = trend.breakout(s, levels, bias, risks, params.volatility_cap)
    shock = risk.downside_shock_risk(s, bias, risks)
    structure = trend.structural_score(s, levels, bias, risks, shock)
    state, cms, ii, er = trend.momentum(s, bias, structure, vrs, *sides)
    value, opening = liq.traded_value(close, bars.volume), liq.smooth_opening(s.gap, s.atr)
    lq, lq_label, lq_trend = liq.liquidity(value, opening, vrs, er)
    instability = risk.instability_index(s, scores, risks, shock, vrs, lq, er)
    return Metrics(
        ema_fast=s.ema_fast,
        ema_slow=s.ema_slow,
        realized_vol=np.where(np.isnan(s.sigma), 0.0, s.sigma * np.sqrt(params.annualisation)),
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
        asymmetry_metric=risk.asymmetry_metric(s, *sides, bias, shock, instability),
        key_levels=levels,
    )


def valid_metrics(count: int) -> npt.NDArray[np.uint16]:
    """For ``count`` bars: bit k is set from the first bar of ``METRIC_BITS[k]`` on."""
    out = np.zeros(count, np.uint16)
    for bit, (_, first) in enumerate(_FIRST_BAR_OF_BIT):
        out[first:] |= np.uint16(1 << bit)
    return out
