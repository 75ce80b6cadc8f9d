"""The universe: every tracked instrument, parsed and validated as a whole.

The order is part of its meaning: core symbols first, each tier sorted, so that a tier is one
contiguous range of partitions. The fields of an entry are those of ``model.instruments``.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

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
        for clash in _clashes(self.instruments):
            raise ConfigError(clash.message, code=clash.code)
        tiers = list(TIERS)
        ordered = sorted(
            self.instruments,
            key=lambda instrument: (tiers.index(instrument.tier), instrument.symbol),
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
            former: instrument.symbol
            for instrument in self.instruments
            for former in instrument.formerly
        }

    @property
    def polled(self) -> tuple[Instrument, ...]:
        """The instruments that are fetched: all but the delisted ones."""
        return tuple(instrument for instrument in self.instruments if instrument.is_polled)

    def tier(self, tier: str) -> tuple[Instrument, ...]:
        """The instruments of one tier."""
        if tier not in TIERS:
            raise UsageError(
                f"unknown tier {tier!r}; expected one of {', '.join(TIERS)}", code="unknown-tier"
            )
        return tuple(instrument for instrument in self.instruments if instrument.tier == tier)

    def select(self, symbols: Iterable[str]) -> tuple[Instrument, ...]:
        """The named instruments in partition order, each once; case does not matter.

        Raises:
            UsageError: a symbol is not in the universe, or is one that an instrument had before.
        """
        wanted = {symbol.strip().upper() for symbol in symbols}
        matches = tuple(
            instrument for instrument in self.instruments if instrument.symbol in wanted
        )
        unknown = wanted - {instrument.symbol for instrument in matches}
        if unknown:
            raise UsageError(_unknown(sorted(unknown), self.renamed), code="unknown-symbol")
        return matches

    def instrument(self, symbol: str) -> Instrument:
        """One instrument.

        Raises:
            UsageError: the symbol is not in the universe.
        """
        return self.select([symbol])[0]


class UniverseFinding(NamedTuple):
    """A fault of a universe file."""

    where: str  # file and line
    code: str  # of the error that it would raise alone
    message: str  # the fault and the remedy

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


def parse_universe(text: str, origin: str) -> Universe:
    """Reads universe.yaml: a mapping with one key ``instruments``, a list of entries.

    Args:
        text: the YAML text.
        origin: the file's name, for error messages.

    Raises:
        ConfigError: naming the file, the first bad entry's line and the remedy, and how many more
            are bad; ``universe_findings`` lists all.
    """
    findings = universe_findings(text, origin)
    if findings:
        more = len(findings) - 1
        also = f" (and {more} more; `regime universe check` lists them)" if more else ""
        raise ConfigError(f"{findings[0]}{also}", code=findings[0].code)
    return Universe(_read(text)[0])


def universe_findings(text: str, origin: str) -> list[UniverseFinding]:
    """Everything that keeps a universe from being read, by line.

    Raises:
        ConfigError: the text is no YAML, or has no list of entries.
    """
    try:
        _instruments, faults = _read(text)
    except ConfigError as error:
        raise ConfigError(f"{origin}{error}", code=error.code) from error
    return [
        UniverseFinding(f"{origin} line {fault.line}", fault.code, fault.message)
        for fault in faults
    ]


def load_document(text: str) -> tuple[yaml.MappingNode, list[Any]]:
    """The YAML nodes of a universe file, which know their lines, and its entries as values.

    Raises:
        ConfigError: it is no YAML, repeats a key, or has no list of entries; the message continues
            the name of the file.
    """
    try:
        root, document = load_yaml_nodes(text)
    except YamlTextError as error:
        raise ConfigError(
            f" is not valid YAML: {error}; correct the line named", code="universe-not-yaml"
        ) from error
    _refuse_repeated_keys(root)
    if not isinstance(document, Mapping) or not isinstance(document.get("instruments"), list):
        raise ConfigError(
            " line 1: expected a mapping with a list under 'instruments'; "
            "see data/universe.yaml for the form",
            code="universe-form",
        )
    if not document["instruments"]:
        raise ConfigError(
            ": 'instruments' is empty; list at least one symbol", code="universe-empty"
        )
    assert isinstance(root, yaml.MappingNode)  # a mapping is made from nothing else
    for key, _value in root.value:
        if key.value != "instruments":
            line = key.start_mark.line + 1
            raise ConfigError(
                f" line {line}: unknown key {key.value}; remove it", code="unknown-field"
            )
    return root, document["instruments"]


def entry_nodes(root: yaml.MappingNode) -> list[yaml.Node]:
    """The entries as nodes, in the order of the file."""
    entries = next(value for key, value in root.value if key.value == "instruments")
    return list(entries.value)


class _Fault(NamedTuple):
    """A fault of one entry, or of several together."""

    line: int
    code: str
    message: str


@lru_cache(maxsize=4)  # a third of a second for 1,565 entries, and an edit reads them often
def _read(text: str) -> tuple[tuple[Instrument, ...], tuple[_Fault, ...]]:
    """The entries that can be used, and the faults of the others."""
    root, entries = load_document(text)
    parsed: list[Instrument] = []
    lines: list[int] = []  # of the parsed ones
    faults: list[_Fault] = []
    for entry, node in zip(entries, entry_nodes(root), strict=True):
        line = node.start_mark.line + 1
        try:
            parsed.append(parse_entry(entry))
            lines.append(line)
        except ConfigError as error:
            faults.append(_Fault(line, error.code, str(error)))
    return tuple(parsed), tuple(sorted([*faults, *_clashes(parsed, lines)]))


def _clashes(instruments: Sequence[Instrument], lines: Sequence[int] = ()) -> Iterator[_Fault]:
    """Instruments whose symbol another one has or had, and the remedy; line 0 without ``lines``."""
    places = dict(enumerate(lines))
    first: dict[str, int] = {}
    for place, instrument in enumerate(instruments):
        symbol = instrument.symbol
        if symbol in first:
            where = f", first on line {lines[first[symbol]]}" if lines else " in the universe"
            message = f"symbol {symbol} stands twice{where}; remove one of them"
            yield _Fault(places.get(place, 0), "duplicate-symbol", message)
        first.setdefault(symbol, place)
    owners: dict[str, str] = {}
    for place, instrument in enumerate(instruments):
        for former in instrument.formerly:
            is_taken = former in first or former in owners
            owners.setdefault(former, instrument.symbol)
            if is_taken:
                message = (
                    f"{former} cannot be a former symbol of {instrument.symbol}: it is in use or "
                    "stands twice; give the newer instrument another symbol (its provider_symbol "
                    "may stay) or remove it from formerly"
                )
                yield _Fault(places.get(place, 0), "former-symbol-taken", message)


def _unknown(names: Sequence[str], renamed: Mapping[str, str]) -> str:
    moved = [f"{name} was renamed to {renamed[name]}" for name in names if name in renamed]
    unknown = [name for name in names if name not in renamed]
    messages = [f"{', '.join(moved)}; ask for the new name"] if moved else []
    if unknown:
        messages.append(
            f"not in the universe: {', '.join(unknown)}; "
            "add them with `regime universe add` (kept in universe.yaml) or check the spelling"
        )
    return "; ".join(messages)


def _refuse_repeated_keys(node: yaml.Node | None) -> None:
    # YAML silently keeps the last of two equal keys
    if isinstance(node, yaml.SequenceNode):
        for entry in node.value:
            _refuse_repeated_keys(entry)
    if not isinstance(node, yaml.MappingNode):
        return
    seen: set[str] = set()
    for key, value in node.value:
        if str(key.value) in seen:
            line = key.start_mark.line + 1
            raise ConfigError(
                f" line {line}: {key.value} stands twice; remove one of them",
                code="duplicate-field",
            )
        seen.add(str(key.value))
        _refuse_repeated_keys(value)
