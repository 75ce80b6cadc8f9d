"""The values at which the rules of a regime compare a metric."""

from collections import defaultdict
from typing import NamedTuple

from regime_platform.query.classification import (
    BIAS_RULES,
    GUARDRAIL,
    LABEL_RULES,
    POSTURE_RULES,
)
from regime_platform.report.palette import readable

_RULES = {"": (*LABEL_RULES, GUARDRAIL), "bias ": BIAS_RULES, "posture ": POSTURE_RULES}
_SIGNS = {">=": "≥", "<=": "≤", ">": ">", "<": "<"}
_MIRRORED = {">=": "<=", "<=": ">=", ">": "<", "<": ">"}


class Edge(NamedTuple):
    """A value of a metric, and what rules need there."""

    value: float
    relation: str
    gives: tuple[str, ...]  # outcomes in words

    def __str__(self) -> str:
        return f"{_SIGNS[self.relation]} {self.value:g} {', '.join(self.gives)}"


def edges_of(metric: str) -> tuple[Edge, ...]:
    """The edges of a column of ``STATE_SCHEMA``, largest first; none where no rule compares it.

    A rule on the absolute value has two edges; one on the greater breakout has them for both.
    """
    names = {metric: (1.0,), f"abs_{metric}": (1.0, -1.0)}
    if metric in ("breakout_up", "breakout_down"):
        names["breakout"] = (1.0,)
    outcomes: dict[tuple[float, str], dict[str, None]] = defaultdict(dict)
    for prefix, rules in _RULES.items():
        for rule in rules:
            for condition, edge in (pair for way in rule.ways for pair in way.items()):
                name, relation = condition.split()
                for sign in names.get(name, ()):
                    stated = relation if sign > 0 else _MIRRORED[relation]
                    outcomes[edge * sign, stated][prefix + readable(rule.gives)] = None
    pairs = sorted(outcomes.items(), reverse=True)
    return tuple(Edge(value, relation, tuple(gives)) for (value, relation), gives in pairs)
