"""Which rows of a file from another system become instruments of the universe.

Fields that the file leaves empty are taken from listings and from defaults for the whole file. A
row that still does not identify exactly one instrument, or that contradicts the universe or another
row, is refused with its line and the remedy; nothing is guessed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from regime_platform.errors import ConfigError
from regime_platform.model.instruments import (
    SOURCE_FIELDS,
    WITHOUT_EXCHANGE,
    Instrument,
    parse_entry,
)
from regime_platform.model.symbols import is_pair
from regime_platform.model.universe.import_files import Listing, Row
from regime_platform.model.universe.plausibility import CURRENCIES, Tracked, require_plausible
from regime_platform.model.universe.universe import Universe

NEW, EXISTING, REFUSED = "new", "held", "refused"
_PAIRED = ("FX", "CRYPTO")
_AT_VENDOR = SOURCE_FIELDS["twelvedata"]
_COMPARED = (
    "asset_class",
    "calendar",
    "tier",
    "timeframes",
    "source",
    "provider_symbol",
    "mic_code",
    "exchange",
    "venue",
)


@dataclass(frozen=True)
class Defaults:
    """Values for fields that the file leaves empty; they override nothing."""

    fields: Mapping[str, Any] = field(default_factory=dict)
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
    tracked = Tracked(universe.instruments)
    for row in rows:
        outcome = _imported(row, universe, defaults, tracked)
        before = first.setdefault(outcome.symbol, outcome)
        if before is not outcome and outcome.status == NEW:
            outcome = _repeated(outcome, before)
        imported.append(outcome)
    return imported


def market(known: Sequence[Listing], symbol: str, currency: str = "") -> dict[str, str]:
    """mic_code and type of a symbol; ConfigError where not exactly one market is listed."""
    matches = [listing for listing in known if listing.symbol == symbol]
    if currency and any(listing.currency for listing in matches):
        matches = [listing for listing in matches if listing.currency == currency]
    markets = sorted({listing.mic_code for listing in matches})
    if len(markets) != 1:
        where = f"is listed on {', '.join(markets)}" if markets else "is not among the listings"
        raise ConfigError(
            f"{symbol} {where}; add it with `regime universe add` and --mic-code", code="no-market"
        )
    types = {listing.type for listing in matches}
    only = types.pop() if len(types) == 1 else ""
    return {"mic_code": markets[0], **({"type": only} if only else {})}


def _imported(row: Row, universe: Universe, defaults: Defaults, tracked: Tracked) -> ImportedRow:
    if row.problem:
        return ImportedRow(row.line, row.symbol, REFUSED, row.problem)
    symbol, notes = row.symbol, [row.note]
    fields = {**defaults.fields, **row.fields}
    spelled = universe.symbols_of([str(fields.get("written") or symbol)])
    if len(spelled) == 1 and spelled[0] in universe.symbols:
        entry = universe.instrument(spelled[0])
        named = {"symbol": entry.symbol, "written": entry.written}
        fields = {**entry.identity, **fields, **named}
    try:
        if fields.get("source") == "twelvedata":
            notes.append(_settle_class(fields))
            _settle_market(fields, row.currency or defaults.currency, defaults.listings)
        else:
            known = SOURCE_FIELDS.get(fields.get("source", ""), ())
            foreign = set(_AT_VENDOR) - set(known)
            fields = {name: fields[name] for name in fields if name not in foreign}
        instrument = parse_entry({"name": fields.get("written") or symbol, **fields})
        is_new = _is_new(universe, instrument)
        if is_new:
            require_plausible(instrument, tracked)
    except ConfigError as error:
        return ImportedRow(row.line, symbol, REFUSED, str(error))
    if not is_new:
        return ImportedRow(row.line, symbol, EXISTING, "in the universe already")
    note = "; ".join(note for note in notes if note)
    return ImportedRow(row.line, instrument.symbol, NEW, note, instrument)


def _settle_class(fields: dict[str, Any]) -> str:
    """Sets the class of currency pairs; returns a note where the file has another one."""
    provider, name = str(fields.get("provider_symbol", "")), str(fields.get("asset_class", ""))
    if "/" in provider and set(provider.split("/")) <= CURRENCIES and name != "FX":
        fields["asset_class"] = "FX"
        return f"{name or 'no class'} there, but {provider} are two currencies: FX"
    if name in _PAIRED and "/" not in provider:
        raise ConfigError(
            f"the vendor writes {name} as a pair; give provider_symbol like EUR/USD",
            code="provider-symbol-no-pair",
        )
    looks_paired = is_pair(provider) or {provider[:3], provider[3:]} <= CURRENCIES
    if name and name not in WITHOUT_EXCHANGE and looks_paired:
        raise ConfigError(
            f"{provider} looks like a pair, its class is {name}; correct one of the two",
            code="provider-symbol-of-pair",
        )
    return ""


def _settle_market(fields: dict[str, Any], currency: str, listings: Sequence[Listing]) -> None:
    """Sets the market where exactly one is listed."""
    provider = str(fields.get("provider_symbol", ""))
    if fields.get("asset_class") in WITHOUT_EXCHANGE:
        fields.pop("mic_code", None)  # a default for the whole file that does not apply here
    elif fields.get("mic_code") or fields.get("exchange"):
        return
    elif listings:
        fields.update(market(listings, provider, currency))
    else:
        raise ConfigError(
            f"no exchange given, and a bare {provider} may mean two; give --listings or --mic-code",
            code="no-market",
        )


def _is_new(universe: Universe, imported: Instrument) -> bool:
    symbol = imported.symbol
    if symbol in universe.renamed:
        raise ConfigError(
            f"renamed to {universe.renamed[symbol]}, which is in the universe; remove the line",
            code="former-symbol",
        )
    if symbol not in universe.symbols:
        return True
    then, now = (entry.model_dump(mode="json") for entry in (universe.instrument(symbol), imported))
    differences = ", ".join(
        f"{name} {then.get(name, 'none')}, here {now[name]}"
        for name in _COMPARED
        if name in now and then.get(name) != now[name]
    )
    if differences:
        raise ConfigError(
            f"in the universe otherwise ({differences}); change it there or here",
            code="entry-contradicted",
        )
    return False


def _repeated(row: ImportedRow, before: ImportedRow) -> ImportedRow:
    if row.instrument == before.instrument:
        return ImportedRow(row.line, row.symbol, EXISTING, f"the same as line {before.line}")
    reason = f"stands on line {before.line} too, with other fields; remove one of them"
    return ImportedRow(row.line, row.symbol, REFUSED, reason)
