"""The universe: every symbol the platform follows, parsed and validated as a whole.

The order is part of its meaning: core symbols first, each tier sorted, so that a tier is one
contiguous range of partitions.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from regime_platform.errors import ConfigError, UsageError
from regime_platform.model.instruments import SOURCE_FIELDS, Instrument
from regime_platform.model.timeframes import TIERS

#: The C loader reads 1,565 entries in a tenth of the time; wheels of PyYAML carry it.
_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_COMMON = ("symbol", "name", "asset_class", "tier", "source")


@dataclass(frozen=True)
class Universe:
    """Instruments in partition order."""

    instruments: tuple[Instrument, ...]

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for instrument in self.instruments:
            if instrument.symbol in seen:
                raise ConfigError(
                    f"symbol {instrument.symbol} stands twice in the universe; remove one of them"
                )
            seen.add(instrument.symbol)
        rank = {tier: position for position, tier in enumerate(TIERS)}
        ordered = sorted(self.instruments, key=lambda one: (rank[one.tier], one.symbol))
        object.__setattr__(self, "instruments", tuple(ordered))

    @property
    def symbols(self) -> tuple[str, ...]:
        """All symbols in partition order."""
        return tuple(instrument.symbol for instrument in self.instruments)

    def tier(self, tier: str) -> tuple[Instrument, ...]:
        """The instruments of one tier."""
        if tier not in TIERS:
            raise UsageError(f"unknown tier {tier!r}; expected one of {', '.join(TIERS)}")
        return tuple(one for one in self.instruments if one.tier == tier)

    def select(self, symbols: Iterable[str]) -> tuple[Instrument, ...]:
        """The named instruments in partition order, each once; case does not matter.

        Raises:
            UsageError: a symbol is not in the universe.
        """
        wanted = {symbol.strip().upper() for symbol in symbols}
        unknown = sorted(wanted - set(self.symbols))
        if unknown:
            raise UsageError(
                f"not in the universe: {', '.join(unknown)}; "
                "add them to universe.yaml or check the spelling"
            )
        return tuple(one for one in self.instruments if one.symbol in wanted)

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
        ConfigError: naming the file, the entry's line and the remedy.
    """
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
        _refuse_repeated_keys(root, origin)
        document: Any = None if root is None else loader.construct_document(root)
    except yaml.YAMLError as error:
        raise ConfigError(f"{origin} is not valid YAML: {error}; mend the line named") from error
    finally:
        loader.dispose()
    if not isinstance(document, Mapping) or not isinstance(document.get("instruments"), list):
        raise ConfigError(
            f"{origin} line 1: expected a mapping with a list under 'instruments'; "
            "see data/universe.yaml for the form"
        )
    if not document["instruments"]:
        raise ConfigError(f"{origin}: 'instruments' is empty; list at least one symbol")
    assert isinstance(root, yaml.MappingNode)  # a mapping is made from nothing else
    lines = _entry_lines(root)
    parsed = [
        _instrument(entry, f"{origin} line {line}")
        for entry, line in zip(document["instruments"], lines, strict=True)
    ]
    _refuse_duplicates(parsed, lines, origin)
    return Universe(tuple(parsed))


def _instrument(entry: Any, where: str) -> Instrument:
    if not isinstance(entry, Mapping):
        raise ConfigError(f"{where}: expected a mapping with {', '.join(_COMMON)}")
    fields = {str(key): _text(str(key), value, where) for key, value in entry.items()}
    missing = [name for name in _COMMON if not fields.get(name)]
    if missing:
        raise ConfigError(f"{where}: {', '.join(missing)} missing; add to this entry")
    known = {name for names in SOURCE_FIELDS.values() for name in names} | set(_COMMON)
    unknown = sorted(set(fields) - known)
    if unknown:
        raise ConfigError(
            f"{where}: unknown field {', '.join(unknown)}; remove it or use one of "
            f"{', '.join(sorted(known))}"
        )
    identity = {name: value for name, value in fields.items() if name not in _COMMON and value}
    try:
        return Instrument(**{name: fields[name] for name in _COMMON}, identity=identity)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from error


def _text(name: str, value: Any, where: str) -> str:
    # YAML reads the tickers ON, NO and Y as truth values and 0700 as an octal number
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ConfigError(f"{where}: {name} was read as {value!r}; put it in quotes")
    return value.strip()


def _refuse_duplicates(parsed: list[Instrument], lines: list[int], origin: str) -> None:
    first: dict[str, int] = {}
    for instrument, line in zip(parsed, lines, strict=True):
        if instrument.symbol in first:
            raise ConfigError(
                f"{origin} line {line}: symbol {instrument.symbol} stands twice, first on line "
                f"{first[instrument.symbol]}; remove one of them"
            )
        first[instrument.symbol] = line


def _refuse_repeated_keys(node: yaml.Node | None, origin: str) -> None:
    # YAML keeps the last of two equal keys without a word
    if isinstance(node, yaml.SequenceNode):
        for entry in node.value:
            _refuse_repeated_keys(entry, origin)
    if not isinstance(node, yaml.MappingNode):
        return
    seen: set[str] = set()
    for key, value in node.value:
        if str(key.value) in seen:
            line = key.start_mark.line + 1
            raise ConfigError(f"{origin} line {line}: {key.value} stands twice; remove one of them")
        seen.add(str(key.value))
        _refuse_repeated_keys(value, origin)


def _entry_lines(root: yaml.MappingNode) -> list[int]:
    entries = next(value for key, value in root.value if key.value == "instruments")
    return [node.start_mark.line + 1 for node in entries.value]
