"""An exchange on loopback that speaks the wire format of Binance, with faults on request.

Its paths, the twelve fields of a candle with numbers as text, the limit of 1,000 candles from
``startTime`` on, the forming candle and the error codes are those of the exchange; ``answer_next``
puts scripted answers before the real ones.
"""

import datetime as dt
import json
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from email.utils import format_datetime
from typing import Any

import polars as pl
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from regime_platform.model.timeframes import DURATION
from regime_platform_tests.builders import make_bars

INFO, KLINES = "/api/v3/exchangeInfo", "/api/v3/klines"
LIMIT = 1000
UNKNOWN_SYMBOL = {"code": -1121, "msg": "Invalid symbol."}
_TIMEFRAMES = {"15m": "15min", "1h": "1h", "4h": "4h", "1d": "1day", "1w": "1week"}
_THURSDAY = dt.timedelta(days=3)


@dataclass
class LoopbackExchange:
    """Serves the candles of ``list_market``.

    Attributes:
        now: the exchange's clock: candles that open later are not served, and the one that is open
            is half of itself.
        limit: the most candles of one answer.
        has_thursdays: weeks begin on Thursday, as the Unix epoch does.
        windows_only: an answer spans no more than the limit from ``startTime`` on.
        is_dated: answers carry ``now`` as their Date, not the machine's time.
    """

    server: HTTPServer
    now: Callable[[], dt.datetime]
    limit: int = LIMIT
    has_thursdays: bool = False
    windows_only: bool = False
    is_dated: bool = False
    questions: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    _listed: dict[tuple[str, str], pl.DataFrame] = field(default_factory=dict)
    _halted: set[tuple[str, str]] = field(default_factory=set)
    _scripted: deque[Response] = field(default_factory=deque)

    def __post_init__(self) -> None:
        for path in (INFO, KLINES):
            self.server.expect_request(path).respond_with_handler(self.answer)

    @property
    def url(self) -> str:
        """What REGIME_CCXT_URL is to be."""
        return self.server.url_for("").rstrip("/")

    def list_market(
        self, base: str, quote: str, bars: pl.DataFrame, *, is_halted: bool = False
    ) -> None:
        """Offers a market whose candles of all lengths are made from ``bars``."""
        self._listed[base, quote] = bars.sort("ts")
        if is_halted:
            self._halted.add((base, quote))

    def delist(self, base: str, quote: str) -> None:
        """Removes a market."""
        del self._listed[base, quote]

    def answer_next(self, *responses: Response) -> None:
        """Gives these answers to the next requests, one each, whatever they ask."""
        self._scripted.extend(responses)

    def forget_script(self) -> None:
        """Is healthy again."""
        self._scripted.clear()

    def asked(self, path: str) -> list[Mapping[str, str]]:
        """The parameters of the requests to a path, in order."""
        return [params for asked, params in self.questions if asked == path]

    def answer(self, request: Request) -> Response:
        """The answer to one request."""
        params = request.args.to_dict()
        self.questions.append((request.path, params))
        if self._scripted:
            return self._scripted.popleft()
        headers = {"Date": format_datetime(self.now(), usegmt=True)} if self.is_dated else None
        if request.path == INFO:
            return json_answer({"symbols": [self._market(*pair) for pair in self._listed]}, headers)
        return self._klines(params, headers)

    def _klines(self, params: Mapping[str, str], headers: Mapping[str, str] | None) -> Response:
        for (base, quote), bars in self._listed.items():
            if f"{base}{quote}" == params["symbol"]:
                timeframe = _TIMEFRAMES[params["interval"]]
                return json_answer(list(self._candles(bars, timeframe, params)), headers)
        return json_answer(UNKNOWN_SYMBOL, headers, 400)

    def _candles(
        self, bars: pl.DataFrame, timeframe: str, params: Mapping[str, str]
    ) -> Iterable[list[object]]:
        now, length = self.now(), DURATION[timeframe]
        start = dt.datetime.fromtimestamp(int(params["startTime"]) / 1000, dt.UTC)
        known = candles_of(bars, timeframe, has_thursdays=self.has_thursdays)
        limit = min(self.limit, int(params["limit"]))
        served = known.filter((pl.col("ts") >= start) & (pl.col("ts") <= now))
        if self.windows_only:
            served = served.filter(pl.col("ts") < start + length * limit)
        for row in served.head(limit).iter_rows(named=True):
            is_forming = row["ts"] + length > now
            yield kline(row, length, share=0.5 if is_forming else 1.0)

    def _market(self, base: str, quote: str) -> dict[str, object]:
        return {
            "symbol": f"{base}{quote}",
            "status": "BREAK" if (base, quote) in self._halted else "TRADING",
            "baseAsset": base,
            "quoteAsset": quote,
            "baseAssetPrecision": 8,
            "quotePrecision": 8,
            "isSpotTradingAllowed": True,
            "permissions": ["SPOT"],
            "orderTypes": ["LIMIT"],
            "filters": [{"filterType": "PRICE_FILTER", "tickSize": "0.01000000"}],
        }


def market_bars(n: int, start: dt.datetime, timeframe: str = "1h") -> pl.DataFrame:
    """``n`` bars that follow each other around the clock."""
    opens = pl.Series("ts", [start + DURATION[timeframe] * place for place in range(n)])
    bars = make_bars(n, timeframe)
    return bars.with_columns(opens.cast(bars.schema["ts"]))


def candles_of(bars: pl.DataFrame, timeframe: str, *, has_thursdays: bool = False) -> pl.DataFrame:
    """The candles of ``timeframe`` from shorter bars, as an exchange sums them up."""
    every = {"1day": "1d", "1week": "1w", "15min": "15m"}.get(timeframe, timeframe)
    is_moved = has_thursdays and timeframe == "1week"
    return bars.group_by_dynamic(
        "ts", every=every, start_by="window", offset=_THURSDAY if is_moved else dt.timedelta()
    ).agg(
        pl.col("open").first(),
        pl.col("high").max(),
        pl.col("low").min(),
        pl.col("close").last(),
        pl.col("volume").sum(),
    )


def kline(row: Mapping[str, Any], length: dt.timedelta, *, share: float) -> list[object]:
    """The twelve fields of a candle; with a ``share`` below 1 it is still forming."""
    milliseconds = int(row["ts"].timestamp() * 1000)
    ends = milliseconds + int(length.total_seconds() * 1000) - 1
    volume = row["volume"] * share
    close = row["open"] + (row["close"] - row["open"]) * share
    prices = [f"{price:.8f}" for price in (row["open"], row["high"], row["low"], close)]
    rest = [f"{volume * close:.8f}", 40, f"{volume / 2:.8f}", "0.00000000", "0"]
    return [milliseconds, *prices, f"{volume:.8f}", ends, *rest]


def json_answer(
    body: object, headers: Mapping[str, str] | None = None, status: int = 200
) -> Response:
    """Any JSON."""
    return Response(json.dumps(body), status, headers, content_type="application/json")


#: Answers of an exchange that stumbles: each deserves another attempt.
STUMBLES: Mapping[str, Callable[[], Response]] = {
    "429": lambda: json_answer({"code": -1003}, {"Retry-After": "1"}, 429),
    "418": lambda: json_answer({"code": -1003}, {"Retry-After": "2"}, 418),
    "503": lambda: json_answer({"code": -1001, "msg": "busy"}, None, 503),
    "502 page": lambda: Response("<html>Bad Gateway</html>", 502, content_type="text/html"),
    "200 page": lambda: Response("<html>Maintenance</html>", 200, content_type="text/html"),
    "empty object": lambda: json_answer({}),
    "rows of text": lambda: json_answer([["a", "b", "c", "d", "e", "f"]]),
    "cut JSON": lambda: Response('[[1591478520000,"0.025', content_type="application/json"),
    "cut body": lambda: Response("[", headers={"Content-Length": "1000"}),
}
