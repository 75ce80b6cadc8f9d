"""How one bar came by its label, bias and posture: the qualities, and the rules asked of them.

Qualities come from the classifier's own kernel. What follows from the rules is compared with the
label that is stored, by whoever explains it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from regime_platform.compute.classifier import CODE_INPUTS, FLOAT_INPUTS
from regime_platform.compute.classifier_numbers import QUALITY
from regime_platform.compute.classifier_quality import direction_of, qualities
from regime_platform.model.result_schema import STATE_SCHEMA
from regime_platform.query.label_rules import guardrail, label_rules
from regime_platform.query.rules import Rule, asked, first_that_holds
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
_SHOCK, _BULL, _BEAR, _CONFIDENT_BEAR = 0, 2, 3, 4  # places among the label rules


@dataclass(frozen=True)
class Classification:
    """What follows from the rules, and which were asked; the last one asked decided."""

    label: str
    bias: str
    posture: str
    qualities: Mapping[str, float]
    label_rules: tuple[Rule, ...]
    guardrail: Rule | None  # asked of trends alone
    bias_rules: tuple[Rule, ...]
    posture_rules: tuple[Rule, ...]

    def facts(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "label": self.label,
            "bias": self.bias,
            "posture": self.posture,
            "qualities": dict(self.qualities),
            "confidence_weights": dict(WEIGHTS),
            "label_rules": [rule.facts() for rule in self.label_rules],
            "guardrail": None if self.guardrail is None else self.guardrail.facts(),
            "bias_rules": [rule.facts() for rule in self.bias_rules],
            "posture_rules": [rule.facts() for rule in self.posture_rules],
        }


def classification(state: Mapping[str, Any]) -> Classification:
    """The rules asked of one row of ``STATE_SCHEMA``, with the kernels compiled."""
    values = _values(state)
    labels, biases, postures = label_rules(values), bias_rules(values), posture_rules(values)
    place = labels.index(first_that_holds(labels))
    guarded = guardrail(values) if place in {_BULL, _BEAR} else None
    is_kept = place == _BEAR and labels[_CONFIDENT_BEAR].holds
    is_taken = guarded is not None and guarded.holds and not is_kept
    bias, posture = first_that_holds(biases).gives, first_that_holds(postures).gives
    if place == _SHOCK:
        bias, posture = "BEARISH", "DEFENSIVE"
    elif place == _CONFIDENT_BEAR:
        bias, posture = "BEARISH", "CAUTIOUS"
    return Classification(
        label="TRANSITION" if is_taken else labels[place].gives,
        bias=bias,
        posture=posture,
        qualities={name: values[name] for name in _QUALITIES},
        label_rules=asked(labels),
        guardrail=guarded,
        bias_rules=asked(biases),
        posture_rules=asked(postures),
    )


def _values(state: Mapping[str, Any]) -> dict[str, float]:
    bar: Any = tuple(_number(state[name]) for name in FLOAT_INPUTS)
    codes: Any = tuple(_code(name, state[name]) for name in CODE_INPUTS)
    known = dict(zip(FLOAT_INPUTS, bar, strict=True))
    return {
        **known,
        **dict(zip(_QUALITIES, qualities(bar, codes), strict=True)),
        "direction": float(direction_of(codes[0])),
        "breakout": max(known["breakout_up"], known["breakout_down"]),
        "abs_market_bias": abs(known["market_bias"]),
        "abs_structural_score": abs(known["structural_score"]),
    }


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def _code(name: str, word: str) -> int:
    words: Any = STATE_SCHEMA[name]
    return int(words.categories.to_list().index(word))
