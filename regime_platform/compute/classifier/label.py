"""Regime label, bias and risk posture (sections 7.3 and 7.4): the first rule that holds decides."""

from regime_platform.compute.classifier.numbers import LABEL_RULES, STANCE
from regime_platform.compute.classifier.quality import Bar, Quality, direction_of
from regime_platform.compute.kernels import kernel
from regime_platform.model.result_schema import REGIME_BIASES, REGIME_LABELS, RISK_POSTURES

SHOCK, PANIC_RISK, TRENDING_BULL, TRENDING_BEAR = map(
    REGIME_LABELS.index, ("SHOCK", "PANIC_RISK", "TRENDING_BULL", "TRENDING_BEAR")
)
CHOP_RISK, BREAKOUT_SETUP, TRANSITION = map(
    REGIME_LABELS.index, ("CHOP_RISK", "TRANSITION_BREAKOUT_SETUP", "TRANSITION")
)
_BULLISH, _NEUTRAL_BIAS, _BEARISH = map(REGIME_BIASES.index, ("BULLISH", "NEUTRAL", "BEARISH"))
_RISK_ON, _NEUTRAL_POSTURE, _DEFENSIVE, _RISK_OFF, _CAUTIOUS = map(
    RISK_POSTURES.index, ("RISK_ON", "NEUTRAL", "DEFENSIVE", "RISK_OFF", "CAUTIOUS")
)


@kernel()
def _bias(bar: Bar) -> int:
    bias, structure = bar.market_bias, bar.structural_score
    if bias > STANCE.bias and structure > STANCE.bias_structure:
        return _BULLISH
    if bias < -STANCE.bias and structure < -STANCE.bias_structure:
        return _BEARISH
    return _NEUTRAL_BIAS


@kernel()
def _posture(bar: Bar, quality: Quality) -> int:
    if (
        bar.downside_shock_risk >= STANCE.off_shock
        or bar.instability_index >= STANCE.off_instability
        or quality.vol_quality <= STANCE.off_vol_quality
    ):
        return _RISK_OFF
    if (
        bar.downside_shock_risk >= STANCE.defensive_shock
        or bar.instability_index >= STANCE.defensive_instability
        or quality.liquidity_quality <= STANCE.defensive_liquidity_quality
    ):
        return _DEFENSIVE
    if (
        quality.liquidity_quality >= STANCE.on_liquidity_quality
        and quality.stability >= STANCE.on_stability
        and quality.vol_quality >= STANCE.on_vol_quality
    ):
        return _RISK_ON
    return _NEUTRAL_POSTURE


@kernel()
def _is_shock(bar: Bar) -> bool:
    rules = LABEL_RULES
    unstable = (
        bar.instability_index >= rules.shock_instability or bar.risk_level >= rules.shock_risk_level
    )
    falling = bar.market_bias <= rules.shock_bias and bar.structural_score <= rules.shock_structure
    volatile = (
        bar.vrs >= rules.shock_vrs_alone
        and bar.instability_index >= rules.shock_instability_with_vrs
    )
    together = bar.downside_shock_risk >= rules.shock and unstable and bar.vrs >= rules.shock_vrs
    return (together and falling) or bar.downside_shock_risk >= rules.shock_alone or volatile


@kernel()
def _is_panic(bar: Bar, quality: Quality) -> bool:
    rules = LABEL_RULES
    illiquid = quality.liquidity_quality <= rules.panic_liquidity_quality
    return (
        bar.downside_shock_risk >= rules.panic_shock
        or bar.instability_index >= rules.panic_instability
        or (bar.vrs >= rules.panic_vrs and illiquid)
    )


@kernel()
def _is_confident_bear(bar: Bar, quality: Quality) -> bool:
    return (
        bar.market_bias <= LABEL_RULES.bear_bias
        and bar.structural_score <= LABEL_RULES.bear_structure
        and quality.confidence >= LABEL_RULES.bear_confidence
    )


@kernel()
def _trend_label(bar: Bar, quality: Quality, direction: int) -> int:
    # rules 3 and 4; -1 where neither holds
    rules, bias, structure = LABEL_RULES, bar.market_bias, bar.structural_score
    if not (
        quality.alignment >= rules.trend_align and bar.instability_index <= rules.trend_instability
    ):
        return -1
    if bias >= rules.trend_bias and structure >= rules.trend_structure and direction >= 0:
        return TRENDING_BULL
    if bias <= -rules.trend_bias and structure <= -rules.trend_structure and direction <= 0:
        return TRENDING_BEAR
    return -1


@kernel()
def _quiet_label(bar: Bar, quality: Quality) -> int:
    # rules 6 and 7
    rules, highest = LABEL_RULES, max(bar.breakout_up, bar.breakout_down)
    if quality.momentum_intensity <= rules.chop_momentum:
        bias, structure = abs(bar.market_bias), abs(bar.structural_score)
        if bias <= rules.chop_bias and structure <= rules.chop_structure:
            return CHOP_RISK
        if quality.alignment <= rules.chop_align and highest <= rules.chop_breakout:
            return CHOP_RISK
    return BREAKOUT_SETUP if highest >= rules.breakout_setup else TRANSITION


@kernel()
def decision(bar: Bar, quality: Quality, momentum_state: int) -> tuple[int, int, int]:
    """Codes of label, bias and posture of one bar.

    SHOCK and the confident bear override bias and posture. The guardrail turns a trend with too
    little confidence into TRANSITION.
    """
    if _is_shock(bar):
        return SHOCK, _BEARISH, _DEFENSIVE
    bias, posture = _bias(bar), _posture(bar, quality)
    if _is_panic(bar, quality):
        return PANIC_RISK, bias, posture
    label = _trend_label(bar, quality, direction_of(momentum_state))
    confident_bear = _is_confident_bear(bar, quality)
    if label < 0 and confident_bear:
        return TRENDING_BEAR, _BEARISH, _CAUTIOUS
    if label < 0:
        return _quiet_label(bar, quality), bias, posture
    kept = label == TRENDING_BEAR and confident_bear
    if quality.confidence < LABEL_RULES.guardrail_confidence and not kept:
        label = TRANSITION
    return label, bias, posture
