"""Bias and posture of plain bars; their edges are compared with the golden vectors."""

from collections import defaultdict

import pytest

from regime_platform.query.rules import deciding_rule
from regime_platform.query.stance_rules import bias_rules, posture_rules


@pytest.mark.parametrize(("sign", "bias"), [(1.0, "BULLISH"), (-1.0, "BEARISH"), (0.0, "NEUTRAL")])
def test_the_bias_follows_bias_and_structure(sign: float, bias: str) -> None:
    values = {"market_bias": sign, "structural_score": sign}

    assert deciding_rule(bias_rules(values)).outcome == bias


@pytest.mark.parametrize(
    ("bar", "posture"),
    [
        ({"downside_shock_risk": 1.0}, "RISK_OFF"),
        ({"liquidity_quality": 0.0}, "DEFENSIVE"),
        ({"stability": 1.0}, "RISK_ON"),
        ({"stability": 0.0}, "NEUTRAL"),
    ],
)
def test_the_posture_is_the_most_careful_that_holds(bar: dict[str, float], posture: str) -> None:
    sound = {"vol_quality": 1.0, "liquidity_quality": 1.0}

    assert deciding_rule(posture_rules(defaultdict(float, {**sound, **bar}))).outcome == posture
