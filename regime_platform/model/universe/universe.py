"""The universe: every symbol the platform follows, parsed and validated as a whole.

The order is part of its meaning: core symbols first, each tier sorted, so that a tier is one
contiguous range of partitions. What an entry may say is told in ``model.universe.entry``.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import yaml

from regime_platform.errors import ConfigError, UsageError
from regime_platform.model.instruments import Instrument
from regime_platform.model.timeframes import TIERS
from regime_platform.model.universe.entry import parse_entry
from regime_platform.model.yaml_text import YamlTextError, load_yaml_nodes


@dataclass(frozen=True)
class Universe:
    """Instruments in partition order.

    Raises:
        ConfigError: two of them share a symbol, or one bears the former symbol of another.
    """

    instruments: tuple[Instrument, ...]

    def __post_init__(self) -> None:
        for _place, problem in _clashes(self.instruments):
            raise ConfigError(problem)
        rank = {tier: position for position, tier in enumerate(TIERS)}
        ordered = sorted(
            self.instruments, key=lambda instrument: (rank[instrument.tier], instrument.symbol)
        )
        object.__setattr__(self, "instruments", tuple(ordered))

    @property
    def symbols(self) -> tuple[str, ...]:
        """All symbols in partition order."""
        return tuple(instrument.symbol for instrument in self.instruments)

    @property
    def renamed(self) -> Mapping[str, str]:
        """Former symbol -> the symbol of the same instrument now."""
        return {
            name: instrument.symbol
            for instrument in self.instruments
            for name in instrument.formerly
        }

    @property
    def polled(self) -> tuple[Instrument, ...]:
        """The instruments whose source is asked for news: all but the delisted ones."""
        return tuple(instrument for instrument in self.instruments if instrument.is_polled)

    def tier(self, tier: str) -> tuple[Instrument, ...]:
        """The instruments of one tier."""
        if tier not in TIERS:
            raise UsageError(f"unknown tier {tier!r}; expected one of {', '.join(TIERS)}")
        return tuple(instrument for instrument in self.instruments if instrument.tier == tier)

    def select(self, symbols: Iterable[str]) -> tuple[Instrument, ...]:
        """The named instruments in partition order, each once; case does not matter.

        Raises:
            UsageError: a symbol is not in the universe, or is one that an instrument had before.
        """
        wanted = {symbol.strip().upper() for symbol in symbols}
        found = tuple(instrument for instrument in self.instruments if instrument.symbol in wanted)
        unknown = wanted - {one.symbol for one in found}
        if unknown:
            raise UsageError(_unknown(sorted(unknown), self.renamed))
        return found

    def instrument(self, symbol: str) -> Instrument:
        """One instrument.

        Raises:
            UsageError: the symbol is not in the universe.
        """
        return self.select([symbol])[0]


def parse_universe(text: str, origin: str) -> Universe:
    """Reads universe.yaml: a mapping with one key ``instruments``, a list of entries.

    Args:
        text: the YAML text.
        origin: the file's name, for error messages.

    Raises:
        ConfigError: naming the file, the first bad entry's line and the remedy, and how many more
            are bad; ``universe_problems`` tells them all.
    """
    problems = universe_problems(text, origin)
    if problems:
        more = len(problems) - 1
        also = f" (and {more} more; `regime universe check` tells them)" if more else ""
        raise ConfigError(problems[0] + also)
    return Universe(_read(text)[0])


def universe_problems(text: str, origin: str) -> list[str]:
    """Everything that keeps a universe from being read, one sentence each; empty where it can be.

    Raises:
        ConfigError: the text is no YAML, or has no list of entries to look at.
    """
    try:
        _instruments, problems = _read(text)
    except ConfigError as error:
        raise ConfigError(f"{origin}{error}") from error
    return [f"{origin} line {line}: {problem}" for line, problem in problems]


def load_document(text: str) -> tuple[yaml.MappingNode, list[Any]]:
    """The tree of a universe file, with the places of everything in it, and its entries.

    Raises:
        ConfigError: it is no YAML, repeats a key, or has no list of entries; the message goes on
            where the name of the file ends.
    """
    try:
        root, document = load_yaml_nodes(text)
    except YamlTextError as error:
        raise ConfigError(f" is not valid YAML: {error}; mend the line named") from error
    _refuse_repeated_keys(root)
    if not isinstance(document, Mapping) or not isinstance(document.get("instruments"), list):
        raise ConfigError(
            " line 1: expected a mapping with a list under 'instruments'; "
            "see data/universe.yaml for the form"
        )
    if not document["instruments"]:
        raise ConfigError(": 'instruments' is empty; list at least one symbol")
    assert isinstance(root, yaml.MappingNode)  # a mapping is made from nothing else
    for key, _value in root.value:
        if key.value != "instruments":
            line = key.start_mark.line + 1
            raise ConfigError(f" line {line}: unknown key {key.value}; remove it")
    return root, document["instruments"]


def entry_nodes(root: yaml.MappingNode) -> list[yaml.Node]:
    """The entries as nodes, in the order of the file."""
    entries = next(value for key, value in root.value if key.value == "instruments")
    return list(entries.value)


@lru_cache(maxsize=4)  # a third of a second for 1,565 entries, and an edit reads them often
def _read(text: str) -> tuple[tuple[Instrument, ...], tuple[tuple[int, str], ...]]:
    """The entries that can be used, and the lines and problems of those that cannot."""
    root, entries = load_document(text)
    lines = [node.start_mark.line + 1 for node in entry_nodes(root)]
    parsed: list[Instrument] = []
    kept: list[int] = []
    problems: list[tuple[int, str]] = []
    for entry, line in zip(entries, lines, strict=True):
        try:
            parsed.append(parse_entry(entry))
            kept.append(line)
        except ConfigError as error:
            problems.append((line, str(error)))
    problems += [(kept[place], problem) for place, problem in _clashes(parsed, kept)]
    return tuple(parsed), tuple(sorted(problems))


def _clashes(
    instruments: Sequence[Instrument], lines: Sequence[int] = ()
) -> Iterator[tuple[int, str]]:
    """The places of instruments whose symbol another one bears or bore, and what to do."""
    first: dict[str, int] = {}
    for place, one in enumerate(instruments):
        if one.symbol in first:
            where = f", first on line {lines[first[one.symbol]]}" if lines else " in the universe"
            yield place, f"symbol {one.symbol} stands twice{where}; remove one of them"
        first.setdefault(one.symbol, place)
    bore: dict[str, str] = {}
    for place, one in enumerate(instruments):
        for name in one.formerly:
            other = one.symbol if name in first else bore.get(name)
            bore.setdefault(name, one.symbol)
            if other is not None:
                yield (
                    place,
                    (
                        f"{name} cannot be a former symbol of {one.symbol}: it is in use or stands "
                        "twice; give the newer instrument another symbol (its provider_symbol may "
                        "stay) or remove it from formerly"
                    ),
                )


def _unknown(names: Sequence[str], renamed: Mapping[str, str]) -> str:
    moved = [f"{name} was renamed to {renamed[name]}" for name in names if name in renamed]
    strange = [name for name in names if name not in renamed]
    told = [f"{', '.join(moved)}; ask for the new name"] if moved else []
    if strange:
        told.append(
            f"not in the universe: {', '.join(strange)}; "
            "add them with `regime universe add` (kept in universe.yaml) or check the spelling"
        )
    return "; ".join(told)


def _refuse_repeated_keys(node: yaml.Node | None) -> None:
    # YAML keeps the last of two equal keys without a word
    if isinstance(node, yaml.SequenceNode):
        for entry in node.value:
            _refuse_repeated_keys(entry)
    if not isinstance(node, yaml.MappingNode):
        return
    seen: set[str] = set()
    for key, value in node.value:
        if str(key.value) in seen:
            line = key.start_mark.line + 1
            raise ConfigError(f" line {line}: {key.value} stands twice; remove one of them")
        seen.add(str(key.value))
        _refuse_repeated_keys(value)
