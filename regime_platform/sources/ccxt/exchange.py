"""One exchange through the library ccxt: its markets and candles, each request with retries.

The library keeps the exchange's limit of requests and waits where it must.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

import ccxt

from regime_platform.errors import ConfigError, SourceError, UnresponsiveError, nearest
from regime_platform.sources.attempts import TransientError, repeating
from regime_platform.sources.ccxt.bounded import BoundedAdapter
from regime_platform.sources.ccxt.candles import NAMES, Row, is_candle
from regime_platform.sources.ccxt.faults import fault_of
from regime_platform.sources.ccxt.markets import ListedMarket, listed_market
from regime_platform.sources.outage import Outage
from regime_platform.sources.protocol import Charge, NotOfferedError
from regime_platform.sources.server_clock import (
    is_behind,
    require_not_ahead,
    seconds_ahead,
    server_time,
)

_TIMEOUT = 30_000  # milliseconds without a byte
_DEADLINE = 120.0  # seconds for one answer
_MOST_BYTES = 128 * 1024**2  # of one answer: some lists of markets have 20 MB
_LONGEST_PAUSE = 60  # seconds that a run waits where the exchange asks for it
_USUAL_LIMIT = 200  # candles of an answer where the library states none
#: A request that timed out is sent once more, less often than one that failed at once.
_LATE_ATTEMPTS = 2

T = TypeVar("T")


class Answer(NamedTuple):
    """Candles, and when they were requested and came, as Unix times."""

    rows: Sequence[Row]
    between: tuple[float, float]


@dataclass(frozen=True)
class _Response:
    """Status and some headers of the last HTTP answer; status 0: none came."""

    status: int = 0
    dates: Sequence[str] = ()
    age: str = ""
    pause: int = 0  # seconds that the exchange asks to wait


class ExchangeClient:
    """Sends one request after another to one exchange.

    Args:
        venue: the exchange as the library names it.
        base_url: replaces scheme and host of its addresses; empty for its own.
        clock: the machine's, in seconds since the epoch.

    Raises:
        ConfigError: the library knows no such exchange.
    """

    def __init__(self, venue: str, base_url: str, clock: Callable[[], float]) -> None:
        self.venue = venue
        self.charge = Charge()
        self.is_clock_behind = False  # this machine's, when the exchange answered last
        self.exchange = _opened(venue, base_url)
        self.exchange.session.hooks["response"].append(self._note)
        self._clock = clock
        self._markets: Mapping[str, Any] = {}
        self._types = _spot_and_others(self.exchange)
        self._has_all = not self._types
        self._response = _Response()
        self._outage = Outage(venue)
        self._late = 0  # requests in a row that timed out
        self._repeating = repeating(self._is_retryable)

    def markets(self, what: str, *, is_all: bool = False) -> list[ListedMarket]:
        """The markets by the library's symbols: of spot, and with ``is_all`` of derivatives too.

        Errors as of ``candles``.
        """
        if not self._markets or (is_all and not self._has_all):
            self._has_all |= is_all
            self._markets, _ = self._ask(what, self._load)
        return [listed_market(market) for market in self._markets.values()]

    def market(self, symbol: str, what: str) -> ListedMarket:
        """One market, in any case; ``NotServedError`` where the exchange has none, or several."""
        self.markets(what, is_all=":" in symbol)
        alike = [name for name in self._markets if name.casefold() == symbol.casefold()]
        market = self._markets.get(symbol if len(alike) != 1 else alike[0])
        if market is None:
            near = nearest(symbol.upper(), self._markets)
            raise fault_of(ccxt.BadSymbol(f"{symbol}{near}"), self.venue, what, 0)
        return listed_market(market)

    def limit(self, symbol: str) -> int:
        """The most candles of one answer."""
        stated = self.exchange.feature_value(symbol, "fetchOHLCV", "limit")
        return stated if isinstance(stated, int) else _USUAL_LIMIT

    def offers(self, timeframe: str) -> bool:
        """True where the exchange has candles of this timeframe."""
        has_candles = bool(self.exchange.has.get("fetchOHLCV"))
        return has_candles and NAMES[timeframe] in (self.exchange.timeframes or ())

    def candles(self, symbol: str, timeframe: str, since: dt.datetime, what: str) -> Answer:
        """The candles that open from ``since`` on, oldest first, ``limit`` of them at most.

        Raises:
            NotOfferedError: the exchange has no candles of this timeframe.
            NotServedError: it does not know the market, or does not serve this place.
            ClockError: this machine's clock is not the exchange's.
            UnresponsiveError: request after request gets no answer, or it asks to wait for longer
                than a run does.
            SourceError: any other fault.
        """
        if not self.offers(timeframe):
            raise NotOfferedError(
                f"{self.venue} has no {timeframe} candles; they are built from shorter ones"
            )
        start = int(since.timestamp() * 1000)
        return Answer(*self._ask(what, partial(self._fetch, symbol, NAMES[timeframe], start)))

    def _fetch(self, symbol: str, name: str, start: int) -> Sequence[Row]:
        rows = self.exchange.fetch_ohlcv(symbol, name, start, self.limit(symbol))
        # where an answer is no JSON, or an empty object, the library returns no candles
        answer = self.exchange.last_json_response
        if not rows and not (isinstance(answer, list) or answer):
            raise ccxt.BadResponse("an answer without a list of candles")
        return [_candle(row) for row in rows]

    def _load(self) -> Mapping[str, Any]:
        if self._types:
            self.exchange.options["fetchMarkets"]["types"] = (
                self._types if self._has_all else ["spot"]
            )
        markets: Mapping[str, Any] = self.exchange.load_markets(reload=True)
        if not markets:
            raise ccxt.BadResponse("an answer without a market")
        return markets

    def _ask(self, what: str, request: Callable[[], T]) -> tuple[T, tuple[float, float]]:
        try:
            return self._repeating(self._attempt, what, request)
        except TransientError as error:
            again = "" if self._outage.is_seen else " although asked again"
            symbol = what.partition(" ")[0]
            self._outage.add(symbol, str(error), is_of_server=error.is_of_server)
            raise SourceError(
                f"{what}: {self.venue} did not answer properly ({error}){again}; run once more "
                "later",
                code="no-answer",
            ) from None

    def _is_retryable(self, error: Exception) -> bool | float:
        if not isinstance(error, TransientError) or self._outage.is_seen:
            return False
        if error.is_late:
            return self._late % _LATE_ATTEMPTS != 0
        return float(self._response.pause) or True

    def _attempt(self, what: str, request: Callable[[], T]) -> tuple[T, tuple[float, float]]:
        self.charge = Charge(self.charge.requests + 1)
        self._response, sent = _Response(), self._clock()
        try:
            answer = request()
        except Exception as error:  # noqa: BLE001 - of any kind where an answer has another form
            raise self._fault(error, what) from None
        self._outage.end()
        self._late, between = 0, (sent, self._clock())
        self._compare_clocks(between)
        return answer, between

    def _fault(self, error: Exception, what: str) -> Exception:
        fault = fault_of(error, self.venue, what, self._response.status)
        if not isinstance(fault, TransientError):
            self._outage.end()
            return fault
        self._late += fault.is_late
        pause = self._response.pause
        if pause > _LONGEST_PAUSE:
            return UnresponsiveError(
                f"{self.venue} asks to wait for {pause:,} s ({fault}); run again after that"
            )
        return fault

    def _compare_clocks(self, between: tuple[float, float]) -> None:
        moment = server_time(self._response.dates, self._response.age)
        if moment is not None:
            require_not_ahead(self.venue, moment, between)
            self.is_clock_behind = is_behind(seconds_ahead(moment, between))

    def _note(self, response: Any, **_: object) -> None:
        headers, pause = response.headers, response.headers.get("Retry-After", "")
        self._response = _Response(
            response.status_code,
            response.raw.headers.getlist("Date"),  # those of proxies too
            headers.get("Age", ""),
            int(pause) if pause.isdecimal() else 0,
        )


def _opened(venue: str, base_url: str) -> Any:
    if venue not in ccxt.exchanges:
        raise ConfigError(
            f"venue {venue!r} is no exchange that ccxt {ccxt.__version__} knows"
            f"{nearest(venue, ccxt.exchanges)}; correct venue",
            code="unknown-venue",
        )
    exchange = getattr(ccxt, venue)(
        {
            "enableRateLimit": True,
            "enableLastJsonResponse": True,
            "requests_trust_env": True,  # the proxies of the environment
            "timeout": _TIMEOUT,
            "has": {"fetchCurrencies": False},  # a request that no candle needs
        }
    )
    for scheme in ("https://", "http://"):
        exchange.session.mount(scheme, BoundedAdapter(_DEADLINE, _MOST_BYTES))
    parse = exchange.parse_ohlcv
    # before the library drops rows without a time as too old
    exchange.parse_ohlcv = lambda *parts: _candle(parse(*parts))
    if base_url:
        exchange.urls["api"] = _moved(exchange.urls["api"], base_url.rstrip("/"))
    return exchange


def _candle(row: Any) -> Row:
    if not is_candle(row):
        raise ccxt.BadResponse("an answer with rows that are no candles")
    candle: Row = row
    return candle


def _moved(addresses: Any, base_url: str) -> Any:
    if isinstance(addresses, Mapping):
        return {name: _moved(address, base_url) for name, address in addresses.items()}
    return f"{base_url}{urlsplit(addresses).path}" if isinstance(addresses, str) else addresses


def _spot_and_others(exchange: Any) -> list[str]:
    """The kinds of markets of an exchange that can list those of spot alone; else none."""
    options = exchange.options.get("fetchMarkets")
    types = options.get("types") if isinstance(options, dict) else None
    return list(types) if isinstance(types, list) and "spot" in types else []
