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

_COMMON = ("symbol", "name", "asset_class", "tier", "source")


@dataclass(frozen=True)
class Universe:
    """Instruments in partition order."""

    instruments: tuple[Instrument, ...]

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for instrument in self.instruments:
            if instrument.symbol in seen:
                raise ConfigError(f"symbol {instrument.symbol} stands twice in the universe")
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
        ConfigError: naming the entry and its line.
    """
    try:
        document = yaml.safe_load(text)
        lines = _entry_lines(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{origin} is not valid YAML: {error}") from error
    if not isinstance(document, Mapping) or not isinstance(document.get("instruments"), list):
        raise ConfigError(f"{origin}: expected a mapping with a list under 'instruments'")
    parsed = [
        _instrument(entry, f"{origin} line {line}")
        for entry, line in zip(document["instruments"], lines, strict=True)
    ]
    try:
        return Universe(tuple(parsed))
    except ConfigError as error:
        raise ConfigError(f"{origin}: {error}") from error


def _instrument(entry: Any, where: str) -> Instrument:
    if not isinstance(entry, Mapping):
        raise ConfigError(f"{where}: an entry is a mapping with {', '.join(_COMMON)}")
    fields = {str(key): "" if value is None else str(value) for key, value in entry.items()}
    missing = [name for name in _COMMON if not fields.get(name)]
    if missing:
        raise ConfigError(f"{where}: {', '.join(missing)} missing")
    known = {name for names in SOURCE_FIELDS.values() for name in names} | set(_COMMON)
    unknown = sorted(set(fields) - known)
    if unknown:
        raise ConfigError(f"{where}: unknown field {', '.join(unknown)}")
    identity = {name: value for name, value in fields.items() if name not in _COMMON and value}
    try:
        return Instrument(**{name: fields[name] for name in _COMMON}, identity=identity)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from error


def _entry_lines(text: str) -> list[int]:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        return []
    for key, value in root.value:
        if key.value == "instruments" and isinstance(value, yaml.SequenceNode):
            return [node.start_mark.line + 1 for node in value.value]
    return []
