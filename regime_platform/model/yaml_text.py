"""Reads YAML of users and other programs with limits on its size and depth.

A few hundred bytes of YAML can stand for billions of values by repeating an alias, or nest so deep
that a parser runs out of stack. So the events of the text, whose number is bounded by its length,
are checked before any value is constructed.
"""

from dataclasses import dataclass, field
from typing import Any

import yaml

#: The C loader reads 1,565 entries in a tenth of the time; wheels of PyYAML carry it.
Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

MOST_CHARACTERS = 64 * 1024 * 1024  # a universe of 1,565 symbols has a quarter of a million
_DEEPEST = 40  # levels of lists and mappings; documents of this platform have six
_MOST_REPEATED = 10_000  # values that come from aliases, `*name`

#: What PyYAML raises on values that it cannot construct: a KeyError on !!bool x, a ValueError on
#: 2022-13-45.
_CONSTRUCTION_ERRORS = (
    yaml.YAMLError,
    AttributeError,
    KeyError,
    OverflowError,
    RecursionError,
    TypeError,
    ValueError,
)


class YamlTextError(ValueError):
    """A text is no YAML, or exceeds the limits."""


def load_yaml(text: str | bytes) -> Any:
    """The document in ``text``, UTF-8 where it is bytes; None where there is none.

    Raises:
        YamlTextError: it is no YAML, or exceeds the limits; names the line and the reason.
    """
    return load_yaml_nodes(text)[1]


def load_yaml_nodes(text: str | bytes) -> tuple[yaml.Node | None, Any]:
    """The same after its YAML nodes, which know their lines.

    Raises:
        YamlTextError: see ``load_yaml``.
    """
    _require_bounds(text)
    loader = Loader(text)
    try:
        root = loader.get_single_node()
        return root, None if root is None else loader.construct_document(root)
    except _CONSTRUCTION_ERRORS as error:
        raise YamlTextError(_reason(error)) from error
    finally:
        loader.dispose()


@dataclass
class _Counter:
    """Counts the values of a document, aliases as the values that they stand for."""

    sizes: dict[str, int] = field(default_factory=dict)  # values at an anchor, `&name`
    unfinished: list[tuple[str | None, int]] = field(default_factory=list)  # values before it
    values: int = 0
    repeated: int = 0

    def add(self, event: yaml.Event) -> None:
        """Counts the next event of the text."""
        if isinstance(event, yaml.AliasEvent):
            self._repeat(event)
        elif isinstance(event, yaml.ScalarEvent):
            self.values += 1
            self.sizes |= {event.anchor: 1} if event.anchor else {}
        elif isinstance(event, yaml.CollectionStartEvent):
            self.unfinished.append((event.anchor, self.values))
            self.values += 1
            if len(self.unfinished) > _DEEPEST:
                raise YamlTextError(f"it nests deeper than {_DEEPEST} levels{_place(event)}")
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = self.unfinished.pop()
            self.sizes |= {anchor: self.values - before} if anchor else {}

    def _repeat(self, event: yaml.AliasEvent) -> None:
        if any(anchor == event.anchor for anchor, _ in self.unfinished):
            raise YamlTextError(f"*{event.anchor} contains itself{_place(event)}")
        size = self.sizes.get(event.anchor or "", 1)
        self.values += size
        self.repeated += size
        if self.repeated > _MOST_REPEATED:
            limit = f"more than {_MOST_REPEATED:,} values"
            raise YamlTextError(f"its aliases repeat {limit}{_place(event)}; write them out")


def _require_bounds(text: str | bytes) -> None:
    if len(text) > MOST_CHARACTERS:
        raise YamlTextError(f"it has {len(text):,} characters, more than {MOST_CHARACTERS:,}")
    counter = _Counter()
    try:
        for event in yaml.parse(text, Loader):
            counter.add(event)
    except (yaml.YAMLError, UnicodeError) as error:
        raise YamlTextError(_reason(error)) from error


def _place(event: yaml.Event) -> str:
    return "" if event.start_mark is None else f" (line {event.start_mark.line + 1})"


def _reason(error: BaseException) -> str:
    is_clear = isinstance(error, yaml.YAMLError | ValueError)
    return str(error) if is_clear else f"{type(error).__name__}: {error}"
