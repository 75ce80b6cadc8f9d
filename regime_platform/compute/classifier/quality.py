"""Qualities and confidence of a bar, all in [0, 1] (section 7.1 and 7.2)."""

from regime_platform.compute.classifier.codes import (
    FLAT_TREND,
    LIQUIDITY_NORMAL,
    LIQUIDITY_THIN,
    MOMENTUM,
    VOL_ELEVATED,
    VOL_STRESSED,
)
from regime_platform.compute.classifier.numbers import QUALITY
from regime_platform.compute.kernels import kernel

BAR = "UniTuple(float64, 11)"
QUALITIES = "UniTuple(float64, 9)"
#: MB, SS, IIX, ASM, DSR, RL, bu, bd, ii, vrs, lq of one bar.
Bar = tuple[float, float, float, float, float, float, float, float, float, float, float]
#: align, strength, inst_q, vol_q, lq_q, shock_q, asm_q, mom_int, conf of one bar.
Quality = tuple[float, float, float, float, float, float, float, float, float]


@kernel("float64(float64, float64, float64)")
def _clip(value: float, low: float, high: float) -> float:
    # unlike the clamp of the metrics, NaN stays NaN
    if value < low:
        return low
    if value > high:
        return high
    return value


@kernel("int64(int64)")
def direction_of(state: int) -> int:
    """1 upwards, -1 downwards, 0 neither."""
    if state in (MOMENTUM.STRONG_UP_IMPULSE, MOMENTUM.WEAK_UP_DRIFT):
        return 1
    if state in (MOMENTUM.STRONG_DOWN_IMPULSE, MOMENTUM.WEAK_DOWN_DRIFT):
        return -1
    return 0


@kernel("int64(float64)")
def _sign(value: float) -> int:
    if value > QUALITY.sign_threshold:
        return 1
    if value < -QUALITY.sign_threshold:
        return -1
    return 0


@kernel("float64(int64, int64, int64)")
def _alignment(bias: int, structure: int, direction: int) -> float:
    votes = abs(bias) + abs(structure) + abs(direction)
    if votes == 0:
        return QUALITY.align_none
    if abs(bias + structure + direction) == votes:
        return QUALITY.align_all
    return QUALITY.align_two_of_three if votes == 3 else QUALITY.align_opposed


@kernel("float64(int64, float64)")
def _momentum_intensity(state: int, ii: float) -> float:
    level = QUALITY.momentum_weak
    if state == MOMENTUM.NEUTRAL_RANGE:
        level = QUALITY.momentum_range
    elif state in (MOMENTUM.STRONG_UP_IMPULSE, MOMENTUM.STRONG_DOWN_IMPULSE):
        level = QUALITY.momentum_strong
    return _clip(
        QUALITY.momentum_state_weight * level + QUALITY.momentum_ii_weight * _clip(ii, 0.0, 1.0),
        0.0,
        1.0,
    )


@kernel("float64(float64, int64, int64)")
def _liquidity_quality(lq: float, label: int, trend: int) -> float:
    level = QUALITY.liquidity_deep
    if label == LIQUIDITY_THIN:
        level = QUALITY.liquidity_thin
    elif label == LIQUIDITY_NORMAL:
        level = QUALITY.liquidity_normal
    step = QUALITY.trend_step * (trend - FLAT_TREND)
    return _clip(
        QUALITY.liquidity_weight * _clip(lq, 0.0, 1.0)
        + QUALITY.liquidity_label_weight * level
        + QUALITY.liquidity_trend_weight * step,
        0.0,
        1.0,
    )


@kernel("float64(float64, int64, int64)")
def _vol_quality(vrs: float, label: int, trend: int) -> float:
    factor = 1.0
    if label == VOL_ELEVATED:
        factor = QUALITY.vol_elevated
    elif label == VOL_STRESSED:
        factor = QUALITY.vol_stressed
    step = QUALITY.trend_step * (trend - FLAT_TREND)
    return _clip((1.0 - _clip(vrs, 0.0, 1.0)) * factor - QUALITY.vol_trend_weight * step, 0.0, 1.0)


@kernel(f"{QUALITIES}({BAR}, UniTuple(int64, 5))")
def qualities(bar: Bar, codes: tuple[int, int, int, int, int]) -> Quality:
    """All qualities of one bar; 1 is favourable.

    Args:
        bar: see ``Bar``.
        codes: momentum_state, vol_label, vol_trend, lq_label and lq_trend.
    """
    mb, ss, iix, asm, dsr, _, _, _, ii, vrs, lq = bar
    state, vol_label, vol_trend, lq_label, lq_trend = codes
    strength = _clip(
        QUALITY.strength_bias_weight * abs(_clip(mb, -1.0, 1.0))
        + QUALITY.strength_structure_weight * abs(_clip(ss, -1.0, 1.0)),
        0.0,
        1.0,
    )
    align = _alignment(_sign(mb), _sign(ss), direction_of(state))
    mom_int = _momentum_intensity(state, ii)
    inst_q = _clip(1.0 - _clip(iix, 0.0, 1.0), 0.0, 1.0)
    lq_q = _liquidity_quality(lq, lq_label, lq_trend)
    vol_q = _vol_quality(vrs, vol_label, vol_trend)
    shock_q = _clip(1.0 - _clip(dsr, 0.0, 1.0) ** QUALITY.shock_power, 0.0, 1.0)
    asm_q = _clip(1.0 - QUALITY.asymmetry_penalty * abs(_clip(asm, -1.0, 1.0)), 0.0, 1.0)
    weighted = (
        QUALITY.confidence_strength * strength
        + QUALITY.confidence_align * align
        + QUALITY.confidence_momentum * mom_int
        + QUALITY.confidence_instability * inst_q
        + QUALITY.confidence_liquidity * lq_q
        + QUALITY.confidence_vol * vol_q
        + QUALITY.confidence_shock * shock_q
    )
    conf = _clip(asm_q * weighted, 0.0, 1.0)
    return align, strength, inst_q, vol_q, lq_q, shock_q, asm_q, mom_int, conf
