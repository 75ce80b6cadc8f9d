"""Weights and thresholds of the classifier (canonical compute, section 7), compiled in.

They are part of the fingerprint of `compute.params`. Each name states what its number decides.
"""

from typing import NamedTuple


class QualityNumbers(NamedTuple):
    """Section 7.1 and 7.2."""

    sign_threshold: float = 1e-9
    align_none: float = 0.35
    align_all: float = 1.0
    align_two_of_three: float = 0.60
    align_opposed: float = 0.40
    trend_step: float = 0.5
    momentum_strong: float = 0.85
    momentum_weak: float = 0.55
    momentum_range: float = 0.30
    momentum_state_weight: float = 0.55
    momentum_ii_weight: float = 0.45
    strength_bias_weight: float = 0.55
    strength_structure_weight: float = 0.45
    asymmetry_penalty: float = 0.25
    liquidity_weight: float = 0.55
    liquidity_label_weight: float = 0.35
    liquidity_trend_weight: float = 0.15
    liquidity_thin: float = 0.25
    liquidity_normal: float = 0.60
    liquidity_deep: float = 0.80
    vol_elevated: float = 0.85
    vol_stressed: float = 0.90  # milder than elevated, for compatibility (section 16)
    vol_trend_weight: float = 0.10
    shock_power: float = 1.35
    confidence_strength: float = 0.20
    confidence_align: float = 0.22
    confidence_momentum: float = 0.14
    confidence_instability: float = 0.14
    confidence_liquidity: float = 0.10
    confidence_vol: float = 0.10
    confidence_shock: float = 0.10


class StanceNumbers(NamedTuple):
    """Section 7.3: bias and risk posture."""

    bias: float = 0.20
    bias_structure: float = 0.15
    off_shock: float = 0.70
    off_instability: float = 0.70
    off_vol_quality: float = 0.35
    defensive_shock: float = 0.55
    defensive_instability: float = 0.55
    defensive_liquidity_quality: float = 0.40
    on_liquidity_quality: float = 0.65
    on_stability: float = 0.60
    on_vol_quality: float = 0.55


class LabelNumbers(NamedTuple):
    """Section 7.4: the regime label and its guardrail."""

    shock: float = 0.70
    shock_instability: float = 0.70
    shock_risk_level: float = 0.75
    shock_vrs: float = 0.60
    shock_bias: float = -0.25
    shock_structure: float = -0.25
    shock_alone: float = 0.80
    shock_vrs_alone: float = 0.75
    shock_instability_with_vrs: float = 0.65
    panic_shock: float = 0.65
    panic_instability: float = 0.65
    panic_vrs: float = 0.60
    panic_liquidity_quality: float = 0.45
    trend_bias: float = 0.55
    trend_structure: float = 0.40
    trend_align: float = 0.70
    trend_instability: float = 0.55
    bear_bias: float = -0.35
    bear_structure: float = -0.25
    bear_confidence: float = 0.45
    chop_bias: float = 0.25
    chop_structure: float = 0.25
    chop_momentum: float = 0.45
    chop_align: float = 0.45
    chop_breakout: float = 0.55
    breakout_setup: float = 0.62
    guardrail_confidence: float = 0.65


class TagNumbers(NamedTuple):
    """Section 7.5 and the guardrail reason of 7.6."""

    follow_confidence: float = 0.65
    add_liquidity_quality: float = 0.55
    add_vol_quality: float = 0.45
    fade_liquidity_quality: float = 0.55
    ready_breakout: float = 0.60
    illiquid_quality: float = 0.45
    skew: float = 0.35
    skew_caution: float = 0.50
    high_conviction: float = 0.75
    low_conviction: float = 0.45
    guardrail_strength: float = 0.70
    guardrail_align: float = 0.70


class ReasonEdges(NamedTuple):
    """Section 7.6, one row each: at or above the first, at or below the second, otherwise."""

    market_bias: tuple[float, float] = (0.25, -0.25)
    structure: tuple[float, float] = (0.25, -0.25)
    alignment: tuple[float, float] = (0.70, 0.45)
    strength: tuple[float, float] = (0.70, 0.35)
    stability: tuple[float, float] = (0.60, 0.45)
    vol_quality: tuple[float, float] = (0.55, 0.45)
    liquidity_quality: tuple[float, float] = (0.60, 0.45)
    shock_quality: tuple[float, float] = (0.80, 0.60)
    asymmetry_quality: tuple[float, float] = (0.93, 0.85)


QUALITY = QualityNumbers()
STANCE = StanceNumbers()
LABEL_RULES = LabelNumbers()
TAG_RULES = TagNumbers()
REASON_EDGES = ReasonEdges()
