"""Rules as values: which alternative holds, and which rule decides."""

import math

from regime_platform.query.rules import (
    ClassifierRule,
    Comparison,
    deciding_rule,
    evaluated_rules,
)

HIGH = Comparison("vrs", 0.9, ">=", 0.8)
LOW = Comparison("vrs", 0.9, "<", 0.5)


def test_a_rule_holds_where_all_comparisons_of_an_alternative_hold() -> None:
    rule = ClassifierRule("SHOCK", ((HIGH, LOW), (HIGH,)))

    assert rule.holds
    assert rule.fulfilled == ((HIGH,),)
    assert not ClassifierRule("SHOCK", ((HIGH, LOW),)).holds


def test_the_first_rule_that_holds_decides_and_later_ones_are_not_evaluated() -> None:
    rules = (ClassifierRule("A", ((LOW,),)), ClassifierRule("B", ((HIGH,),)), ClassifierRule("C"))

    assert deciding_rule(rules).outcome == "B"
    assert [rule.outcome for rule in evaluated_rules(rules)] == ["A", "B"]


def test_nothing_is_compared_with_nan_and_an_edge_is_inclusive() -> None:
    assert not Comparison("vrs", math.nan, ">=", 0.0).holds
    assert not Comparison("vrs", math.nan, "<=", 0.0).holds
    assert Comparison("vrs", 0.8, ">=", 0.8).holds
    assert not Comparison("vrs", 0.8, ">", 0.8).holds
