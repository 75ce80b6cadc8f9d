"""Changes the text of a universe file in place, so that comments and order stay.

Every new text is parsed before it is returned and must mean exactly the wanted
universe. ``operations.universe_file`` writes it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

import yaml

from regime_platform.errors import ConfigError
from regime_platform.model.instruments import Instrument
from regime_platform.model.universe.entry import entry_text, value_text
from regime_platform.model.universe.universe import (
    Universe,
    entry_nodes,
    load_document,
    parse_universe,
)

_HEAD = "# The tracked instruments; `regime universe --help` shows how to change them.\n"
_EDITED = "the edited universe"
_LINE = re.compile(r"[^\n]*\n|[^\n]+")


def with_added(text: str, added: Sequence[Instrument]) -> str:
    """The text with new entries after the last one.

    Raises:
        ConfigError: the universe would be invalid, for example with a symbol twice.
    """
    if not added:
        return text
    before = parse_universe(text, "the universe")
    wanted = Universe((*before.instruments, *added))
    last = _entries(text)[-1]
    lines = _LINE.findall(text)
    lines[-1] = _ended(lines[-1])
    margin = " " * last.column
    new = [f"{margin}- {entry_text(instrument)}\n" for instrument in added]
    return _checked("".join([*lines[: last.end], *new, *lines[last.end :]]), wanted)


def with_entries(entries: Sequence[Instrument]) -> str:
    """A new text with these entries.

    Raises:
        ConfigError: there is none, or the universe would be invalid.
    """
    if not entries:
        raise ConfigError(
            "a universe needs at least one symbol; none would be left", code="universe-empty"
        )
    listed = "".join(f"  - {entry_text(entry)}\n" for entry in entries)
    return _checked(f"{_HEAD}instruments:\n{listed}", Universe(tuple(entries)))


def with_removed(text: str, symbols: Iterable[str]) -> str:
    """The text without the entries of ``symbols``.

    Raises:
        ConfigError: none would be left.
    """
    gone = set(symbols)
    before = parse_universe(text, "the universe")
    kept = tuple(instrument for instrument in before.instruments if instrument.symbol not in gone)
    if not kept:
        raise ConfigError(
            "a universe needs at least one symbol; add another before removing these",
            code="universe-empty",
        )
    lines = _LINE.findall(text)
    for entry in reversed(_entries(text)):
        if entry.symbol in gone:
            del lines[entry.start : entry.end]
    return _checked("".join(lines), Universe(kept))


def with_changed(text: str, symbol: str, changed: Instrument) -> str:
    """The text with ``changed`` as the entry of ``symbol``.

    Fields that stay are left as they are written; where a field goes, the whole entry is written
    again on one line.

    Raises:
        ConfigError: the universe would be invalid.
    """
    before = parse_universe(text, "the universe")
    others = (instrument for instrument in before.instruments if instrument.symbol != symbol)
    wanted = Universe((*others, changed))
    entry = next(entry for entry in _entries(text) if entry.symbol == symbol)
    old, now = before.instrument(symbol).model_dump(mode="json"), changed.model_dump(mode="json")
    if set(old) <= set(now):
        new = _with_fields(text, entry.node, {k: v for k, v in now.items() if old.get(k) != v})
    else:
        lines = _LINE.findall(text)
        lines[entry.start : entry.end] = [f"{' ' * entry.column}- {entry_text(changed)}\n"]
        new = "".join(lines)
    return _checked(new, wanted)


class _Entry:
    """Where an entry stands: lines ``start`` to ``end`` (outside), the dash at ``column``."""

    def __init__(self, text: str, node: yaml.MappingNode) -> None:
        self.node = node
        self.symbol = next(v.value for k, v in node.value if k.value == "symbol").strip()
        begin = _index(node.start_mark)
        dash = text.rindex("-", 0, begin)
        self.start = node.start_mark.line - text.count("\n", dash, begin)
        self.column = dash - (text.rfind("\n", 0, dash) + 1)
        self.end = _end(node).line + 1


def _entries(text: str) -> list[_Entry]:
    """The entries of a file that writes each on lines of its own.

    Raises:
        ConfigError: it does not, so that lines cannot be changed one by one.
    """
    root, _ = load_document(text)
    if any(v.flow_style for k, v in root.value if k.value == "instruments"):
        raise ConfigError(
            "the universe lists its instruments within [ ]; write each on a line of its own "
            "that starts with a dash, then it can be edited by command",
            code="universe-not-editable",
        )
    nodes = [node for node in entry_nodes(root) if isinstance(node, yaml.MappingNode)]
    return sorted((_Entry(text, node) for node in nodes), key=lambda entry: entry.start)


def _end(node: yaml.Node) -> yaml.Mark:
    # a block mapping ends for YAML where the next thing starts, comments in between included
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last)
    mark: yaml.Mark = node.end_mark
    return mark


def _index(mark: yaml.Mark) -> int:
    place: int = mark.index
    return place


def _with_fields(text: str, node: yaml.MappingNode, values: Mapping[str, object]) -> str:
    places = {key.value: value for key, value in node.value}
    edits: list[tuple[int, int, str]] = []
    new = {name: value for name, value in values.items() if name not in places}
    for name, value in values.items():
        if name in places:
            old = places[name]
            edits.append((_index(old.start_mark), _index(_end(old)), value_text(value)))
    if new and node.flow_style:
        last = _index(_end(node.value[-1][1]))
        added = "".join(f", {name}: {value_text(value)}" for name, value in new.items())
        edits.append((last, last, added))
    elif new:
        last = text.find("\n", _index(_end(node)))
        last = len(text) if last < 0 else last
        margin = " " * node.start_mark.column
        added = "".join(f"\n{margin}{name}: {value_text(value)}" for name, value in new.items())
        edits.append((last, last, added))
    for start, end, value in sorted(edits, reverse=True):
        text = text[:start] + value + text[end:]
    return text


def _ended(line: str) -> str:
    return line if line.endswith("\n") else line + "\n"


def _checked(text: str, wanted: Universe) -> str:
    try:
        is_right = parse_universe(text, _EDITED) == wanted
    except ConfigError:
        is_right = False
    if not is_right:
        raise ConfigError(
            "the universe is written in a way that a command cannot edit safely; "
            "change it by hand and run `regime universe check`",
            code="universe-not-editable",
        )
    return text
