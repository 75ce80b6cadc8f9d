"""Entries of a universe that contradict themselves or one another.

A new entry of this kind is refused; `regime universe check` lists those of a file. A file that has
some is read all the same: its stored bars stay reachable.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from regime_platform.errors import ConfigError
from regime_platform.model.exchanges import OWN, XNYS, calendar_of
from regime_platform.model.instruments import WITHOUT_EXCHANGE, Instrument
from regime_platform.model.markets import MARKETS
from regime_platform.model.symbols import is_pair

CURRENCIES = frozenset(
    (
        *("AUD", "BRL", "CAD", "CHF", "CNH", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF"),
        *("ILS", "INR", "JPY", "KRW", "MXN", "NOK", "NZD", "PLN", "RUB", "SEK", "SGD", "THB"),
        *("TRY", "USD", "ZAR"),
    )
)
_COINS = frozenset(("BTC", "ETH", "LTC", "XRP", "SOL", "ADA", "BNB", "DOT"))
_METALS = frozenset(("XAU", "XAG", "XPT", "XPD"))
_PAIRED = ("FX", "CRYPTO")
#: Where pairs are traded beside the spot market: as futures, and around the clock.
_OF_PAIRS = frozenset((*OWN, "CMES", "us_futures", "IEPA", "24/5", "24/7"))
_CODE = 3  # letters of a currency


class Contradiction(NamedTuple):
    """What is wrong with an entry, with the remedy."""

    code: str
    message: str


def contradictions(entry: Instrument) -> Iterator[Contradiction]:
    """What the fields of one entry contradict."""
    yield from _of_class(entry)
    yield from _of_markets(entry)


class Tracked:
    """The instruments of vendors that are tracked, each by its first symbol."""

    def __init__(self, entries: Iterable[Instrument] = ()) -> None:
        self._first: dict[tuple[str, ...], str] = {}
        for entry in entries:
            self.add(entry)

    def add(self, entry: Instrument) -> Contradiction | None:
        """Adds an entry; a contradiction where its instrument has another symbol already."""
        if not entry.identity.get("provider_symbol") or not entry.is_polled:
            return None
        key = (entry.source, entry.provider_symbol.upper(), _market(entry), entry.type, entry.venue)
        first = self._first.setdefault(key, entry.symbol)
        if first == entry.symbol:
            return None
        return Contradiction(
            "instrument-twice",
            f"{first} and {entry.symbol} are the same instrument, {entry.source} "
            f"{entry.provider_symbol}; keep one of them, or correct provider_symbol or "
            f"{'venue' if entry.venue else 'mic_code'}",
        )


def require_plausible(entry: Instrument, tracked: Tracked) -> None:
    """ConfigError where an entry contradicts itself, or is ``tracked``; else it is from now on."""
    for fault in contradictions(entry):
        raise ConfigError(f"{entry.symbol}: {fault.message}", code=fault.code)
    if twin := tracked.add(entry):
        raise ConfigError(twin.message, code=twin.code)


def implausible(entries: Sequence[Instrument]) -> Iterator[str]:
    """Everything that is wrong with the entries of a universe, as one line each."""
    tracked = Tracked()
    for entry in entries:
        for fault in contradictions(entry):
            yield f"{entry.symbol}: {fault.message}"
        if twin := tracked.add(entry):
            yield twin.message


def looks_paired(symbol: str) -> bool:
    """True for EUR/USD, BTC/USD and for EURUSD and XAUUSD, which have two known sides."""
    if "/" in symbol:
        return is_pair(symbol)
    sides = {symbol[:_CODE], symbol[_CODE : 2 * _CODE]}
    return len(symbol) == 2 * _CODE and sides <= CURRENCIES | _COINS | _METALS


def class_of_pair(symbol: str) -> str:
    """The class of a pair whose two sides are known, as EURUSD, BTC-USD or XAU/USD; else empty."""
    text = symbol.replace("-", "/").replace("_", "/")
    sides = set(_sides(text))
    is_pair_of_two = "/" in text or len(text) == 2 * _CODE
    if not is_pair_of_two or len(sides) < 2 or not sides <= CURRENCIES | _COINS | _METALS:
        return ""
    if sides & _COINS:
        return "CRYPTO"
    return "COMMODITY_METALS" if sides & _METALS else "FX"


def _of_class(entry: Instrument) -> Iterator[Contradiction]:
    name, symbol = entry.asset_class, entry.provider_symbol or entry.symbol
    if entry.symbol in MARKETS:
        yield Contradiction(
            "symbol-of-class",
            f"{entry.symbol} is the name of a class, which gate.yaml would mean; "
            "give it another symbol",
        )
    if name not in (*WITHOUT_EXCHANGE, "SYNTHETIC") and looks_paired(symbol):
        yield Contradiction(
            "provider-symbol-of-pair",
            f"{symbol} looks like a pair, its class is {name}; correct one of the two "
            f"(FX, CRYPTO and COMMODITY_METALS are classes of pairs)",
        )
    others = {"COMMODITY_METALS": _METALS, "CRYPTO": _COINS}
    for kind, codes in others.items() if name == "FX" else ():
        if side := next((side for side in _sides(symbol) if side in codes), ""):
            yield Contradiction(
                "provider-symbol-no-currency",
                f"{symbol} has {side}, which is no currency; give class {kind}, whose calendar is "
                f"{MARKETS[kind].calendar}",
            )
    if name == "FX" and not _may_be_pair(symbol):
        yield Contradiction(
            "provider-symbol-no-pair",
            f"{symbol} is no pair of currencies, its class is FX; give another class "
            "(with calendar FX where it trades as currencies do), or provider_symbol like EUR/USD",
        )
    if name in _PAIRED and entry.market.calendar not in _OF_PAIRS:
        yield Contradiction(
            "calendar-contradicted",
            f"{name} does not trade on calendar {entry.calendar}; remove calendar, or give the "
            "class of what is listed there",
        )


def _of_markets(entry: Instrument) -> Iterator[Contradiction]:
    named = {
        f"{field} {text}": calendar
        for field, text in (("mic_code", entry.mic_code), ("exchange", entry.exchange))
        if (calendar := calendar_of(text))
    }
    where = " and ".join(named)
    calendars = sorted(set(named.values()))
    if len(calendars) > 1:
        yield Contradiction(
            "markets-contradicted", f"{where} are different markets; correct or remove one of them"
        )
    elif entry.market.has_exchange and calendars and calendars != [entry.market.calendar]:
        which = "" if entry.calendar else f", the calendar of {entry.asset_class}"
        yield Contradiction(
            "calendar-contradicted",
            f"{where} trades on calendar {calendars[0]}, not on {entry.market.calendar}{which}; "
            f"give calendar {calendars[0]}, or correct {where.split()[0]}",
        )
    elif entry.asset_class == "FX" and XNYS in calendars:
        yield Contradiction(
            "markets-contradicted",
            f"{where} is a market of stocks, the class is FX; correct the class or remove it",
        )


def _may_be_pair(symbol: str) -> bool:
    """True where one of two sides of three letters may be a currency."""
    return any(side in CURRENCIES for side in _sides(symbol))


def _sides(symbol: str) -> list[str]:
    return symbol.split("/") if "/" in symbol else [symbol[:_CODE], symbol[_CODE : 2 * _CODE]]


def _market(entry: Instrument) -> str:
    """The market of an entry, all exchanges of New York as one: their symbols are shared."""
    market = (entry.mic_code or entry.exchange).upper()
    return XNYS if calendar_of(market) == XNYS else market
