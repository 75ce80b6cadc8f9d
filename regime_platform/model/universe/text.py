"""Edits the text of a universe file in place: every line that an edit is not about stays.

The new text is parsed before it is returned and must mean exactly the wanted universe.
"""

from collections.abc import Iterator, Mapping, Sequence

import yaml

from regime_platform.errors import ConfigError
from regime_platform.model.instruments import Instrument
from regime_platform.model.universe.universe import (
    Universe,
    entry_nodes,
    load_document,
    parse_universe,
)
from regime_platform.model.yaml_text import flow_text

_HEAD = "# The tracked instruments; `regime universe --help` shows how to change them.\n"
_Edit = tuple[int, int, str]  # from where to where in the text, and what takes its place


def entry_text(entry: Instrument) -> str:
    """An entry as one line of YAML, without the dash before it."""
    return flow_text(entry.model_dump(mode="json"))


def universe_text(entries: Sequence[Instrument]) -> str:
    """A new text with these entries; ConfigError where there is none, or they clash."""
    listed = "".join(f"  - {entry_text(entry)}\n" for entry in entries)
    return _checked(f"{_HEAD}instruments:\n{listed}", entries)


def edited(text: str, changes: Mapping[str, Instrument | None]) -> str:
    """The text after symbols got another entry, or none; new symbols come after the last entry.

    ConfigError where none would be left, the universe would be invalid, or the text is written in
    a form that cannot be edited safely.
    """
    if "\r\n" in text and text.count("\n") == text.count("\r\n"):
        return edited(text.replace("\r\n", "\n"), changes).replace("\n", "\r\n")
    before = {entry.symbol: entry for entry in parse_universe(text, "the universe").instruments}
    after = {**before, **changes}
    nodes = {_symbol(node): node for node in _editable_nodes(text)}
    edits: list[_Edit] = []
    for symbol in changes.keys() & before.keys():
        if symbol in nodes:
            edits += _edits(text, nodes[symbol], before[symbol], changes[symbol])
    added = [entry for symbol, entry in changes.items() if entry and symbol not in before]
    if added:
        start, end = _lines(text, [*nodes.values()][-1])
        dash = text.index("-", start)
        lines = "".join(f"{text[start:dash]}- {entry_text(entry)}\n" for entry in added)
        edits.append((end, end, lines if text[end - 1] == "\n" else f"\n{lines}"))
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return _checked(text, [entry for entry in after.values() if entry])


def _checked(text: str, entries: Sequence[Instrument]) -> str:
    if not entries:
        raise ConfigError(
            "a universe needs at least one symbol; add another before removing these",
            code="universe-empty",
        )
    wanted = Universe(tuple(entries))
    try:
        is_right = parse_universe(text, "the edited universe") == wanted
    except ConfigError:
        is_right = False
    if not is_right:
        raise ConfigError(
            "the universe is written in a way that a command cannot edit safely; "
            "change it by hand and run `regime universe check`",
            code="universe-not-editable",
        )
    return text


def _editable_nodes(text: str) -> Iterator[yaml.MappingNode]:
    """The entries of a file that writes each on lines of its own."""
    root, _ = load_document(text)
    if any(value.flow_style for key, value in root.value if key.value == "instruments"):
        raise ConfigError(
            "the universe lists its instruments within [ ]; write each on a line of its own "
            "that starts with a dash, then it can be edited by command",
            code="universe-not-editable",
        )
    return (node for node in entry_nodes(root) if isinstance(node, yaml.MappingNode))


def _symbol(node: yaml.MappingNode) -> str:
    return next((value.value.strip() for key, value in node.value if key.value == "symbol"), "")


def _edits(
    text: str, node: yaml.MappingNode, old: Instrument, new: Instrument | None
) -> Iterator[_Edit]:
    start, end = _lines(text, node)
    if new is None:
        yield start, end, ""
        return
    before, after = old.model_dump(mode="json"), new.model_dump(mode="json")
    places = {key.value: place for place, (key, _value) in enumerate(node.value)}
    for name in (before.keys() - after.keys()) & places.keys():
        yield _removal(text, node, places[name])
    changed = {name: flow_text(value) for name, value in after.items() if before.get(name) != value}
    for name in changed.keys() & places.keys():
        value = node.value[places[name]][1]
        yield value.start_mark.index, _end(text, value), changed[name]
    separator = ", " if node.flow_style else f"\n{' ' * node.start_mark.column}"
    added = "".join(
        f"{separator}{name}: {value}" for name, value in changed.items() if name not in places
    )
    last = _end(text, node.value[-1][1]) if node.flow_style else end - text[:end].endswith("\n")
    yield last, last, added


def _removal(text: str, node: yaml.MappingNode, place: int) -> _Edit:
    key, value = node.value[place]
    start, end = key.start_mark.index, _end(text, value)
    if place == 0:
        return start, node.value[1][0].start_mark.index, ""
    if node.flow_style:
        return _end(text, node.value[place - 1][1]), end, ""
    line_end = text.find("\n", end)
    return text.rfind("\n", 0, start), len(text) if line_end < 0 else line_end, ""


def _lines(text: str, node: yaml.MappingNode) -> tuple[int, int]:
    """From the start of the line with the dash of an entry to the end of its last line."""
    dash = text.rindex("-", 0, node.start_mark.index)
    return text.rfind("\n", 0, dash) + 1, text.find("\n", _end(text, node)) + 1 or len(text)


def _end(text: str, node: yaml.Node) -> int:
    # a block ends for YAML where the next thing starts, comments and line ends in between included
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(text, last[1] if isinstance(last, tuple) else last)
    start: int = node.start_mark.index
    return start + len(text[start : node.end_mark.index].rstrip())
