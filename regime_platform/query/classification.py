"""The label, bias and posture of one bar by the rules of sections 7.3 and 7.4, rule by rule.

The quality scores come from the source of the classifier's own kernel, which gives the same numbers
without machine code: for a few bars, loading that would take longer. ``explanation`` compares the
outcome of the rules with what is stored.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import FunctionType
from typing import Any, NamedTuple

from regime_platform.compute.classifier.numbers import LABEL_RULES as EDGES
from regime_platform.compute.classifier.numbers import QUALITY, STANCE
from regime_platform.compute.classifier.quality import (
    Bar,
    BarCodes,
    Quality,
    direction_of,
    qualities,
)
from regime_platform.model.result_schema import STATE_SCHEMA

Values = Mapping[str, float]
Way = Mapping[str, float]  # "value relation" -> edge; all of them have to hold


class Rule(NamedTuple):
    """An outcome that follows where any of its ways is fulfilled, or where it has none."""

    gives: str
    ways: tuple[Way, ...]
    note: str


@dataclass(frozen=True)
class Comparison:
    """One value of a bar compared with an edge."""

    name: str
    value: float
    relation: str
    edge: float
    holds: bool  # False also where the value is NaN


@dataclass(frozen=True)
class EvaluatedRule:
    """A rule with the values of one bar."""

    gives: str
    holds: bool
    note: str
    ways: tuple[tuple[Comparison, ...], ...]


@dataclass(frozen=True)
class Classification:
    """The outcome of the rules, and the rules evaluated; the last of each list decided."""

    label: str
    bias: str
    posture: str
    qualities: Mapping[str, float]
    confidence_weights: Mapping[str, float]
    label_rules: tuple[EvaluatedRule, ...]
    guardrail: EvaluatedRule | None  # applied to trends only
    bias_rules: tuple[EvaluatedRule, ...]
    posture_rules: tuple[EvaluatedRule, ...]


def _rule(gives: str, *ways: Way, note: str = "") -> Rule:
    return Rule(gives, ways, note)


#: Quality -> its weight in the confidence, which the asymmetry quality then multiplies.
_WEIGHTS = {
    "trend_strength": QUALITY.confidence_strength,
    "alignment": QUALITY.confidence_align,
    "momentum_intensity": QUALITY.confidence_momentum,
    "stability": QUALITY.confidence_instability,
    "liquidity_quality": QUALITY.confidence_liquidity,
    "vol_quality": QUALITY.confidence_vol,
    "shock_quality": QUALITY.confidence_shock,
}
#: Columns of ``STATE_SCHEMA`` that these rules stand on.
VALUE_COLUMNS = (*Bar._fields, *BarCodes._fields)
_RELATIONS = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}

_HIGH_SHOCK = {"downside_shock_risk >=": EDGES.shock}
_FALLING = {
    "vrs >=": EDGES.shock_vrs,
    "market_bias <=": EDGES.shock_bias,
    "structural_score <=": EDGES.shock_structure,
}
_ALIGNED = {
    "alignment >=": EDGES.trend_align,
    "instability_index <=": EDGES.trend_instability,
}
_SLACK = {"momentum_intensity <=": EDGES.chop_momentum}
_SHOCK = _rule(
    "SHOCK",
    {**_HIGH_SHOCK, "instability_index >=": EDGES.shock_instability, **_FALLING},
    {**_HIGH_SHOCK, "risk_level >=": EDGES.shock_risk_level, **_FALLING},
    {"downside_shock_risk >=": EDGES.shock_alone},
    {
        "vrs >=": EDGES.shock_vrs_alone,
        "instability_index >=": EDGES.shock_instability_with_vrs,
    },
    note="bias BEARISH and posture DEFENSIVE follow",
)
_PANIC = _rule(
    "PANIC_RISK",
    {"downside_shock_risk >=": EDGES.panic_shock},
    {"instability_index >=": EDGES.panic_instability},
    {"vrs >=": EDGES.panic_vrs, "liquidity_quality <=": EDGES.panic_liquidity_quality},
)
BULL = _rule(
    "TRENDING_BULL",
    {
        **_ALIGNED,
        "market_bias >=": EDGES.trend_bias,
        "structural_score >=": EDGES.trend_structure,
        "direction >=": 0.0,
    },
)
BEAR = _rule(
    "TRENDING_BEAR",
    {
        **_ALIGNED,
        "market_bias <=": -EDGES.trend_bias,
        "structural_score <=": -EDGES.trend_structure,
        "direction <=": 0.0,
    },
)
CONFIDENT_BEAR = _rule(
    "TRENDING_BEAR",
    {
        "market_bias <=": EDGES.bear_bias,
        "structural_score <=": EDGES.bear_structure,
        "confidence >=": EDGES.bear_confidence,
    },
    note="bias BEARISH and posture CAUTIOUS follow",
)
_CHOP = _rule(
    "CHOP_RISK",
    {
        **_SLACK,
        "abs_market_bias <=": EDGES.chop_bias,
        "abs_structural_score <=": EDGES.chop_structure,
    },
    {**_SLACK, "alignment <=": EDGES.chop_align, "breakout <=": EDGES.chop_breakout},
)
_BREAKOUT = _rule("TRANSITION_BREAKOUT_SETUP", {"breakout >=": EDGES.breakout_setup})
_OTHERWISE = "no other rule holds"
#: Each list in order of precedence: the first rule that holds decides.
LABEL_RULES = (
    *(_SHOCK, _PANIC, BULL, BEAR, CONFIDENT_BEAR, _CHOP, _BREAKOUT),
    _rule("TRANSITION", note=_OTHERWISE),
)
#: Turns a trend into TRANSITION, unless it is a confident bear as well.
GUARDRAIL = _rule(
    "TRANSITION",
    {"confidence <": EDGES.guardrail_confidence},
    note="the confidence in the trend is too low",
)
BIAS_RULES = (
    _rule("BULLISH", {"market_bias >": STANCE.bias, "structural_score >": STANCE.bias_structure}),
    _rule("BEARISH", {"market_bias <": -STANCE.bias, "structural_score <": -STANCE.bias_structure}),
    _rule("NEUTRAL", note=_OTHERWISE),
)
POSTURE_RULES = (
    _rule(
        "RISK_OFF",
        {"downside_shock_risk >=": STANCE.off_shock},
        {"instability_index >=": STANCE.off_instability},
        {"vol_quality <=": STANCE.off_vol_quality},
    ),
    _rule(
        "DEFENSIVE",
        {"downside_shock_risk >=": STANCE.defensive_shock},
        {"instability_index >=": STANCE.defensive_instability},
        {"liquidity_quality <=": STANCE.defensive_liquidity_quality},
    ),
    _rule(
        "RISK_ON",
        {
            "liquidity_quality >=": STANCE.on_liquidity_quality,
            "stability >=": STANCE.on_stability,
            "vol_quality >=": STANCE.on_vol_quality,
        },
    ),
    _rule("NEUTRAL", note=_OTHERWISE),
)


def classification(state: Mapping[str, Any]) -> Classification:
    """Applies the rules to one row of ``STATE_SCHEMA``."""
    values = values_of(state)
    labels, biases, postures = (
        evaluated_rules(rules, values) for rules in (LABEL_RULES, BIAS_RULES, POSTURE_RULES)
    )
    decided = LABEL_RULES[len(labels) - 1]
    guardrail = evaluated(GUARDRAIL, values) if decided in (BULL, BEAR) else None
    bias, posture = biases[-1].gives, postures[-1].gives
    if decided is _SHOCK:
        bias, posture = "BEARISH", "DEFENSIVE"
    elif decided is CONFIDENT_BEAR:
        bias, posture = "BEARISH", "CAUTIOUS"
    return Classification(
        label=label_of(values),
        bias=bias,
        posture=posture,
        qualities={name: values[name] for name in Quality._fields},
        confidence_weights=_WEIGHTS,
        label_rules=labels,
        guardrail=guardrail,
        bias_rules=biases,
        posture_rules=postures,
    )


def label_of(values: Values) -> str:
    """The regime by the label rules and the guardrail."""
    decided = LABEL_RULES[len(evaluated_rules(LABEL_RULES, values)) - 1]
    return GUARDRAIL.gives if is_overruled(decided, values) else decided.gives


def is_overruled(decided: Rule, values: Values) -> bool:
    """Whether the guardrail replaces the label of the rule that decided."""
    is_confident = decided is BEAR and evaluated(CONFIDENT_BEAR, values).holds
    return decided in (BULL, BEAR) and evaluated(GUARDRAIL, values).holds and not is_confident


def evaluated_rules(rules: Sequence[Rule], values: Values) -> tuple[EvaluatedRule, ...]:
    """The rules up to and with the first that holds."""
    evaluations: list[EvaluatedRule] = []
    for rule in rules:
        evaluations.append(evaluated(rule, values))
        if evaluations[-1].holds:
            break
    return tuple(evaluations)


def evaluated(rule: Rule, values: Values) -> EvaluatedRule:
    """A rule with the values of a bar."""
    ways = tuple(tuple(_compared(*part, values) for part in way.items()) for way in rule.ways)
    holds = not ways or any(all(part.holds for part in way) for way in ways)
    return EvaluatedRule(rule.gives, holds, rule.note, ways)


def _compared(condition: str, edge: float, values: Values) -> Comparison:
    name, relation = condition.split()
    value = values[name]
    return Comparison(name, value, relation, edge, bool(_RELATIONS[relation](value, edge)))


def values_of(state: Mapping[str, Any]) -> dict[str, float]:
    """Every value that a rule compares, by name, of one row with ``VALUE_COLUMNS``."""
    enums: Mapping[str, Any] = STATE_SCHEMA
    bar = Bar(
        *(float("nan") if state[name] is None else float(state[name]) for name in Bar._fields)
    )
    codes = BarCodes(
        *(enums[name].categories.to_list().index(state[name]) for name in BarCodes._fields)
    )
    return {
        **bar._asdict(),
        **_qualities(bar, codes)._asdict(),
        "direction": float(_direction_of(codes.momentum_state)),
        "breakout": max(bar.breakout_up, bar.breakout_down),
        "abs_market_bias": abs(bar.market_bias),
        "abs_structural_score": abs(bar.structural_score),
    }


def _plain(kernel: Any) -> Callable[..., Any]:
    """The Python function of a kernel, which calls those of other kernels."""
    function = kernel.py_func
    known = {
        name: function.__globals__[name]
        for name in function.__code__.co_names
        if name in function.__globals__
    }
    plain = {
        name: _plain(value) if hasattr(value, "py_func") else value for name, value in known.items()
    }
    return FunctionType(function.__code__, plain)


_qualities, _direction_of = _plain(qualities), _plain(direction_of)
