"""Sections 4 and 5 of the canonical compute in plain Python, one bar and one formula at a time.

Key levels (section 6) are an input here; `key_levels_reference` has them.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from regime_platform_tests.reference.primitives_reference import (
    History,
    bad,
    clamp,
    positive,
    sdev,
    unit,
)

FIRST = 20
SMALLEST = 1e-12

Level = tuple[float, float]  # price and strength
Levels = tuple[Level | None, Level | None]  # first support, first resistance
Answer = dict[str, Any]


def state(x: History, i: int, levels: Levels) -> Answer:
    """All of section 5 at bar i, in the order of section 4."""
    m: Answer = {
        "price": x.close[i],
        "ema_fast": x.e20[i],
        "ema_slow": x.e100[i],
        "realized_vol": 0.0 if math.isnan(x.s20[i]) else x.s20[i] * math.sqrt(252),
        "market_bias": market_bias(x, i),
        "risk_level": risk_level(x, i),
    }
    mb, rl = m["market_bias"], m["risk_level"]
    m |= volatility_regime(x, i, rl)
    m["breakout_up"], m["breakout_down"] = breakout(x, i, levels, mb, rl)
    m["downside_shock_risk"] = downside_shock_risk(x, i, mb, rl)
    m["structural_score"] = structural_score(x, i, levels, m)
    m |= momentum(x, i, m)
    m |= liquidity(x, i, m["vrs"], m["er"])
    m["instability_index"] = instability_index(x, i, m)
    m["asymmetry_metric"] = asymmetry(x, i, m)
    return m


def market_bias(x: History, i: int) -> float:
    """5.1."""
    if bad(x.a20[i]):
        return 0.0
    spread, distance = x.e20[i] - x.e100[i], x.close[i] - x.e100[i]
    return clamp(math.tanh(0.7 * spread / x.a20[i] + 0.3 * distance / x.a20[i]), -1.0, 1.0)


def risk_level(x: History, i: int) -> float:
    """5.2."""
    if i < 257 or bad(x.a20[i]) or bad(x.s20[i]):
        return 0.0
    p, atr, s20, before = x.close[i], x.a20[i], x.s20[i], x.s20[i - 1]
    s100 = SMALLEST if bad(x.s100[i]) else x.s100[i]
    a = clamp(s20 / s100, 0.0, 3.0) / 3
    b = 0.0 if bad(before) else clamp((s20 - before) / s20, 0.0, 0.5) / 0.5
    below = clamp((x.e100[i] - p) / atr, 0.0, 3.0) / 3
    peak = max(x.close[i - 251 : i + 1])
    drawdown = 0.0 if bad(peak) else unit(((peak - p) / peak) / 0.20)
    c = 0.5 * below + 0.5 * drawdown
    d = clamp(x.gap(i), 0.0, 2.0) / 2
    return unit(0.35 * a + 0.20 * b + 0.35 * c + 0.10 * d)


def volatility_score(x: History, i: int, range_ratio: float, rl: float) -> float:
    """The weighted sum of 5.3 and of the kicker of 5.9, with the sigmas of one bar."""
    s100 = SMALLEST if bad(x.s100[i]) else x.s100[i]
    sigma_part = clamp(x.s20[i] / s100, 0.0, 3.0) / 3
    range_part = clamp(range_ratio, 0.0, 2.0) / 2
    return unit(0.50 * sigma_part + 0.30 * range_part + 0.20 * unit(rl))


def range_ratio(x: History, i: int, otherwise: float) -> float:
    """Short over long ATR where both are usable."""
    unusable = math.isnan(x.a10[i]) or bad(x.a50[i])
    return otherwise if unusable else x.a10[i] / x.a50[i]


def volatility_regime(x: History, i: int, rl: float) -> Answer:
    """5.3, with the change that decides the trend."""
    if i + 1 < 105 or bad(x.s20[i]):
        return {"vrs": 0.0, "vol_label": "NORMAL", "vol_trend": "FLAT", "vrs_change": 0.0}
    ratio = range_ratio(x, i, 1.0)
    vrs = volatility_score(x, i, ratio, rl)
    change = 0.0
    if not bad(x.s20[i - 1]):
        change = vrs - volatility_score(x, i - 1, range_ratio(x, i - 1, ratio), rl)
    edges = ((0.25, "CALM"), (0.45, "NORMAL"), (0.70, "ELEVATED"))
    return {
        "vrs": vrs,
        "vol_label": next((name for edge, name in edges if vrs < edge), "STRESSED"),
        "vol_trend": "RISING" if change >= 0.03 else "FALLING" if change <= -0.03 else "FLAT",
        "vrs_change": change,
    }


def breakout(x: History, i: int, levels: Levels, mb: float, rl: float) -> Level:
    """5.4: up and down."""
    if i + 1 < 55 or bad(x.a20[i]):
        return 0.0, 0.0
    support, resistance = levels
    p, atr, s20 = x.close[i], x.a20[i], x.s20[i]
    u = resistance[0] if resistance else x.top50[i]
    d = support[0] if support else x.bottom50[i]
    near_up, near_down = math.exp(-positive((u - p) / atr)), math.exp(-positive((p - d) / atr))
    squeeze = unit(1 - range_ratio(x, i, 1.0))
    start = x.a10[i - 1]
    growth = 0.0 if bad(start) or math.isnan(x.a10[i]) else unit(x.a10[i] / start - 1)
    energy = 0.6 * squeeze + 0.4 * growth
    calm = unit(1 - rl)
    h = 0.0 if math.isnan(s20) else unit(1 - s20 / 0.035)
    k = 0.6 * h + 0.4
    up = near_up * (0.45 * energy + 0.35 * unit((1 + mb) / 2) + 0.20 * calm) * k
    down = near_down * (0.45 * energy + 0.35 * unit((1 - mb) / 2) + 0.20 * calm) * k
    return unit(up), unit(down)


def downside_shock_risk(x: History, i: int, mb: float, rl: float) -> float:
    """5.5."""
    atr = x.a20[i]
    if i + 1 < 105 or bad(atr) or bad(x.s20[i]):
        return 0.0
    last = x.r[i - 59 : i + 1]
    tail = sum(r < -2.5 * x.s20[i] for r in last) / 60
    t = unit(1 - math.exp(-30 * tail))
    sm, sp = one_sided(last, 5)  # all 60 are there, so never fewer than 15
    ratio = 2.0 if sp <= 0 else sm / sp
    b = clamp(ratio, 0.0, 2.0) / 2
    c = clamp((x.e100[i] - x.close[i]) / atr, 0.0, 3.0) / 3
    d = clamp(-(x.open[i] - x.close[i - 1]) / atr, 0.0, 2.0) / 2
    raw = unit(0.30 * t + 0.20 * b + 0.20 * c + 0.10 * d + 0.20 * unit(rl))
    return unit(raw * (0.6 + 0.4 * unit((1 - mb) / 2)))


def one_sided(returns: Sequence[float], least: int) -> tuple[float, float]:
    """sdev of the losses and of the gains, 0 where there are fewer than ``least``."""
    losses, gains = [r for r in returns if r < 0], [r for r in returns if r > 0]
    sm, sp = (sdev(side) if len(side) >= least else 0.0 for side in (losses, gains))
    return sm, sp


def structural_score(x: History, i: int, levels: Levels, m: Answer) -> float:
    """5.6."""
    atr, p = x.a20[i], x.close[i]
    if i + 1 < 105 or bad(atr):
        return 0.0
    rl, dsr, mb = m["risk_level"], m["downside_shock_risk"], m["market_bias"]
    steady = unit(1 - (0.6 * unit(rl) + 0.4 * unit(dsr)))
    support, resistance = levels
    k = 0.0
    if support:
        k += 0.6 * support[1] * math.tanh((p - support[0]) / atr)
    if resistance:
        k += 0.4 * resistance[1] * math.tanh((resistance[0] - p) / atr)
    trend = mb * (0.55 + 0.25 * x.efficiency(i) + 0.20 * steady)
    return clamp(trend + 0.25 * clamp(k, -1.0, 1.0), -1.0, 1.0)


def momentum(x: History, i: int, m: Mapping[str, Any]) -> Answer:
    """5.7."""
    if i + 1 < 25 or bad(x.a20[i]):
        return {"momentum_state": "NEUTRAL_RANGE", "cms": 0.0, "ii": 0.0, "er": 0.0}
    er = x.efficiency(i)
    drive = math.tanh((x.close[i] - x.close[i - 20]) / x.a20[i] / 2)
    cms = 0.50 * m["market_bias"] + 0.30 * drive + 0.20 * m["structural_score"]
    cms = clamp(cms, -1.0, 1.0)
    edge = abs(clamp(m["breakout_up"] - m["breakout_down"], -1.0, 1.0))
    ii = unit(abs(cms) * (0.6 * er + 0.4 * (1 - unit(m["vrs"]))) * (0.7 * edge + 0.3))
    return {"momentum_state": momentum_state(cms, ii), "cms": cms, "ii": ii, "er": er}


def momentum_state(cms: float, ii: float) -> str:
    """The first match of 5.7."""
    rules = {
        "STRONG_UP_IMPULSE": cms >= 0.55 and ii >= 0.50,
        "WEAK_UP_DRIFT": cms >= 0.20 and ii < 0.50,
        "NEUTRAL_RANGE": abs(cms) < 0.20,
        "STRONG_DOWN_IMPULSE": cms <= -0.55 and ii >= 0.50,
        "WEAK_DOWN_DRIFT": cms <= -0.20 and ii < 0.50,
    }
    return next((name for name, holds in rules.items() if holds), "NEUTRAL_RANGE")


def liquidity(x: History, i: int, vrs: float, er: float) -> Answer:
    """5.8, with the change that decides the trend."""
    if i + 1 < 25:
        return {"lq": 0.5, "lq_label": "NORMAL", "lq_trend": "STABLE", "lq_change": 0.0}

    def quality(j: int) -> float:
        usual = x.usual[j]
        turnover = 1.0 if bad(usual) else x.traded[j] / usual
        a = 0.5 if j < x.first_volume else clamp(turnover, 0.0, 2.0) / 2
        c = 1.0 if bad(x.a20[j]) else 1 - clamp(x.gap(j), 0.0, 2.0) / 2
        return unit(0.45 * a + 0.25 * unit(1 - unit(vrs)) + 0.15 * c + 0.15 * unit(er))

    lq = quality(i)
    earlier = [quality(j) for j in range(i - 1, i - 6, -1) if j + 1 >= 25]
    change = lq - sum(earlier) / len(earlier) if earlier else 0.0
    trend = "DETERIORATING" if change <= -0.05 else "IMPROVING" if change >= 0.05 else "STABLE"
    return {
        "lq": lq,
        "lq_label": "DEEP" if lq >= 0.70 else "NORMAL" if lq >= 0.40 else "THIN",
        "lq_trend": trend,
        "lq_change": change,
    }


def instability_index(x: History, i: int, m: Mapping[str, Any]) -> float:
    """5.9."""
    if i + 1 < 25:
        return 0.0
    rl, dsr = m["risk_level"], m["downside_shock_risk"]
    e = 0.0 if bad(x.a20[i]) else clamp(x.gap(i), 0.0, 2.0) / 2
    base = unit(
        0.25 * unit(m["vrs"])
        + 0.25 * unit(0.6 * unit(rl) + 0.4 * unit(dsr))
        + 0.20 * unit(1 - unit(m["lq"]))
        + 0.15 * unit(1 - unit(m["er"]))
        + 0.15 * e
    )
    k = 0.0
    if not bad(x.s20[i]) and not bad(x.s20[i - 1]):
        ratio = range_ratio(x, i, 1.0)
        now = volatility_score(x, i, ratio, rl)
        before = volatility_score(x, i - 1, range_ratio(x, i - 1, ratio), rl)
        k = clamp(now - before, 0.0, 0.10) / 0.10
    return unit(base + 0.10 * k)


def asymmetry(x: History, i: int, m: Mapping[str, Any]) -> float:
    """5.10."""
    if i + 1 < 65:
        return 0.0
    sm, sp = one_sided(x.r[i - 59 : i + 1], 2)
    c = -math.tanh(math.log((sm + SMALLEST) / (sp + SMALLEST)))
    edge = clamp(m["breakout_up"] - m["breakout_down"], -1.0, 1.0)
    raw = 0.45 * edge + 0.15 * clamp(m["market_bias"], -1.0, 1.0) + 0.20 * c
    raw = clamp(raw - 0.20 * unit(m["downside_shock_risk"]), -1.0, 1.0)
    if raw >= 0:
        return raw
    return clamp(raw * (0.5 + 0.5 * unit(m["instability_index"])), -1.0, 1.0)
