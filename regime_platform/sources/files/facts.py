"""What was understood of a file, and why; and the error where several meanings are possible."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from regime_platform.errors import BarsError

MOST_SHOWN = 8  # choices
#: Facts that an option of the command states, and no key of mapping.yaml.
OPTIONS = ("symbol", "timeframe", "class", "calendar")
STATED = "mapping.yaml"  # evidence of what a key states


@dataclass(frozen=True)
class Fact:
    """One thing that was understood of a file."""

    key: str  # of mapping.yaml that states it
    value: str
    evidence: str
    #: Values of the key, as mapping.yaml has them; with two or more nothing is chosen.
    choices: tuple[str, ...] = ()
    further: str = ""  # what else it may be, where ``choices`` are only the most frequent ones

    @property
    def is_certain(self) -> bool:
        """Whether nothing has to be asked."""
        return not self.choices


class AmbiguousReadingError(BarsError, code="ambiguous-file-reading"):
    """A file can be read in several ways, and a key decides."""

    def __init__(self, path: Path, fact: Fact, facts: Sequence[Fact] = ()) -> None:
        """Names the file, the key, its choices and where it is stated."""
        first = fact.choices[0]
        key = f"`{fact.key}`" if fact.further else f"as `{fact.key}: {first}`"
        setting = f"{fact.key}={'NAME' if fact.further else first}"
        possible = either((*fact.choices, *filter(None, [fact.further])))
        super().__init__(
            f"{path}: {fact.key} is unclear ({fact.evidence}): {possible}; state the true one in "
            f"mapping.yaml, {key}, or add the file with `--set {quote(setting)}`"
        )
        self.fact = fact
        self.facts = tuple(facts)  # all that is known by then


def either(texts: Sequence[str]) -> str:
    """``a or b or c``, and how many more there are."""
    more = len(texts) - MOST_SHOWN
    shown = texts if more < 2 else (*texts[:MOST_SHOWN], f"one of {more} more")
    return " or ".join(shown)


def remedy(fact: Fact) -> str:
    """The option that states a fact, with its choices."""
    if fact.key in OPTIONS:
        return f"give --{fact.key} {either(fact.choices)}"
    settings = [quote(f"{fact.key}={choice}") for choice in fact.choices]
    further = [f"with {fact.further}"] if fact.further else []
    return f"give {either([*(f'--set {setting}' for setting in settings), *further])}"


def require_certain(path: Path, *facts: Fact) -> None:
    """Raises ``AmbiguousReadingError`` for the first of ``facts`` that has choices."""
    for fact in facts:
        if not fact.is_certain:
            raise AmbiguousReadingError(path, fact, facts)
