"""Reads YAML of users and other programs with limits on its size and depth.

A few hundred bytes of YAML can stand for billions of values by repeating an alias, or nest so deep
that a parser runs out of stack. So the events of the text, whose number is bounded by its length,
are checked before any value is constructed.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import yaml

#: The C loader reads 1,565 entries in a tenth of the time; wheels of PyYAML carry it.
Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Dumper: type[yaml.SafeDumper] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_ON_ONE_LINE: dict[str, Any] = {
    "default_flow_style": True,
    "allow_unicode": True,
    "sort_keys": False,
    "width": 2**30,
}

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
    """The document in ``text``, UTF-8 where it is bytes; None where there is none."""
    return load_yaml_nodes(text)[1]


def load_yaml_nodes(text: str | bytes) -> tuple[yaml.Node | None, Any]:
    """The YAML nodes of ``text``, which know their lines, and the document; or YamlTextError."""
    if len(text) > MOST_CHARACTERS:
        raise YamlTextError(f"it has {len(text):,} characters, more than {MOST_CHARACTERS:,}")
    _require_bounds(text)
    loader = Loader(text)
    try:
        root = loader.get_single_node()
        return root, None if root is None else loader.construct_document(root)
    except _CONSTRUCTION_ERRORS as error:
        raise YamlTextError(_reason(error)) from error
    finally:
        loader.dispose()


def flow_text(value: Any) -> str:
    """A value on one line, in quotes wherever a YAML reader could take it for something else."""
    listed: str = yaml.dump([value], Dumper=_Dumper, **_ON_ONE_LINE)
    return listed.strip()[1:-1]


#: From where to where in a text, and what takes its place.
TextEdit = tuple[int, int, str]


def applied(text: str, edits: Iterable[TextEdit]) -> str:
    """The text after edits that do not overlap."""
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def mapping_edits(
    text: str, node: yaml.MappingNode, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[TextEdit]:
    """The edits that turn the values ``before`` of a mapping in ``text`` into those ``after``.

    All else of the text stays, comments too; mappings within are edited in the same way.
    """
    places = {key.value: place for place, (key, _value) in enumerate(node.value)}
    for name in (before.keys() - after.keys()) & places.keys():
        yield _removal(text, node, places[name])
    changed = {name: value for name, value in after.items() if before.get(name) != value}
    for name in changed.keys() & places.keys():
        inner, old, new = node.value[places[name]][1], before.get(name), changed[name]
        if isinstance(inner, yaml.MappingNode) and inner.value and old and isinstance(new, dict):
            yield from mapping_edits(text, inner, old, new)
        else:
            yield inner.start_mark.index, end_of(text, inner), flow_text(new)
    separator = ", " if node.flow_style else f"\n{' ' * node.value[0][0].start_mark.column}"
    added = "".join(
        f"{separator}{flow_text(name)}: {flow_text(value)}"
        for name, value in changed.items()
        if name not in places
    )
    last = end_of(text, node.value[-1][1])
    if not node.flow_style and not text[:last].endswith("\n"):
        last = _line_end(text, last)
    yield last, last, added


def end_of(text: str, node: yaml.Node) -> int:
    """Where a node ends in its text, without the comments and lines that follow it."""
    # a block ends for YAML where the next thing starts, comments and line ends in between included
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return end_of(text, last[1] if isinstance(last, tuple) else last)
    start: int = node.start_mark.index
    return start + len(text[start : node.end_mark.index].rstrip())


def _removal(text: str, node: yaml.MappingNode, place: int) -> TextEdit:
    key, value = node.value[place]
    start, end = key.start_mark.index, end_of(text, value)
    if place == 0:
        return start, node.value[1][0].start_mark.index, ""
    if node.flow_style:
        return end_of(text, node.value[place - 1][1]), end, ""
    return text.rfind("\n", 0, start), _line_end(text, end), ""


def _line_end(text: str, start: int) -> int:
    end = text.find("\n", start)
    return len(text) if end < 0 else end


def _require_bounds(text: str | bytes) -> None:
    """Counts the values of a text, aliases as the values that they stand for."""
    sizes: dict[str | None, int] = {}  # values at an anchor, `&name`
    unfinished: list[tuple[str | None, int]] = []  # anchors, and the values before each
    values = repeated = 0
    try:
        for event in yaml.parse(text, Loader):
            if isinstance(event, yaml.CollectionEndEvent):
                anchor, before = unfinished.pop()
                sizes[anchor] = values - before
            elif isinstance(event, yaml.AliasEvent):
                if any(anchor == event.anchor for anchor, _ in unfinished):
                    raise YamlTextError(f"*{event.anchor} contains itself{_place(event)}")
                values += sizes.get(event.anchor, 1)
                repeated += sizes.get(event.anchor, 1)
            elif isinstance(event, yaml.CollectionStartEvent):
                unfinished.append((event.anchor, values))
                values += 1
            elif isinstance(event, yaml.ScalarEvent):
                sizes[event.anchor] = 1
                values += 1
            if len(unfinished) > _DEEPEST:
                raise YamlTextError(f"it nests deeper than {_DEEPEST} levels{_place(event)}")
            if repeated > _MOST_REPEATED:
                limit = f"more than {_MOST_REPEATED:,} values{_place(event)}"
                raise YamlTextError(f"its aliases repeat {limit}; write them out")
    except (yaml.YAMLError, UnicodeError) as error:
        raise YamlTextError(_reason(error)) from error


def _place(event: yaml.Event) -> str:
    return "" if event.start_mark is None else f" (line {event.start_mark.line + 1})"


def _reason(error: BaseException) -> str:
    is_clear = isinstance(error, yaml.YAMLError | ValueError)
    return str(error) if is_clear else f"{type(error).__name__}: {error}"
