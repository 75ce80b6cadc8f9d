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
from regime_platform.model.yaml_text import TextEdit, applied, end_of, flow_text, mapping_edits

_HEAD = "# The tracked instruments; `regime universe --help` shows how to change them.\n"


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
    edits: list[TextEdit] = []
    for symbol in changes.keys() & before.keys():
        if symbol in nodes:
            edits += _edits(text, nodes[symbol], before[symbol], changes[symbol])
    added = [entry for symbol, entry in changes.items() if entry and symbol not in before]
    if added:
        start, end = _lines(text, [*nodes.values()][-1])
        dash = text.index("-", start)
        lines = "".join(f"{text[start:dash]}- {entry_text(entry)}\n" for entry in added)
        edits.append((end, end, lines if text[end - 1] == "\n" else f"\n{lines}"))
    return _checked(applied(text, edits), [entry for entry in after.values() if entry])


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
) -> Iterator[TextEdit]:
    start, end = _lines(text, node)
    if new is None:
        yield start, end, ""
        return
    before, after = old.model_dump(mode="json"), new.model_dump(mode="json")
    yield from mapping_edits(text, node, before, after)


def _lines(text: str, node: yaml.MappingNode) -> tuple[int, int]:
    """From the start of the line with the dash of an entry to the end of its last line."""
    dash = text.rindex("-", 0, node.start_mark.index)
    return text.rfind("\n", 0, dash) + 1, text.find("\n", end_of(text, node)) + 1 or len(text)
