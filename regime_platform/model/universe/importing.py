"""Which rows of a file from another system become instruments of the universe.

Fields that the file leaves empty are taken from listings and from defaults for the whole file. A
row that still does not identify exactly one instrument, or that contradicts the universe or another
row, is refused with its line and the remedy; nothing is guessed.
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

NEW, EXISTING, REFUSED = "new", "held", "refused"
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
class Defaults:
    """Values for fields that the file leaves empty; they override nothing."""

    fields: Mapping[str, str] = field(default_factory=dict)
    listings: Sequence[Listing] = ()
    currency: str = ""  # only listings in this one; all where empty


@dataclass(frozen=True)
class ImportedRow:
    """The outcome of one row."""

    line: int
    symbol: str
    status: str  # NEW, EXISTING or REFUSED
    note: str  # why it was refused and the remedy, or what was changed on the way
    instrument: Instrument | None = None

    def document(self) -> dict[str, object]:
        """The JSON of ``--json``."""
        entry = None if self.instrument is None else self.instrument.model_dump(mode="json")
        return {
            "line": self.line,
            "symbol": self.symbol,
            "status": self.status,
            "note": self.note,
            "entry": entry,
        }


def import_rows(rows: Sequence[Row], universe: Universe, defaults: Defaults) -> list[ImportedRow]:
    """One outcome per row, in the order of the file."""
    imported: list[ImportedRow] = []
    first: dict[str, ImportedRow] = {}
    for row in rows:
        outcome = _imported(row, universe, defaults)
        before = first.setdefault(outcome.symbol, outcome)
        if before is not outcome and outcome.status == NEW:
            outcome = _repeated(outcome, before)
        imported.append(outcome)
    return imported


def _imported(row: Row, universe: Universe, defaults: Defaults) -> ImportedRow:
    if row.problem:
        return _refused(row, row.problem)
    fields = {**_known(universe, row.symbol), **defaults.fields, **row.fields}
    notes = [row.note]
    try:
        if fields.get("source") == "twelvedata":
            notes.append(_settle_class(fields))
            _settle_market(fields, row.currency or defaults.currency, defaults.listings)
        else:
            fields = {name: fields[name] for name in fields if name not in _AT_VENDOR}
        instrument = parse_entry({"name": fields.get("symbol"), **fields})
    except ConfigError as error:
        return _refused(row, str(error))
    return _compared(universe, row, instrument, "; ".join(note for note in notes if note))


def _known(universe: Universe, symbol: str) -> dict[str, str]:
    """The market fields of a symbol that is in the universe; the file may leave them empty."""
    if symbol not in universe.symbols:
        return {}
    identity = universe.instrument(symbol).identity
    return {name: identity[name] for name in _AT_VENDOR if name in identity}


def _settle_class(fields: dict[str, Any]) -> str:
    """Sets the class of currency pairs; returns a note where the file has another one."""
    provider, name = str(fields.get("provider_symbol", "")), str(fields.get("asset_class", ""))
    if "/" in provider and set(provider.split("/")) <= _CURRENCIES and name != "FX":
        fields["asset_class"] = "FX"
        return f"{name or 'no class'} there, but {provider} are two currencies: FX"
    if name in _PAIRED and "/" not in provider:
        raise ConfigError(
            f"the vendor writes {name} as a pair; give provider_symbol like EUR/USD",
            code="provider-symbol-no-pair",
        )
    looks_paired = "/" in provider or {provider[:3], provider[3:]} <= _CURRENCIES
    if name and name not in WITHOUT_EXCHANGE and looks_paired:
        raise ConfigError(
            f"{provider} looks like a pair, its class is {name}; correct one of the two",
            code="provider-symbol-of-pair",
        )
    return ""


def _settle_market(fields: dict[str, Any], currency: str, listings: Sequence[Listing]) -> None:
    """Sets the market where exactly one is listed."""
    if fields.get("asset_class") in WITHOUT_EXCHANGE:
        fields.pop("mic_code", None)  # a default for the whole file that does not apply here
        return
    if fields.get("mic_code") or fields.get("exchange"):
        return
    provider = str(fields.get("provider_symbol", ""))
    if not listings:
        raise ConfigError(
            f"no exchange given, and a bare {provider} may mean two; give --listings or --mic-code",
            code="no-market",
        )
    listed, reason = market(listings, provider, currency)
    if reason:
        raise ConfigError(
            f"{reason}; add it with `regime universe add` and --mic-code", code="no-market"
        )
    fields.update(listed)


def _compared(universe: Universe, row: Row, instrument: Instrument, note: str) -> ImportedRow:
    symbol = instrument.symbol
    if symbol in universe.renamed:
        now = universe.renamed[symbol]
        return _refused(row, f"renamed to {now}, which is in the universe; remove the line")
    if symbol not in universe.symbols:
        return ImportedRow(row.line, symbol, NEW, note, instrument)
    differences = _differences(universe.instrument(symbol), instrument)
    if differences:
        reason = f"in the universe otherwise ({differences}); change it there or here"
        return _refused(row, reason)
    return ImportedRow(row.line, symbol, EXISTING, "in the universe already")


def _differences(tracked: Instrument, imported: Instrument) -> str:
    then, now = tracked.model_dump(mode="json"), imported.model_dump(mode="json")
    return ", ".join(
        f"{name} {then.get(name, 'none')}, here {now[name]}"
        for name in _COMPARED
        if name in now and then.get(name) != now[name]
    )


def _repeated(row: ImportedRow, before: ImportedRow) -> ImportedRow:
    if row.instrument == before.instrument:
        return ImportedRow(row.line, row.symbol, EXISTING, f"the same as line {before.line}")
    reason = f"stands on line {before.line} too, with other fields; remove one of them"
    return ImportedRow(row.line, row.symbol, REFUSED, reason)


def _refused(row: Row, reason: str) -> ImportedRow:
    return ImportedRow(row.line, row.symbol, REFUSED, reason)
