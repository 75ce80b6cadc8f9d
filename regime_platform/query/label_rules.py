"""The rules of the regime label with the numbers of one bar, in the order in which they are asked.

Section 7.4 of the canonical compute told in words; the edges are the classifier's own.
"""

from regime_platform.compute.classifier_numbers import LABEL_RULES as EDGES
from regime_platform.query.rules import Condition, Rule, Values, Way

OTHERWISE = "no other rule held"


def label_rules(values: Values) -> tuple[Rule, ...]:
    """The rules in order: the first that holds gives the label."""
    return (
        shock(values),
        panic(values),
        trending_bull(values),
        trending_bear(values),
        confident_bear(values),
        chop(values),
        Rule(
            "TRANSITION_BREAKOUT_SETUP", ((_is(values, "breakout", ">=", EDGES.breakout_setup),),)
        ),
        Rule("TRANSITION", note=OTHERWISE),
    )


def shock(values: Values) -> Rule:
    """Risk of a fall, turmoil and a falling market together, or one of the first two extreme."""
    high = _is(values, "downside_shock_risk", ">=", EDGES.shock)
    falling = (
        _is(values, "vrs", ">=", EDGES.shock_vrs),
        _is(values, "market_bias", "<=", EDGES.shock_bias),
        _is(values, "structural_score", "<=", EDGES.shock_structure),
    )
    ways: tuple[Way, ...] = (
        (high, _is(values, "instability_index", ">=", EDGES.shock_instability), *falling),
        (high, _is(values, "risk_level", ">=", EDGES.shock_risk_level), *falling),
        (_is(values, "downside_shock_risk", ">=", EDGES.shock_alone),),
        (
            _is(values, "vrs", ">=", EDGES.shock_vrs_alone),
            _is(values, "instability_index", ">=", EDGES.shock_instability_with_vrs),
        ),
    )
    return Rule("SHOCK", ways, "bias BEARISH and posture DEFENSIVE follow")


def panic(values: Values) -> Rule:
    """Any one of three dangers."""
    ways: tuple[Way, ...] = (
        (_is(values, "downside_shock_risk", ">=", EDGES.panic_shock),),
        (_is(values, "instability_index", ">=", EDGES.panic_instability),),
        (
            _is(values, "vrs", ">=", EDGES.panic_vrs),
            _is(values, "liquidity_quality", "<=", EDGES.panic_liquidity_quality),
        ),
    )
    return Rule("PANIC_RISK", ways)


def trending_bull(values: Values) -> Rule:
    """Everything points up and little is unstable."""
    return Rule("TRENDING_BULL", ((*_aligned(values), *_towards(values, ">=", 1.0)),))


def trending_bear(values: Values) -> Rule:
    """Everything points down and little is unstable."""
    return Rule("TRENDING_BEAR", ((*_aligned(values), *_towards(values, "<=", -1.0)),))


def confident_bear(values: Values) -> Rule:
    """A weaker fall that is trusted."""
    way = (
        _is(values, "market_bias", "<=", EDGES.bear_bias),
        _is(values, "structural_score", "<=", EDGES.bear_structure),
        _is(values, "confidence", ">=", EDGES.bear_confidence),
    )
    return Rule("TRENDING_BEAR", (way,), "bias BEARISH and posture CAUTIOUS follow")


def chop(values: Values) -> Rule:
    """Little momentum and no direction, or no agreement and no way out."""
    slack = _is(values, "momentum_intensity", "<=", EDGES.chop_momentum)
    ways: tuple[Way, ...] = (
        (
            slack,
            _is(values, "abs_market_bias", "<=", EDGES.chop_bias),
            _is(values, "abs_structural_score", "<=", EDGES.chop_structure),
        ),
        (
            slack,
            _is(values, "alignment", "<=", EDGES.chop_align),
            _is(values, "breakout", "<=", EDGES.chop_breakout),
        ),
    )
    return Rule("CHOP_RISK", ways)


def guardrail(values: Values) -> Rule:
    """What takes the label from a trend, though not from one down that is a confident bear too."""
    way = (_is(values, "confidence", "<", EDGES.guardrail_confidence),)
    return Rule("TRANSITION", (way,), "a trend that is not trusted enough")


def _aligned(values: Values) -> Way:
    return (
        _is(values, "alignment", ">=", EDGES.trend_align),
        _is(values, "instability_index", "<=", EDGES.trend_instability),
    )


def _towards(values: Values, relation: str, sign: float) -> Way:
    return (
        _is(values, "market_bias", relation, sign * EDGES.trend_bias),
        _is(values, "structural_score", relation, sign * EDGES.trend_structure),
        _is(values, "direction", relation, 0.0),
    )


_is = Condition.of
