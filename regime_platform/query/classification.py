"""The label, bias and posture of one bar: its quality scores and the rules applied to them.

The quality scores come from the classifier's own kernel. ``explanation`` compares the outcome of
the rules with the label that is stored.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from regime_platform.compute.classifier.classifier import CODE_INPUTS, FLOAT_INPUTS
from regime_platform.compute.classifier.numbers import QUALITY
from regime_platform.compute.classifier.quality import direction_of, qualities
from regime_platform.model.result_schema import STATE_SCHEMA
from regime_platform.query.label_rules import guardrail, label_rules
from regime_platform.query.rules import ClassifierRule, deciding_rule, evaluated_rules
from regime_platform.query.stance_rules import bias_rules, posture_rules

_QUALITIES = (
    *("alignment", "trend_strength", "stability", "vol_quality", "liquidity_quality"),
    *("shock_quality", "asymmetry_quality", "momentum_intensity", "confidence"),
)
#: Quality -> its weight in the confidence, which the asymmetry quality then multiplies.
WEIGHTS: Mapping[str, float] = {
    "trend_strength": QUALITY.confidence_strength,
    "alignment": QUALITY.confidence_align,
    "momentum_intensity": QUALITY.confidence_momentum,
    "stability": QUALITY.confidence_instability,
    "liquidity_quality": QUALITY.confidence_liquidity,
    "vol_quality": QUALITY.confidence_vol,
    "shock_quality": QUALITY.confidence_shock,
}
_SHOCK, _BULL, _BEAR, _CONFIDENT_BEAR = 0, 2, 3, 4  # positions among the label rules


@dataclass(frozen=True)
class Classification:
    """The outcome of the rules, and the rules evaluated; the last of each list decided."""

    label: str
    bias: str
    posture: str
    qualities: Mapping[str, float]
    label_rules: tuple[ClassifierRule, ...]
    guardrail: ClassifierRule | None  # applied to trends only
    bias_rules: tuple[ClassifierRule, ...]
    posture_rules: tuple[ClassifierRule, ...]


def classification(state: Mapping[str, Any]) -> Classification:
    """Applies the rules to one row of ``STATE_SCHEMA``; the kernels must be compiled."""
    values = _values(state)
    labels, biases, postures = label_rules(values), bias_rules(values), posture_rules(values)
    position = labels.index(deciding_rule(labels))
    trend_guard = guardrail(values) if position in {_BULL, _BEAR} else None
    is_confident = position == _BEAR and labels[_CONFIDENT_BEAR].holds
    is_overruled = trend_guard is not None and trend_guard.holds and not is_confident
    bias, posture = deciding_rule(biases).outcome, deciding_rule(postures).outcome
    if position == _SHOCK:
        bias, posture = "BEARISH", "DEFENSIVE"
    elif position == _CONFIDENT_BEAR:
        bias, posture = "BEARISH", "CAUTIOUS"
    return Classification(
        label="TRANSITION" if is_overruled else labels[position].outcome,
        bias=bias,
        posture=posture,
        qualities={name: values[name] for name in _QUALITIES},
        label_rules=evaluated_rules(labels),
        guardrail=trend_guard,
        bias_rules=evaluated_rules(biases),
        posture_rules=evaluated_rules(postures),
    )


def _values(state: Mapping[str, Any]) -> dict[str, float]:
    """Every value that a rule compares, by name."""
    numbers: Any = tuple(_number(state[name]) for name in FLOAT_INPUTS)
    codes: Any = tuple(_code(name, state[name]) for name in CODE_INPUTS)
    inputs = dict(zip(FLOAT_INPUTS, numbers, strict=True))
    return {
        **inputs,
        **dict(zip(_QUALITIES, qualities(numbers, codes), strict=True)),
        "direction": float(direction_of(codes[0])),
        "breakout": max(inputs["breakout_up"], inputs["breakout_down"]),
        "abs_market_bias": abs(inputs["market_bias"]),
        "abs_structural_score": abs(inputs["structural_score"]),
    }


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def _code(name: str, word: str) -> int:
    enum: Any = STATE_SCHEMA[name]
    return int(enum.categories.to_list().index(word))
