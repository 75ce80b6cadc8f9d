"""Decides which rows of a foreign file become instruments: nothing is guessed.

What the file leaves open is filled from listings and from what the caller says of the whole file. A
row that still does not mean exactly one instrument, or that contradicts the universe or another
row, is refused with its line and what to do.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from regime_platform.errors import ConfigError
from regime_platform.model.instruments import WITHOUT_EXCHANGE, Instrument
from regime_platform.model.universe.entry import parse_entry
from regime_platform.model.universe.import_rows import Row
from regime_platform.model.universe.listings import Listing, market
from regime_platform.model.universe.universe import Universe

NEW, HELD, REFUSED = "new", "held", "refused"
_CURRENCIES = frozenset(
    re.findall(
        "[A-Z]{3}",
        "AUD BRL CAD CHF CNH CNY CZK DKK EUR GBP HKD HUF ILS INR JPY KRW MXN NOK NZD PLN RUB SEK "
        "SGD THB TRY USD ZAR",
    )
)
_PAIRED = ("FX", "CRYPTO")
_AT_VENDOR = ("provider_symbol", "mic_code", "exchange", "type")
_COMPARED = ("asset_class", "tier", "source", "provider_symbol", "mic_code", "exchange")


@dataclass(frozen=True)
class Given:
    """What is known beside the file; it fills what the file leaves open and overrides nothing."""

    fields: Mapping[str, str] = field(default_factory=dict)
    listed: Sequence[Listing] = ()
    currency: str = ""  # of the listings meant


@dataclass(frozen=True)
class Decision:
    """What becomes of one row."""

    line: int
    symbol: str
    status: str  # new, held, refused
    note: str  # why it was refused and what to do, or what was changed on the way
    instrument: Instrument | None = None

    def facts(self) -> dict[str, object]:
        """Plain values for ``--json``."""
        entry = None if self.instrument is None else self.instrument.facts()
        return {
            "line": self.line,
            "symbol": self.symbol,
            "status": self.status,
            "note": self.note,
            "entry": entry,
        }


def decide(rows: Sequence[Row], universe: Universe, given: Given) -> list[Decision]:
    """One decision per row, in the order of the file."""
    decided: list[Decision] = []
    first: dict[str, Decision] = {}
    for row in rows:
        one = _decided(row, universe, given)
        before = first.setdefault(one.symbol, one)
        if before is not one and one.status == NEW:
            one = _repeated(one, before)
        decided.append(one)
    return decided


def _decided(row: Row, universe: Universe, given: Given) -> Decision:
    if row.problem:
        return _refused(row, row.problem)
    fields = {**_known(universe, row.symbol), **given.fields, **row.fields}
    notes = [row.note]
    try:
        if fields.get("source") == "twelvedata":
            notes.append(_settle_class(fields))
            _settle_market(fields, row.currency or given.currency, given.listed)
        else:
            fields = {name: fields[name] for name in fields if name not in _AT_VENDOR}
        found = parse_entry({"name": fields.get("symbol"), **fields})
    except ConfigError as error:
        return _refused(row, str(error))
    return _against(universe, row, found, "; ".join(note for note in notes if note))


def _known(universe: Universe, symbol: str) -> dict[str, str]:
    """Where a symbol that is in the universe is listed: a file that is silent on it agrees."""
    if symbol not in universe.symbols:
        return {}
    identity = universe.instrument(symbol).identity
    return {name: identity[name] for name in _AT_VENDOR if name in identity}


def _settle_class(fields: dict[str, Any]) -> str:
    """Returns a note where the file's class cannot be meant and another one must be."""
    provider, name = str(fields.get("provider_symbol", "")), str(fields.get("asset_class", ""))
    if "/" in provider and set(provider.split("/")) <= _CURRENCIES and name != "FX":
        fields["asset_class"] = "FX"
        return f"{name or 'no class'} there, but {provider} are two currencies: FX"
    if name in _PAIRED and "/" not in provider:
        raise ConfigError(f"the vendor writes {name} as a pair; give provider_symbol like EUR/USD")
    looks_paired = "/" in provider or {provider[:3], provider[3:]} <= _CURRENCIES
    if name and name not in WITHOUT_EXCHANGE and looks_paired:
        raise ConfigError(f"{provider} looks like a pair, its class is {name}; mend one of the two")
    return ""


def _settle_market(fields: dict[str, Any], currency: str, listed: Sequence[Listing]) -> None:
    if fields.get("asset_class") in WITHOUT_EXCHANGE:
        fields.pop("mic_code", None)  # told of the whole file, and of no account to this row
        return
    if fields.get("mic_code") or fields.get("exchange"):
        return
    provider = str(fields.get("provider_symbol", ""))
    if not listed:
        raise ConfigError(
            f"no exchange told, and a bare {provider} may mean two; give --listings or --mic-code"
        )
    told, reason = market(listed, provider, currency)
    if reason:
        raise ConfigError(f"{reason}; add it with `regime universe add` and --mic-code")
    fields.update(told)


def _against(universe: Universe, row: Row, found: Instrument, note: str) -> Decision:
    if found.symbol in universe.renamed:
        now = universe.renamed[found.symbol]
        return _refused(row, f"renamed to {now}, which is in the universe; remove the line")
    if found.symbol not in universe.symbols:
        return Decision(row.line, found.symbol, NEW, note, found)
    differs = _differences(universe.instrument(found.symbol), found)
    if differs:
        return _refused(row, f"in the universe otherwise ({differs}); change it there or here")
    return Decision(row.line, found.symbol, HELD, "in the universe already")


def _differences(held: Instrument, found: Instrument) -> str:
    then, now = held.facts(), found.facts()
    return ", ".join(
        f"{name} {then.get(name, 'none')}, here {now[name]}"
        for name in _COMPARED
        if name in now and then.get(name) != now[name]
    )


def _repeated(one: Decision, before: Decision) -> Decision:
    if one.instrument == before.instrument:
        return Decision(one.line, one.symbol, HELD, f"the same as line {before.line}")
    reason = f"stands on line {before.line} too, with other fields; remove one of them"
    return Decision(one.line, one.symbol, REFUSED, reason)


def _refused(row: Row, reason: str) -> Decision:
    return Decision(row.line, row.symbol, REFUSED, reason)
