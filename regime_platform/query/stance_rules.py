"""The rules of bias and posture with the numbers of one bar (canonical compute, section 7.3)."""

from regime_platform.compute.classifier_numbers import STANCE
from regime_platform.query.label_rules import OTHERWISE
from regime_platform.query.rules import Condition, Rule, Values, Way

_is = Condition.of


def bias_rules(values: Values) -> tuple[Rule, ...]:
    """The rules in order: the first that holds gives the bias."""
    return (
        Rule("BULLISH", (_beyond(values, ">", 1.0),)),
        Rule("BEARISH", (_beyond(values, "<", -1.0),)),
        Rule("NEUTRAL", note=OTHERWISE),
    )


def posture_rules(values: Values) -> tuple[Rule, ...]:
    """The rules in order: the first that holds gives the posture."""
    off: tuple[Way, ...] = (
        (_is(values, "downside_shock_risk", ">=", STANCE.off_shock),),
        (_is(values, "instability_index", ">=", STANCE.off_instability),),
        (_is(values, "vol_quality", "<=", STANCE.off_vol_quality),),
    )
    defensive: tuple[Way, ...] = (
        (_is(values, "downside_shock_risk", ">=", STANCE.defensive_shock),),
        (_is(values, "instability_index", ">=", STANCE.defensive_instability),),
        (_is(values, "liquidity_quality", "<=", STANCE.defensive_liquidity_quality),),
    )
    on: Way = (
        _is(values, "liquidity_quality", ">=", STANCE.on_liquidity_quality),
        _is(values, "stability", ">=", STANCE.on_stability),
        _is(values, "vol_quality", ">=", STANCE.on_vol_quality),
    )
    return (
        Rule("RISK_OFF", off),
        Rule("DEFENSIVE", defensive),
        Rule("RISK_ON", (on,)),
        Rule("NEUTRAL", note=OTHERWISE),
    )


def _beyond(values: Values, relation: str, sign: float) -> Way:
    return (
        _is(values, "market_bias", relation, sign * STANCE.bias),
        _is(values, "structural_score", relation, sign * STANCE.bias_structure),
    )
