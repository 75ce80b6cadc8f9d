"""Section 7 of the canonical compute for one bar, in words and plain numbers."""

from collections.abc import Mapping
from typing import Any

UP = ("STRONG_UP_IMPULSE", "WEAK_UP_DRIFT")
DOWN = ("STRONG_DOWN_IMPULSE", "WEAK_DOWN_DRIFT")
TREND = {"RISING": 0.5, "IMPROVING": 0.5, "FALLING": -0.5, "DETERIORATING": -0.5}
TOP = [
    "TREND_STRENGTH_HIGH",
    "ALIGNMENT_STRONG",
    "SHOCK_RISK_HIGH",
    "VOL_UNSTABLE",
    "INSTABILITY_ELEVATED",
    "LIQUIDITY_WEAK",
    "BREAKOUT_SETUP",
    "CONFIDENCE_GUARDRAIL_TRIGGERED",
    "MB_BULLISH",
    "MB_BEARISH",
]


def unit(value: float) -> float:
    """clip01."""
    return min(max(value, 0.0), 1.0)


def classify(bar: Mapping[str, Any]) -> dict[str, Any]:
    """All outputs of one bar, lists as lists."""
    q = qualities(bar)
    label, bias, posture = decide(bar, q)
    reasons = reason_codes(bar, q, label)
    return {
        "regime_label": label,
        "confidence": q["conf"],
        "regime_bias": bias,
        "risk_posture": posture,
        "strategy_tags": tags(bar, q, label),
        "regime_reasons": reasons,
        "regime_reasons_top": [code for code in TOP if code in reasons][:3],
    }


def direction(bar: Mapping[str, Any]) -> int:
    """dir."""
    return (bar["momentum_state"] in UP) - (bar["momentum_state"] in DOWN)


def alignment(bar: Mapping[str, Any]) -> float:
    """align."""
    mb, ss = bar["market_bias"], bar["structural_score"]
    signs = [(x > 1e-9) - (x < -1e-9) for x in (mb, ss)]
    votes = [vote for vote in (*signs, direction(bar)) if vote]
    if not votes:
        return 0.35
    if len(set(votes)) == 1:
        return 1.0
    return 0.60 if len(votes) == 3 else 0.40


def qualities(bar: Mapping[str, Any]) -> dict[str, float]:
    """Helpers of 7.1 and the confidence of 7.2."""
    state = bar["momentum_state"]
    k = 0.85 if "STRONG" in state else 0.55 if "WEAK" in state else 0.30
    m = {"ELEVATED": 0.85, "STRESSED": 0.90}.get(bar["vol_label"], 1.0)
    w = {"THIN": 0.25, "NORMAL": 0.60, "DEEP": 0.80}[bar["lq_label"]]
    lq_trend, vol_trend = (TREND.get(bar[name], 0.0) for name in ("lq_trend", "vol_trend"))
    mb, ss = (unit(abs(bar[name])) for name in ("market_bias", "structural_score"))
    q = {
        "strength": unit(0.55 * mb + 0.45 * ss),
        "align": alignment(bar),
        "mom_int": unit(0.55 * k + 0.45 * unit(bar["ii"])),
        "inst_q": unit(1 - unit(bar["instability_index"])),
        "lq_q": unit(0.55 * unit(bar["lq"]) + 0.35 * w + 0.15 * lq_trend),
        "vol_q": unit((1 - unit(bar["vrs"])) * m - 0.10 * vol_trend),
        "shock_q": unit(1 - unit(bar["downside_shock_risk"]) ** 1.35),
    }
    weights = (0.20, 0.22, 0.14, 0.14, 0.10, 0.10, 0.10)
    total = 0.0
    for weight, value in zip(weights, q.values(), strict=True):
        total += weight * value
    asm_q = unit(1 - 0.25 * unit(abs(bar["asymmetry_metric"])))
    return {**q, "asm_q": asm_q, "conf": unit(asm_q * total)}


def decide(bar: Mapping[str, Any], q: Mapping[str, float]) -> tuple[str, str, str]:
    """Label after the guardrail, bias and posture after the overrides."""
    mb, ss, conf = bar["market_bias"], bar["structural_score"], q["conf"]
    label = first_label(bar, q)
    bear = mb <= -0.35 and ss <= -0.25 and conf >= 0.45
    if label == "SHOCK":
        return label, "BEARISH", "DEFENSIVE"
    if label == "":
        return "TRENDING_BEAR", "BEARISH", "CAUTIOUS"
    if "TRENDING" in label and conf < 0.65 and not (label == "TRENDING_BEAR" and bear):
        label = "TRANSITION"
    bullish, bearish = mb > 0.20 and ss > 0.15, mb < -0.20 and ss < -0.15
    return label, "BULLISH" if bullish else "BEARISH" if bearish else "NEUTRAL", posture(bar, q)


def posture(bar: Mapping[str, Any], q: Mapping[str, float]) -> str:
    """Risk posture before overrides."""
    dsr, iix = bar["downside_shock_risk"], bar["instability_index"]
    if dsr >= 0.70 or iix >= 0.70 or q["vol_q"] <= 0.35:
        return "RISK_OFF"
    if dsr >= 0.55 or iix >= 0.55 or q["lq_q"] <= 0.40:
        return "DEFENSIVE"
    if q["lq_q"] >= 0.65 and q["inst_q"] >= 0.60 and q["vol_q"] >= 0.55:
        return "RISK_ON"
    return "NEUTRAL"


def first_label(bar: Mapping[str, Any], q: Mapping[str, float]) -> str:
    """The first match of 7.4; "" stands for rule 5, which overrides."""
    mb, ss, iix = bar["market_bias"], bar["structural_score"], bar["instability_index"]
    dsr, rl, vrs = bar["downside_shock_risk"], bar["risk_level"], bar["vrs"]
    bmax = max(bar["breakout_up"], bar["breakout_down"])
    falling = mb <= -0.25 and ss <= -0.25
    shock = dsr >= 0.70 and (iix >= 0.70 or rl >= 0.75) and vrs >= 0.60 and falling
    calm, quiet = abs(mb) <= 0.25 and abs(ss) <= 0.25, q["mom_int"] <= 0.45
    agreed = q["align"] >= 0.70 and iix <= 0.55
    rules = {
        "SHOCK": shock or dsr >= 0.80 or (vrs >= 0.75 and iix >= 0.65),
        "PANIC_RISK": dsr >= 0.65 or iix >= 0.65 or (vrs >= 0.60 and q["lq_q"] <= 0.45),
        "TRENDING_BULL": mb >= 0.55 and ss >= 0.40 and direction(bar) >= 0 and agreed,
        "TRENDING_BEAR": mb <= -0.55 and ss <= -0.40 and direction(bar) <= 0 and agreed,
        "": mb <= -0.35 and ss <= -0.25 and q["conf"] >= 0.45,
        "CHOP_RISK": quiet and (calm or (q["align"] <= 0.45 and bmax <= 0.55)),
        "TRANSITION_BREAKOUT_SETUP": bmax >= 0.62,
        "TRANSITION": True,
    }
    return next(name for name, holds in rules.items() if holds)


def tags(bar: Mapping[str, Any], q: Mapping[str, float], label: str) -> list[str]:
    """Strategy tags of 7.5."""
    bmax, asm = max(bar["breakout_up"], bar["breakout_down"]), bar["asymmetry_metric"]
    conf, lq_q = q["conf"], q["lq_q"]
    if "TRENDING" in label:
        add = lq_q >= 0.55 and q["vol_q"] >= 0.45
        codes = ["TREND_FOLLOWING" if conf >= 0.65 else "WAIT_FOR_CONFIRMATION"]
        codes += ["ADD_ON_BREAKS" if add else "SIZE_DOWN"]
        codes += ["BUY_DIPS" if label == "TRENDING_BULL" else "SELL_RALLIES"]
    elif label == "CHOP_RISK":
        codes = ["MEAN_REVERSION"] + ["FADE_EXTREMES"] * (lq_q >= 0.55)
        codes += ["BE_READY_FOR_BREAKOUT"] * (bmax >= 0.60)
    elif label in ("PANIC_RISK", "SHOCK"):
        codes = ["CAPITAL_PRESERVATION", "REDUCE_LEVERAGE"]
        codes += ["AVOID_ILLQUID_NAMES"] * (lq_q <= 0.45)
        codes += ["DOWNSIDE_SKEW"] * (asm <= -0.35) + ["UPSIDE_SKEW"] * (asm >= 0.35)
    else:
        codes = ["WAIT_FOR_CONFIRMATION"] + ["BREAKOUT_WATCH", "SET_ALERTS"] * (bmax >= 0.62)
        codes += ["SKEW_CAUTION"] * (abs(asm) >= 0.50)
    level = "HIGH" if conf >= 0.75 else "LOW" if conf <= 0.45 else "MEDIUM"
    return [*codes, f"{level}_CONVICTION"]


def reason_codes(bar: Mapping[str, Any], q: Mapping[str, float], label: str) -> list[str]:
    """Reason codes of 7.6."""
    up, down = bar["breakout_up"], bar["breakout_down"]
    rows = (
        (bar["market_bias"], 0.25, -0.25, "MB_", "BULLISH BEARISH NEUTRAL"),
        (bar["structural_score"], 0.25, -0.25, "SS_", "BULLISH BEARISH NEUTRAL"),
        (q["align"], 0.70, 0.45, "ALIGNMENT_", "STRONG WEAK MIXED"),
        (q["strength"], 0.70, 0.35, "TREND_STRENGTH_", "HIGH LOW MEDIUM"),
        (q["inst_q"], 0.60, 0.45, "INSTABILITY_", "CONTAINED ELEVATED MODERATE"),
        (q["vol_q"], 0.55, 0.45, "VOL_", "STABLE UNSTABLE ELEVATED"),
        (q["lq_q"], 0.60, 0.45, "LIQUIDITY_", "SUPPORTIVE WEAK NORMAL"),
        (q["shock_q"], 0.80, 0.60, "SHOCK_RISK_", "LOW HIGH MODERATE"),
        (q["asm_q"], 0.93, 0.85, "ASYMMETRY_", "LOW HIGH MEDIUM"),
    )
    codes = []
    for value, high, low, prefix, words in rows:
        first, second, otherwise = words.split()
        codes.append(prefix + (first if value >= high else second if value <= low else otherwise))
    if max(up, down) >= 0.62:
        codes += ["BREAKOUT_SETUP", "BREAKOUT_UP_EDGE" if up >= down else "BREAKOUT_DOWN_EDGE"]
    else:
        codes += ["NO_BREAKOUT_EDGE"]
    strong = q["strength"] >= 0.70 and q["align"] >= 0.70 and q["conf"] < 0.65
    return codes + ["CONFIDENCE_GUARDRAIL_TRIGGERED"] * (label.startswith("TRANSITION") and strong)
