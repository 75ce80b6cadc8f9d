"""The precedence of the label rules; their edges are compared with the golden vectors."""

from collections import defaultdict

from regime_platform.query.label_rules import guardrail, label_rules
from regime_platform.query.rules import deciding_rule


def test_shock_comes_before_a_trend_and_without_either_it_is_a_transition() -> None:
    trend = {"alignment": 1.0, "market_bias": 1.0, "structural_score": 1.0, "direction": 1.0}
    falling = {name: -value for name, value in trend.items()} | {"alignment": 1.0}
    shock = {"downside_shock_risk": 1.0}
    unclear = {"momentum_intensity": 1.0}

    labels = [
        deciding_rule(label_rules(defaultdict(float, bar))).outcome
        for bar in (trend, falling, {**trend, **shock}, unclear)
    ]

    assert labels == ["TRENDING_BULL", "TRENDING_BEAR", "SHOCK", "TRANSITION"]


def test_the_guardrail_holds_below_its_confidence() -> None:
    assert guardrail({"confidence": 0.0}).holds
    assert not guardrail({"confidence": 1.0}).holds
