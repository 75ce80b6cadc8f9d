"""Qualities and confidence of a bar, all in [0, 1] with 1 = favourable (sections 7.1 and 7.2)."""

from typing import NamedTuple

from regime_platform.compute.classifier.numbers import QUALITY
from regime_platform.compute.kernels import kernel
from regime_platform.model.result_schema import LIQUIDITY_LABELS, MOMENTUM_STATES, VOL_LABELS

_STRONG_UP, _WEAK_UP, _RANGE, _WEAK_DOWN, _STRONG_DOWN = map(
    MOMENTUM_STATES.index,
    (
        *("STRONG_UP_IMPULSE", "WEAK_UP_DRIFT", "NEUTRAL_RANGE"),
        *("WEAK_DOWN_DRIFT", "STRONG_DOWN_IMPULSE"),
    ),
)
_ELEVATED, _STRESSED = map(VOL_LABELS.index, ("ELEVATED", "STRESSED"))
_THIN, _NORMAL = map(LIQUIDITY_LABELS.index, ("THIN", "NORMAL"))
_FLAT = 1  # trends are listed falling, flat, rising: the code minus this one is the sign


class Bar(NamedTuple):
    """The metrics of one bar that classify it."""

    market_bias: float
    structural_score: float
    instability_index: float
    asymmetry_metric: float
    downside_shock_risk: float
    risk_level: float
    breakout_up: float
    breakout_down: float
    ii: float
    vrs: float
    lq: float


class BarCodes(NamedTuple):
    """Its labels: positions in the vocabularies of `model.result_schema`."""

    momentum_state: int
    vol_label: int
    vol_trend: int
    lq_label: int
    lq_trend: int


class Quality(NamedTuple):
    """The qualities of one bar, and its confidence."""

    alignment: float
    trend_strength: float
    stability: float
    vol_quality: float
    liquidity_quality: float
    shock_quality: float
    asymmetry_quality: float
    momentum_intensity: float
    confidence: float


@kernel()
def _clip(value: float, low: float, high: float) -> float:
    # unlike the clamp of the metrics, NaN stays NaN
    if value < low:
        return low
    if value > high:
        return high
    return value


@kernel()
def direction_of(state: int) -> int:
    """1 upwards, -1 downwards, 0 neither."""
    if state in (_STRONG_UP, _WEAK_UP):
        return 1
    return -1 if state in (_STRONG_DOWN, _WEAK_DOWN) else 0


@kernel()
def _sign(value: float) -> int:
    if value > QUALITY.sign_threshold:
        return 1
    return -1 if value < -QUALITY.sign_threshold else 0


@kernel()
def _alignment(bias: int, structure: int, direction: int) -> float:
    votes = abs(bias) + abs(structure) + abs(direction)
    if votes == 0:
        return QUALITY.align_none
    if abs(bias + structure + direction) == votes:
        return QUALITY.align_all
    return QUALITY.align_two_of_three if votes == 3 else QUALITY.align_opposed


@kernel()
def _momentum_intensity(state: int, ii: float) -> float:
    level = QUALITY.momentum_weak
    if state == _RANGE:
        level = QUALITY.momentum_range
    elif state in (_STRONG_UP, _STRONG_DOWN):
        level = QUALITY.momentum_strong
    return _clip(
        QUALITY.momentum_state_weight * level + QUALITY.momentum_ii_weight * _clip(ii, 0.0, 1.0),
        0.0,
        1.0,
    )


@kernel()
def _liquidity_quality(lq: float, label: int, trend: int) -> float:
    level = QUALITY.liquidity_deep
    if label == _THIN:
        level = QUALITY.liquidity_thin
    elif label == _NORMAL:
        level = QUALITY.liquidity_normal
    step = QUALITY.trend_step * (trend - _FLAT)
    return _clip(
        QUALITY.liquidity_weight * _clip(lq, 0.0, 1.0)
        + QUALITY.liquidity_label_weight * level
        + QUALITY.liquidity_trend_weight * step,
        0.0,
        1.0,
    )


@kernel()
def _vol_quality(vrs: float, label: int, trend: int) -> float:
    factor = 1.0
    if label == _ELEVATED:
        factor = QUALITY.vol_elevated
    elif label == _STRESSED:
        factor = QUALITY.vol_stressed
    step = QUALITY.trend_step * (trend - _FLAT)
    return _clip((1.0 - _clip(vrs, 0.0, 1.0)) * factor - QUALITY.vol_trend_weight * step, 0.0, 1.0)


@kernel()
def qualities(bar: Bar, codes: BarCodes) -> Quality:
    """All qualities of one bar; the confidence is their weighted sum x the asymmetry quality."""
    bias, structure = bar.market_bias, bar.structural_score
    strength = _clip(
        QUALITY.strength_bias_weight * abs(_clip(bias, -1.0, 1.0))
        + QUALITY.strength_structure_weight * abs(_clip(structure, -1.0, 1.0)),
        0.0,
        1.0,
    )
    align = _alignment(_sign(bias), _sign(structure), direction_of(codes.momentum_state))
    momentum = _momentum_intensity(codes.momentum_state, bar.ii)
    stability = _clip(1.0 - _clip(bar.instability_index, 0.0, 1.0), 0.0, 1.0)
    liquidity = _liquidity_quality(bar.lq, codes.lq_label, codes.lq_trend)
    vol = _vol_quality(bar.vrs, codes.vol_label, codes.vol_trend)
    shock_risk = _clip(bar.downside_shock_risk, 0.0, 1.0)
    shock = _clip(1.0 - shock_risk**QUALITY.shock_power, 0.0, 1.0)
    skew = abs(_clip(bar.asymmetry_metric, -1.0, 1.0))
    asymmetry = _clip(1.0 - QUALITY.asymmetry_penalty * skew, 0.0, 1.0)
    weighted = (
        QUALITY.confidence_strength * strength
        + QUALITY.confidence_align * align
        + QUALITY.confidence_momentum * momentum
        + QUALITY.confidence_instability * stability
        + QUALITY.confidence_liquidity * liquidity
        + QUALITY.confidence_vol * vol
        + QUALITY.confidence_shock * shock
    )
    confidence = _clip(asymmetry * weighted, 0.0, 1.0)
    return Quality(
        align, strength, stability, vol, liquidity, shock, asymmetry, momentum, confidence
    )
