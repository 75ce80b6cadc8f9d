"""Regime label, bias and risk posture (canonical compute, section 7.3 and 7.4).

Rules are tested in the order of the section; the first match decides.
"""

from regime_platform.compute.classifier.codes import BIAS, LABEL, POSTURE
from regime_platform.compute.classifier.numbers import LABEL_RULES, STANCE
from regime_platform.compute.classifier.quality import BAR, QUALITIES, Bar, Quality
from regime_platform.compute.kernels import kernel


@kernel("int64(float64, float64)")
def _bias(mb: float, ss: float) -> int:
    if mb > STANCE.bias and ss > STANCE.bias_structure:
        return BIAS.BULLISH
    if mb < -STANCE.bias and ss < -STANCE.bias_structure:
        return BIAS.BEARISH
    return BIAS.NEUTRAL


@kernel(f"int64({BAR}, {QUALITIES})")
def _posture(bar: Bar, quality: Quality) -> int:
    iix, dsr = bar[2], bar[4]
    inst_q, vol_q, lq_q = quality[2], quality[3], quality[4]
    if dsr >= STANCE.off_shock or iix >= STANCE.off_instability or vol_q <= STANCE.off_vol_quality:
        return POSTURE.RISK_OFF
    if (
        dsr >= STANCE.defensive_shock
        or iix >= STANCE.defensive_instability
        or lq_q <= STANCE.defensive_liquidity_quality
    ):
        return POSTURE.DEFENSIVE
    if (
        lq_q >= STANCE.on_liquidity_quality
        and inst_q >= STANCE.on_stability
        and vol_q >= STANCE.on_vol_quality
    ):
        return POSTURE.RISK_ON
    return POSTURE.NEUTRAL


@kernel(f"boolean({BAR})")
def _is_shock(bar: Bar) -> bool:
    mb, ss, iix, _, dsr, rl, _, _, _, vrs, _ = bar
    rules = LABEL_RULES
    together = (
        dsr >= rules.shock
        and (iix >= rules.shock_instability or rl >= rules.shock_risk_level)
        and vrs >= rules.shock_vrs
        and mb <= rules.shock_bias
        and ss <= rules.shock_structure
    )
    volatile = vrs >= rules.shock_vrs_alone and iix >= rules.shock_instability_with_vrs
    return together or dsr >= rules.shock_alone or volatile


@kernel(f"boolean({BAR}, {QUALITIES})")
def _is_confident_bear(bar: Bar, quality: Quality) -> bool:
    return (
        bar[0] <= LABEL_RULES.bear_bias
        and bar[1] <= LABEL_RULES.bear_structure
        and quality[8] >= LABEL_RULES.bear_confidence
    )


@kernel(f"int64({BAR}, {QUALITIES}, int64)")
def _trend_label(bar: Bar, quality: Quality, direction: int) -> int:
    # rules 3 and 4; -1 where neither holds
    mb, ss, iix = bar[0], bar[1], bar[2]
    rules = LABEL_RULES
    if not (quality[0] >= rules.trend_align and iix <= rules.trend_instability):
        return -1
    if mb >= rules.trend_bias and ss >= rules.trend_structure and direction >= 0:
        return LABEL.TRENDING_BULL
    if mb <= -rules.trend_bias and ss <= -rules.trend_structure and direction <= 0:
        return LABEL.TRENDING_BEAR
    return -1


@kernel(f"int64({BAR}, {QUALITIES})")
def _quiet_label(bar: Bar, quality: Quality) -> int:
    # rules 6 and 7
    mb, ss = bar[0], bar[1]
    align, mom_int = quality[0], quality[7]
    highest = max(bar[6], bar[7])
    rules = LABEL_RULES
    if mom_int <= rules.chop_momentum:
        if abs(mb) <= rules.chop_bias and abs(ss) <= rules.chop_structure:
            return LABEL.CHOP_RISK
        if align <= rules.chop_align and highest <= rules.chop_breakout:
            return LABEL.CHOP_RISK
    if highest >= rules.breakout_setup:
        return LABEL.TRANSITION_BREAKOUT_SETUP
    return LABEL.TRANSITION


@kernel(f"UniTuple(int64, 3)({BAR}, {QUALITIES}, int64)")
def decision(bar: Bar, quality: Quality, direction: int) -> tuple[int, int, int]:
    """Codes of label, bias and posture of one bar, by sections 7.3 and 7.4.

    SHOCK and the confident bear override bias and posture. The guardrail turns a trend with too
    little confidence into TRANSITION.
    """
    bias, posture = _bias(bar[0], bar[1]), _posture(bar, quality)
    if _is_shock(bar):
        return LABEL.SHOCK, BIAS.BEARISH, POSTURE.DEFENSIVE
    rules = LABEL_RULES
    if (
        bar[4] >= rules.panic_shock
        or bar[2] >= rules.panic_instability
        or (bar[9] >= rules.panic_vrs and quality[4] <= rules.panic_liquidity_quality)
    ):
        return LABEL.PANIC_RISK, bias, posture
    label = _trend_label(bar, quality, direction)
    confident_bear = _is_confident_bear(bar, quality)
    if label < 0 and confident_bear:
        return LABEL.TRENDING_BEAR, BIAS.BEARISH, POSTURE.CAUTIOUS
    if label < 0:
        return _quiet_label(bar, quality), bias, posture
    kept = label == LABEL.TRENDING_BEAR and confident_bear
    if quality[8] < rules.guardrail_confidence and not kept:
        label = LABEL.TRANSITION
    return label, bias, posture
