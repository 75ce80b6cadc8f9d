"""The rules of bias and posture applied to one bar (canonical compute, section 7.3)."""

from regime_platform.compute.classifier.numbers import STANCE
from regime_platform.query.label_rules import OTHERWISE
from regime_platform.query.rules import Alternative, ClassifierRule, Comparison, Values

_compare = Comparison.of


def bias_rules(values: Values) -> tuple[ClassifierRule, ...]:
    """The rules in order: the first that holds gives the bias."""
    return (
        ClassifierRule("BULLISH", (_beyond(values, ">", 1.0),)),
        ClassifierRule("BEARISH", (_beyond(values, "<", -1.0),)),
        ClassifierRule("NEUTRAL", note=OTHERWISE),
    )


def posture_rules(values: Values) -> tuple[ClassifierRule, ...]:
    """The rules in order: the first that holds gives the posture."""
    off: tuple[Alternative, ...] = (
        (_compare(values, "downside_shock_risk", ">=", STANCE.off_shock),),
        (_compare(values, "instability_index", ">=", STANCE.off_instability),),
        (_compare(values, "vol_quality", "<=", STANCE.off_vol_quality),),
    )
    defensive: tuple[Alternative, ...] = (
        (_compare(values, "downside_shock_risk", ">=", STANCE.defensive_shock),),
        (_compare(values, "instability_index", ">=", STANCE.defensive_instability),),
        (_compare(values, "liquidity_quality", "<=", STANCE.defensive_liquidity_quality),),
    )
    on: Alternative = (
        _compare(values, "liquidity_quality", ">=", STANCE.on_liquidity_quality),
        _compare(values, "stability", ">=", STANCE.on_stability),
        _compare(values, "vol_quality", ">=", STANCE.on_vol_quality),
    )
    return (
        ClassifierRule("RISK_OFF", off),
        ClassifierRule("DEFENSIVE", defensive),
        ClassifierRule("RISK_ON", (on,)),
        ClassifierRule("NEUTRAL", note=OTHERWISE),
    )


def _beyond(values: Values, relation: str, sign: float) -> Alternative:
    return (
        _compare(values, "market_bias", relation, sign * STANCE.bias),
        _compare(values, "structural_score", relation, sign * STANCE.bias_structure),
    )
