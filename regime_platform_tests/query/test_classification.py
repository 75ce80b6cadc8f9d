"""The rules give the golden labels, in their order of precedence."""

import math
from collections import defaultdict

import pytest

from regime_platform.query.classification import (
    BIAS_RULES,
    GUARDRAIL,
    LABEL_RULES,
    POSTURE_RULES,
    Rule,
    classification,
    evaluated,
    evaluated_rules,
)
from regime_platform_tests.reference.golden_inputs import classifier_frame

HIGH, LOW = {"vrs >=": 0.8}, {"vrs <": 0.5}


def test_the_rules_give_the_label_of_every_golden_vector() -> None:
    for row in classifier_frame("classifier_vectors")[::3].iter_rows(named=True):
        classified = classification(row)

        outcomes = (classified.label, classified.bias, classified.posture)
        assert outcomes == tuple(
            row[f"classification.{name}"]
            for name in ("regime_label", "regime_bias", "risk_posture")
        )
        assert math.isclose(
            classified.qualities["confidence"], row["classification.confidence"], abs_tol=1e-9
        )


def test_a_rule_holds_where_all_comparisons_of_a_way_hold() -> None:
    bar = {"vrs": 0.9}

    rule = evaluated(Rule("SHOCK", ({**HIGH, **LOW}, HIGH), ""), bar)

    assert rule.holds
    assert [[part.holds for part in way] for way in rule.ways] == [[True, False], [True]]
    assert not evaluated(Rule("SHOCK", ({**HIGH, **LOW},), ""), bar).holds


def test_the_first_rule_that_holds_decides_and_later_ones_are_not_evaluated() -> None:
    rules = (Rule("A", (LOW,), ""), Rule("B", (HIGH,), ""), Rule("C", (), ""))

    assert [rule.gives for rule in evaluated_rules(rules, {"vrs": 0.9})] == ["A", "B"]


@pytest.mark.parametrize(
    ("value", "condition", "edge", "holds"),
    [
        (math.nan, "vrs >=", 0.0, False),
        (math.nan, "vrs <=", 0.0, False),
        (0.8, "vrs >=", 0.8, True),
        (0.8, "vrs >", 0.8, False),
    ],
)
def test_nothing_is_compared_with_nan_and_an_edge_is_inclusive(
    value: float, condition: str, edge: float, *, holds: bool
) -> None:
    assert evaluated(Rule("A", ({condition: edge},), ""), {"vrs": value}).holds is holds


def test_shock_comes_before_a_trend_and_without_either_it_is_a_transition() -> None:
    trend = {"alignment": 1.0, "market_bias": 1.0, "structural_score": 1.0, "direction": 1.0}
    falling = {name: -value for name, value in trend.items()} | {"alignment": 1.0}
    shock = {"downside_shock_risk": 1.0}
    unclear = {"momentum_intensity": 1.0}

    labels = [
        evaluated_rules(LABEL_RULES, defaultdict(float, bar))[-1].gives
        for bar in (trend, falling, {**trend, **shock}, unclear)
    ]

    assert labels == ["TRENDING_BULL", "TRENDING_BEAR", "SHOCK", "TRANSITION"]


def test_the_guardrail_holds_below_its_confidence() -> None:
    assert evaluated(GUARDRAIL, {"confidence": 0.0}).holds
    assert not evaluated(GUARDRAIL, {"confidence": 1.0}).holds


@pytest.mark.parametrize(("sign", "bias"), [(1.0, "BULLISH"), (-1.0, "BEARISH"), (0.0, "NEUTRAL")])
def test_the_bias_follows_bias_and_structure(sign: float, bias: str) -> None:
    values = {"market_bias": sign, "structural_score": sign}

    assert evaluated_rules(BIAS_RULES, values)[-1].gives == bias


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
    values = defaultdict(float, {"vol_quality": 1.0, "liquidity_quality": 1.0, **bar})

    assert evaluated_rules(POSTURE_RULES, values)[-1].gives == posture
