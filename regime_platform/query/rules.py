"""Rules as values: what is compared with what, and whether it holds; who asks can read them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

Values = Mapping[str, float]
Way = tuple["Condition", ...]

_HOLDS: Mapping[str, Callable[[float, float], bool]] = {
    ">=": lambda value, edge: value >= edge,
    "<=": lambda value, edge: value <= edge,
    ">": lambda value, edge: value > edge,
    "<": lambda value, edge: value < edge,
}


@dataclass(frozen=True)
class Condition:
    """One comparison."""

    name: str
    value: float
    relation: str
    edge: float

    @classmethod
    def of(cls, values: Values, name: str, relation: str, edge: float) -> "Condition":
        """The comparison of one of ``values``."""
        return cls(name, values[name], relation, edge)

    @property
    def holds(self) -> bool:
        """False also where the value is NaN."""
        return _HOLDS[self.relation](self.value, self.edge)

    def __str__(self) -> str:
        return f"{self.name} {self.value:.4g} {self.relation} {self.edge:g}"


@dataclass(frozen=True)
class Rule:
    """What follows where any of the ways holds; a way holds where all of its conditions do.

    A rule without ways is what is left where no other one held.
    """

    gives: str
    ways: tuple[Way, ...] = ()
    note: str = ""

    @property
    def held(self) -> tuple[Way, ...]:
        """The ways that hold."""
        return tuple(way for way in self.ways if all(one.holds for one in way))

    @property
    def holds(self) -> bool:
        """Whether its consequence may be drawn."""
        return not self.ways or bool(self.held)

    def facts(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "gives": self.gives,
            "holds": self.holds,
            "note": self.note,
            "ways": [[{**asdict(one), "holds": one.holds} for one in way] for way in self.ways],
        }


def first_that_holds(rules: Iterable[Rule]) -> Rule:
    """The rule that decides: they are asked in order."""
    return next(rule for rule in rules if rule.holds)


def asked(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """The rules up to the one that decides."""
    decides = first_that_holds(rules)
    return tuple(rules[: rules.index(decides) + 1])
