"""A vendor on loopback that behaves as Twelve Data does, with faults on request.

Windows, the cut at 5,000 rows, newest-first order, numbers as text, the forming bar, batch maps,
credits with their headers and errors in bodies are the vendor's; ``answer_next`` puts scripted
answers before the real ones.
"""

import datetime as dt
import gzip
import json
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import format_datetime

import polars as pl
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from regime_platform.model.calendar.due import bar_end
from regime_platform.model.markets import MARKETS
from regime_platform.model.timeframes import is_intraday

KEY = "loopback-key-1234567890"
MOST_ROWS = 5000
MOST_SYMBOLS = 120
NO_DATA = "No data is available on the specified dates. Try setting different start/end dates."
MINUTE_SPENT = (
    "You have run out of API credits for the current minute. 9 API credits were used, with the "
    "current limit being 8. Wait for the next minute."
)
DAY_SPENT = (
    "You have run out of API credits for the day. 801 API credits were used, with the current "
    "limit being 800. Wait for the next day."
)


@dataclass(frozen=True)
class Question:
    """One request as it arrived."""

    path: str
    params: Mapping[str, str]
    url: str
    is_scripted: bool = False  # answered by answer_next, whatever it asked


@dataclass
class _Listed:
    bars: pl.DataFrame  # ts as this vendor labels it, UTC
    meta: Mapping[str, str]


@dataclass
class Plan:
    """What the vendor lets a key spend, and how much of it is gone."""

    per_minute: int
    per_day: int | None = None
    clock: Callable[[], float] = lambda: 0.0  # the vendor's, in seconds since the epoch
    minutes: Counter[int] = field(default_factory=Counter)
    days: Counter[dt.date] = field(default_factory=Counter)
    refused: int = 0

    def charge(self, cost: int) -> tuple[bool, dict[str, str], str]:
        """Whether the plan pays, the headers that say so, and the refusal where it does not."""
        minute = int(self.clock() // 60)
        day = dt.datetime.fromtimestamp(self.clock(), dt.UTC).date()
        refusal = ""
        if self.per_day is not None and self.days[day] + cost > self.per_day:
            refusal = DAY_SPENT
        elif self.minutes[minute] + cost > self.per_minute:
            refusal = MINUTE_SPENT
        if not refusal:
            self.minutes[minute] += cost
            self.days[day] += cost
        self.refused += bool(refusal)
        used = self.minutes[minute]
        headers = {"api-credits-used": str(used), "api-credits-left": str(self.per_minute - used)}
        return not refusal, headers, refusal


@dataclass
class LoopbackVendor:
    """Serves what ``list_series`` was given, to every request with the key.

    Attributes:
        most_rows: the cut.
        plan: the credits of the key; None takes no account.
        now: the vendor's clock: bars that open later are not served, and the one that is open is
            half of itself; None serves everything that is listed.
    """

    server: HTTPServer
    most_rows: int = MOST_ROWS
    plan: Plan | None = None
    now: Callable[[], dt.datetime] | None = None
    asset_class: str = "FX"  # tells when a bar is open
    is_dated: bool = False  # answers carry ``now`` as their Date, not the machine's time
    questions: list[Question] = field(default_factory=list)
    errors: dict[str, int] = field(default_factory=dict)  # symbol -> code of its error
    _listed: dict[tuple[str, str], _Listed] = field(default_factory=dict)
    _scripted: deque[Response] = field(default_factory=deque)

    def __post_init__(self) -> None:
        for path in ("/time_series", "/earliest_timestamp"):
            self.server.expect_request(path).respond_with_handler(self.answer)

    @property
    def url(self) -> str:
        """Where a client finds this vendor."""
        return self.server.url_for("")

    def list_series(self, symbol: str, interval: str, bars: pl.DataFrame, **meta: str) -> None:
        """Offers ``bars`` under the vendor's own name of the instrument."""
        named = {"symbol": symbol, "interval": interval, "type": "Physical Currency", **meta}
        self._listed[symbol, interval] = _Listed(bars.sort("ts"), named)

    def delist(self, symbol: str) -> None:
        """Removes all series of a symbol."""
        for key in [key for key in self._listed if key[0] == symbol]:
            del self._listed[key]

    def answer_next(self, *responses: Response) -> None:
        """Gives these answers to the next requests, one each, whatever they ask."""
        self._scripted.extend(responses)

    def forget_script(self) -> None:
        """Is healthy again."""
        self._scripted.clear()

    def asked(self, path: str) -> list[Question]:
        """The questions to one endpoint, in order."""
        return [question for question in self.questions if question.path == path]

    def answer(self, request: Request) -> Response:
        """What the vendor says to one request."""
        params = request.args.to_dict()
        scripted = bool(self._scripted)
        self.questions.append(Question(request.path, params, request.url, scripted))
        if scripted:
            return self._scripted.popleft()
        if request.headers.get("Authorization") != f"apikey {KEY}":
            return error_answer(401, "**apikey** parameter is incorrect or not specified.")
        symbols = params["symbol"].split(",")
        if len(symbols) > MOST_SYMBOLS:
            return error_answer(414, "Too many symbols in one request.")
        pays, headers, refusal = True, dict[str, str](), ""
        if self.plan is not None:
            pays, headers, refusal = self.plan.charge(len(symbols))
        if self.is_dated and self.now is not None:
            headers = {**headers, "Date": format_datetime(self.now(), usegmt=True)}
        body = self._body(request.path, symbols, params) if pays else _error(429, refusal)
        return json_answer(body, headers=headers)

    def _body(self, path: str, symbols: list[str], params: Mapping[str, str]) -> dict[str, object]:
        if len(symbols) > 1:
            named = {**params}
            return {
                symbol: self._body(path, [symbol], {**named, "symbol": symbol})
                for symbol in symbols
            }
        if code := self.errors.get(symbols[0]):
            return _error(code, f"{symbols[0]} cannot be served")
        listed = self._listed.get((symbols[0], params["interval"]))
        if listed is None:
            return _error(404, "**symbol** not found. Please specify it correctly.")
        if path == "/earliest_timestamp":
            return _earliest(listed)
        return self._time_series(listed, params)

    def _time_series(self, listed: _Listed, args: Mapping[str, str]) -> dict[str, object]:
        within = self._served(listed)
        if start := args.get("start_date"):
            within = within.filter(pl.col("ts") >= _instant(start))
        if end := args.get("end_date"):
            # a date alone is exclusive, a time is inclusive
            until = _instant(end)
            within = within.filter(pl.col("ts") <= until if " " in end else pl.col("ts") < until)
        if within.is_empty():
            return _error(400, NO_DATA)
        dated = "start_date" in args or "end_date" in args
        rows = min(int(args.get("outputsize", self.most_rows if dated else 30)), self.most_rows)
        return series_body(within.tail(rows), listed.meta)

    def _served(self, listed: _Listed) -> pl.DataFrame:
        if self.now is None:
            return listed.bars
        now, interval = self.now(), listed.meta["interval"]
        opened = listed.bars.filter(pl.col("ts") <= now)
        if (
            opened.is_empty()
            or bar_end(opened["ts"][-1], interval, MARKETS[self.asset_class]) <= now
        ):
            return opened
        half = opened.tail(1).with_columns(close=(pl.col("open") + pl.col("close")) / 2)
        return pl.concat([opened.head(-1), half.with_columns(volume=pl.col("volume") / 2)])


def series_body(bars: pl.DataFrame, meta: Mapping[str, str]) -> dict[str, object]:
    """The body of a good /time_series answer: newest first, numbers as text."""
    form = "%Y-%m-%d %H:%M:%S" if is_intraday(meta["interval"]) else "%Y-%m-%d"
    values = [
        {
            "datetime": row["ts"].strftime(form),
            **{name: repr(row[name]) for name in ("open", "high", "low", "close")},
            **({} if row["volume"] is None else {"volume": repr(row["volume"])}),
        }
        for row in bars.reverse().iter_rows(named=True)
    ]
    return {"meta": dict(meta), "values": values, "status": "ok"}


def error_answer(code: int, message: str, http: int | None = None) -> Response:
    """An error as the vendor words it; its HTTP status may be 200 all the same."""
    return json_answer(_error(code, message), http=code if http is None else http)


def json_answer(
    body: object, http: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Any JSON."""
    return Response(json.dumps(body), status=http, content_type="application/json", headers=headers)


#: Answers of a server that stumbles: each deserves another attempt.
STUMBLES: Mapping[str, Callable[[], Response]] = {
    "500": lambda: error_answer(500, "internal"),
    "502 page": lambda: Response("<html>Bad Gateway</html>", 502, content_type="text/html"),
    "200 page": lambda: Response("<html>Maintenance</html>", 200, content_type="text/html"),
    "error in 200": lambda: error_answer(503, "overloaded", 200),
    "error without a code": lambda: json_answer({"status": "error"}),
    "cut JSON": lambda: Response('{"meta": {"symbol": "EU', content_type="application/json"),
    "a list": lambda: json_answer([1, 2]),
    "invalid UTF-8": lambda: Response(b'{"a": "\xff\xfe"}', content_type="application/json"),
    "invalid gzip": lambda: Response(
        gzip.compress(b"{}")[:5] + b"rubbish", headers={"Content-Encoding": "gzip"}
    ),
    "cut body": lambda: Response(b"{", headers={"Content-Length": "1000"}),
}


def _error(code: int, message: str) -> dict[str, object]:
    return {"code": code, "message": message, "status": "error"}


def _earliest(listed: _Listed) -> dict[str, object]:
    if listed.bars.is_empty():
        return _error(400, NO_DATA)
    first: dt.datetime = listed.bars["ts"][0]
    form = "%Y-%m-%d %H:%M:%S" if is_intraday(listed.meta["interval"]) else "%Y-%m-%d"
    return {"datetime": first.strftime(form), "unix_time": int(first.timestamp())}


def _instant(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)
