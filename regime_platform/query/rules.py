"""Classifier rules as values: the comparisons that one bar passed or failed."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

Values = Mapping[str, float]
Alternative = tuple["Comparison", ...]

_OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    ">=": lambda value, edge: value >= edge,
    "<=": lambda value, edge: value <= edge,
    ">": lambda value, edge: value > edge,
    "<": lambda value, edge: value < edge,
}


@dataclass(frozen=True)
class Comparison:
    """One value of a bar compared with a fixed edge."""

    name: str
    value: float
    relation: str  # >=, <=, > or <
    edge: float

    @classmethod
    def of(cls, values: Values, name: str, relation: str, edge: float) -> "Comparison":
        """The comparison of one of ``values``."""
        return cls(name, values[name], relation, edge)

    @property
    def holds(self) -> bool:
        """False also where the value is NaN."""
        return _OPERATORS[self.relation](self.value, self.edge)

    def __str__(self) -> str:
        return f"{self.name} {self.value:.4g} {self.relation} {self.edge:g}"


@dataclass(frozen=True)
class ClassifierRule:
    """An outcome that holds where all comparisons of any alternative hold.

    A rule without alternatives always holds: it is the default at the end of a list.
    """

    outcome: str
    alternatives: tuple[Alternative, ...] = ()
    note: str = ""

    @property
    def fulfilled(self) -> tuple[Alternative, ...]:
        """The alternatives whose comparisons all hold."""
        return tuple(
            alternative
            for alternative in self.alternatives
            if all(comparison.holds for comparison in alternative)
        )

    @property
    def holds(self) -> bool:
        """Whether the outcome follows."""
        return not self.alternatives or bool(self.fulfilled)


def deciding_rule(rules: Iterable[ClassifierRule]) -> ClassifierRule:
    """The first rule that holds."""
    return next(rule for rule in rules if rule.holds)


def evaluated_rules(rules: Sequence[ClassifierRule]) -> tuple[ClassifierRule, ...]:
    """The rules up to and with the one that decides."""
    return tuple(rules[: rules.index(deciding_rule(rules)) + 1])
