"""The rules of the regime label applied to one bar, in their order of precedence.

They state section 7.4 of the canonical compute; the edges are the constants of the classifier.
"""

from regime_platform.compute.classifier.numbers import LABEL_RULES as EDGES
from regime_platform.query.rules import Alternative, ClassifierRule, Comparison, Values

OTHERWISE = "no other rule holds"


def label_rules(values: Values) -> tuple[ClassifierRule, ...]:
    """The rules in order: the first that holds gives the label."""
    return (
        shock(values),
        panic(values),
        trending_bull(values),
        trending_bear(values),
        confident_bear(values),
        chop(values),
        ClassifierRule(
            "TRANSITION_BREAKOUT_SETUP",
            ((_compare(values, "breakout", ">=", EDGES.breakout_setup),),),
        ),
        ClassifierRule("TRANSITION", note=OTHERWISE),
    )


def shock(values: Values) -> ClassifierRule:
    """High shock risk with instability in a falling market, or extreme shock risk or volatility."""
    high = _compare(values, "downside_shock_risk", ">=", EDGES.shock)
    falling = (
        _compare(values, "vrs", ">=", EDGES.shock_vrs),
        _compare(values, "market_bias", "<=", EDGES.shock_bias),
        _compare(values, "structural_score", "<=", EDGES.shock_structure),
    )
    alternatives: tuple[Alternative, ...] = (
        (high, _compare(values, "instability_index", ">=", EDGES.shock_instability), *falling),
        (high, _compare(values, "risk_level", ">=", EDGES.shock_risk_level), *falling),
        (_compare(values, "downside_shock_risk", ">=", EDGES.shock_alone),),
        (
            _compare(values, "vrs", ">=", EDGES.shock_vrs_alone),
            _compare(values, "instability_index", ">=", EDGES.shock_instability_with_vrs),
        ),
    )
    return ClassifierRule("SHOCK", alternatives, "bias BEARISH and posture DEFENSIVE follow")


def panic(values: Values) -> ClassifierRule:
    """Shock risk, instability, or volatility together with poor liquidity."""
    alternatives: tuple[Alternative, ...] = (
        (_compare(values, "downside_shock_risk", ">=", EDGES.panic_shock),),
        (_compare(values, "instability_index", ">=", EDGES.panic_instability),),
        (
            _compare(values, "vrs", ">=", EDGES.panic_vrs),
            _compare(values, "liquidity_quality", "<=", EDGES.panic_liquidity_quality),
        ),
    )
    return ClassifierRule("PANIC_RISK", alternatives)


def trending_bull(values: Values) -> ClassifierRule:
    """Aligned, stable, and bias, structure and direction up."""
    return ClassifierRule("TRENDING_BULL", ((*_aligned(values), *_towards(values, ">=", 1.0)),))


def trending_bear(values: Values) -> ClassifierRule:
    """Aligned, stable, and bias, structure and direction down."""
    return ClassifierRule("TRENDING_BEAR", ((*_aligned(values), *_towards(values, "<=", -1.0)),))


def confident_bear(values: Values) -> ClassifierRule:
    """A weaker downtrend with high confidence."""
    alternative = (
        _compare(values, "market_bias", "<=", EDGES.bear_bias),
        _compare(values, "structural_score", "<=", EDGES.bear_structure),
        _compare(values, "confidence", ">=", EDGES.bear_confidence),
    )
    return ClassifierRule(
        "TRENDING_BEAR", (alternative,), "bias BEARISH and posture CAUTIOUS follow"
    )


def chop(values: Values) -> ClassifierRule:
    """Low momentum, and either no direction or neither alignment nor a breakout."""
    slack = _compare(values, "momentum_intensity", "<=", EDGES.chop_momentum)
    alternatives: tuple[Alternative, ...] = (
        (
            slack,
            _compare(values, "abs_market_bias", "<=", EDGES.chop_bias),
            _compare(values, "abs_structural_score", "<=", EDGES.chop_structure),
        ),
        (
            slack,
            _compare(values, "alignment", "<=", EDGES.chop_align),
            _compare(values, "breakout", "<=", EDGES.chop_breakout),
        ),
    )
    return ClassifierRule("CHOP_RISK", alternatives)


def guardrail(values: Values) -> ClassifierRule:
    """Turns a trend of low confidence into TRANSITION, unless it is a confident bear as well."""
    alternative = (_compare(values, "confidence", "<", EDGES.guardrail_confidence),)
    return ClassifierRule("TRANSITION", (alternative,), "the confidence in the trend is too low")


def _aligned(values: Values) -> Alternative:
    return (
        _compare(values, "alignment", ">=", EDGES.trend_align),
        _compare(values, "instability_index", "<=", EDGES.trend_instability),
    )


def _towards(values: Values, relation: str, sign: float) -> Alternative:
    return (
        _compare(values, "market_bias", relation, sign * EDGES.trend_bias),
        _compare(values, "structural_score", relation, sign * EDGES.trend_structure),
        _compare(values, "direction", relation, 0.0),
    )


_compare = Comparison.of
