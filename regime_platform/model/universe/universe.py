"""The universe: every tracked instrument, parsed and validated as a whole.

The order is part of its meaning: core symbols first, each tier sorted, so that a tier is one
contiguous range of partitions.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from importlib import import_module
from typing import Any, NamedTuple, Protocol

import yaml

from regime_platform.errors import ConfigError, UsageError, nearest
from regime_platform.model.instruments import Instrument, parse_entry
from regime_platform.model.symbols import parse_symbol, several_symbols, split_symbols
from regime_platform.model.timeframes import TIERS
from regime_platform.model.yaml_text import YamlTextError, load_yaml_nodes


@dataclass(frozen=True)
class Universe:
    """Instruments in partition order; ConfigError where present or former symbols clash."""

    instruments: tuple[Instrument, ...]

    def __post_init__(self) -> None:
        for clash in _clashes(self.instruments):
            raise ConfigError(clash.message, code=clash.code)
        tiers = list(TIERS)
        ordered = sorted(self.instruments, key=lambda each: (tiers.index(each.tier), each.symbol))
        object.__setattr__(self, "instruments", tuple(ordered))

    @property
    def symbols(self) -> tuple[str, ...]:
        """All symbols in partition order."""
        return tuple(self._by_symbol)

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
        """The named instruments in partition order; UsageError for unknown and former symbols."""
        wanted = {self._symbol_of(word): word.upper() for word in split_symbols(symbols)}
        unknown = sorted(wanted.keys() - self._by_symbol.keys())
        if unknown:
            named = {symbol: wanted[symbol] for symbol in unknown}
            raise UsageError(_unknown(named, self), code="unknown-symbol")
        return tuple(instrument for instrument in self.instruments if instrument.symbol in wanted)

    def instrument(self, symbol: str) -> Instrument:
        """One instrument; errors as of ``select`` and ``symbol_of``."""
        known = self._by_symbol.get(self.symbol_of(symbol))
        return known or self.select([symbol])[0]

    def symbol_of(self, text: str) -> str:
        """As ``symbols_of``; UsageError where the text is not one symbol."""
        words = split_symbols([text])
        if len(words) != 1:
            raise several_symbols(text, words)
        return self._symbol_of(words[0])

    def symbols_of(self, texts: Iterable[str]) -> list[str]:
        """The symbols that texts name, in their order, each once; none need be in the universe.

        In any case, as the entries spell them or as they are written elsewhere: ``btc/usd``.
        ``AAPL,MSFT`` is two.
        """
        return list(dict.fromkeys(map(self._symbol_of, split_symbols(texts))))

    def _symbol_of(self, word: str) -> str:
        written = word.upper()
        if written in self._spellings:
            return self._spellings[written]
        try:
            return parse_symbol(word).name
        except UsageError:  # no entry can have it
            return written

    @cached_property
    def _by_symbol(self) -> Mapping[str, Instrument]:
        return {instrument.symbol: instrument for instrument in self.instruments}

    @cached_property
    def _spellings(self) -> Mapping[str, str]:
        """Spelling in capitals -> symbol; symbols are spellings too."""
        spelled = {instrument.spelling: instrument.symbol for instrument in self.instruments}
        own = {symbol: symbol for symbol in (*self.renamed, *self.symbols)}
        return {**spelled, **own}


class UniverseFinding(NamedTuple):
    """A fault of a universe file, with the code of the error that it would raise alone."""

    line: int
    code: str
    message: str  # the fault and the remedy

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}"


_Parsed = tuple[tuple[Instrument, ...], tuple[UniverseFinding, ...]]


def parse_universe(text: str, origin: str) -> Universe:
    """Reads universe.yaml: a mapping with one key ``instruments``, a list of entries.

    A ConfigError names the file ``origin``, the first bad entry's line and the remedy, and how
    many more are bad; ``universe_findings`` lists all.
    """
    findings = universe_findings(text, origin)
    if findings:
        more = len(findings) - 1
        also = f" (and {more} more; `regime universe check` lists them)" if more else ""
        raise ConfigError(f"{origin} {findings[0]}{also}", code=findings[0].code)
    return Universe(_read(text)[0])


def universe_findings(text: str, origin: str) -> tuple[UniverseFinding, ...]:
    """Everything that keeps a universe from being read, by line; errors as of ``load_document``."""
    try:
        return _read(text)[1]
    except ConfigError as error:
        raise ConfigError(f"{origin}{error}", code=error.code) from error


def load_document(text: str) -> tuple[yaml.MappingNode, list[Any]]:
    """YAML nodes, which know their lines, and entries; a ConfigError continues the file's name."""
    try:
        root, document = load_yaml_nodes(text)
    except YamlTextError as error:
        raise ConfigError(
            f" is not valid YAML: {error}; correct the line named", code="universe-not-yaml"
        ) from error
    _refuse_repeated_keys(root)
    entries = document.get("instruments") if isinstance(document, Mapping) else None
    if not isinstance(root, yaml.MappingNode) or not isinstance(entries, list):
        raise ConfigError(
            " line 1: expected a mapping with a list under 'instruments'; "
            "see data/universe.yaml for the form",
            code="universe-form",
        )
    if not entries:
        raise ConfigError(
            ": 'instruments' is empty; list at least one symbol", code="universe-empty"
        )
    for key, _value in root.value:
        if key.value != "instruments":
            line = key.start_mark.line + 1
            raise ConfigError(
                f" line {line}: unknown key {key.value}; remove it", code="unknown-field"
            )
    return root, entries


def entry_nodes(root: yaml.MappingNode) -> list[yaml.Node]:
    """The entries as nodes, in the order of the file."""
    return list(next(value for key, value in root.value if key.value == "instruments").value)


class EntryStore(Protocol):
    """Keeps the entries of long universe files between processes; see ``yaml_cache``."""

    def read(self, text: str) -> list[Any] | None:
        """Exactly what was kept for a text, else None."""
        ...

    def keep(self, text: str, document: list[Any]) -> None:
        """Keeps them, where that is possible."""
        ...


@cache
def _store() -> EntryStore:
    """It does I/O, so it is outside this pure package and imported when it is first needed."""
    store: EntryStore = import_module("regime_platform.yaml_cache").yaml_cache()
    return store


@lru_cache(maxsize=4)  # an edit reads them often
def _read(text: str) -> _Parsed:
    """The entries that can be used, and the faults of the others."""
    kept = _store().read(text)  # of a file without a fault; nodes, which know lines, take long
    if kept is not None and not (parsed := _parsed(kept, [0] * len(kept)))[1]:
        return parsed
    root, entries = load_document(text)
    parsed = _parsed(entries, [node.start_mark.line + 1 for node in entry_nodes(root)])
    if not parsed[1]:
        _store().keep(text, entries)
    return parsed


def _parsed(entries: Sequence[Any], lines: Sequence[int]) -> _Parsed:
    instruments: dict[int, Instrument] = {}  # by place in the file
    findings: list[UniverseFinding] = []
    for place, entry in enumerate(entries):
        try:
            instruments[place] = parse_entry(entry)
        except ConfigError as error:
            findings.append(UniverseFinding(lines[place], error.code, str(error)))
    usable = tuple(instruments.values())
    findings += _clashes(usable, [lines[place] for place in instruments])
    return usable, tuple(sorted(findings))


def _clashes(
    instruments: Sequence[Instrument], lines: Sequence[int] = ()
) -> Iterator[UniverseFinding]:
    """Instruments whose symbol another one has or had; line 0 where no ``lines`` are given."""
    placed = list(zip(instruments, lines or [0] * len(instruments), strict=True))
    first: dict[str, int] = {}
    for instrument, line in placed:
        symbol = instrument.symbol
        if symbol in first:
            where = f", first on line {first[symbol]}" if lines else " in the universe"
            message = f"symbol {symbol} stands twice{where}; remove one of them"
            yield UniverseFinding(line, "duplicate-symbol", message)
        first.setdefault(symbol, line)
    yield from _shared_spellings(placed)
    taken = set(first)
    for instrument, line in placed:
        for former in instrument.formerly:
            if former in taken:
                message = (
                    f"{former} cannot be a former symbol of {instrument.symbol}: it is in use or "
                    "stands twice; give the newer instrument another symbol (its provider_symbol "
                    "may stay) or remove it from formerly"
                )
                yield UniverseFinding(line, "former-symbol-taken", message)
            taken.add(former)


def _shared_spellings(placed: Sequence[tuple[Instrument, int]]) -> Iterator[UniverseFinding]:
    """Instruments whose spelling is the symbol or the spelling of another one."""
    owners = {instrument.symbol: instrument.symbol for instrument, _ in placed}
    for instrument, line in placed:
        symbol, spelling = instrument.symbol, instrument.spelling
        owner = owners.setdefault(spelling, symbol)
        if owner != symbol:
            message = f"{spelling} would mean {owner} and {symbol}; correct written of one of them"
            yield UniverseFinding(line, "spelling-taken", message)


def _unknown(symbols: Mapping[str, str], universe: Universe) -> str:
    """The message for symbols that are not tracked, by what was given for each."""
    renamed = universe.renamed
    moved = [f"{name} was renamed to {renamed[name]}" for name in symbols if name in renamed]
    known = {*universe.symbols, *(instrument.spelling for instrument in universe.instruments)}
    unknown = [
        given + nearest(given, sorted(known))
        for name, given in symbols.items()
        if name not in renamed
    ]
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
