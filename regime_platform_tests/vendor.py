"""A vendor on loopback that behaves as Twelve Data does, with faults on request.

Windows, the cut at 5,000 rows, newest-first order, numbers as text, the forming bar and errors in
bodies are the vendor's; ``answer_next`` puts scripted answers before the real ones.
"""

import datetime as dt
import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from regime_platform.model.timeframes import is_intraday

KEY = "loopback-key-1234567890"
MOST_ROWS = 5000
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


@dataclass
class _Listed:
    bars: pl.DataFrame  # ts as this vendor labels it, UTC
    meta: Mapping[str, str]


@dataclass
class LoopbackVendor:
    """Serves what ``list_series`` was given, to whoever has the key."""

    server: HTTPServer
    most_rows: int = MOST_ROWS
    questions: list[Question] = field(default_factory=list)
    _listed: dict[tuple[str, str], _Listed] = field(default_factory=dict)
    _scripted: deque[Response] = field(default_factory=deque)

    def __post_init__(self) -> None:
        for path in ("/time_series", "/earliest_timestamp"):
            self.server.expect_request(path).respond_with_handler(self._answer)

    @property
    def url(self) -> str:
        """Where a client finds this vendor."""
        return self.server.url_for("")

    def list_series(self, symbol: str, interval: str, bars: pl.DataFrame, **meta: str) -> None:
        """Offers ``bars`` under the vendor's own name of the instrument."""
        named = {"symbol": symbol, "interval": interval, "type": "Physical Currency", **meta}
        self._listed[symbol, interval] = _Listed(bars.sort("ts"), named)

    def answer_next(self, *responses: Response) -> None:
        """Gives these answers to the next requests, one each, whatever they ask."""
        self._scripted.extend(responses)

    def asked(self, path: str) -> list[Question]:
        """The questions to one endpoint, in order."""
        return [question for question in self.questions if question.path == path]

    def _answer(self, request: Request) -> Response:
        self.questions.append(Question(request.path, request.args.to_dict(), request.url))
        if self._scripted:
            return self._scripted.popleft()
        if request.headers.get("Authorization") != f"apikey {KEY}":
            return error_answer(401, "**apikey** parameter is incorrect or not specified.")
        listed = self._listed.get((request.args["symbol"], request.args["interval"]))
        if listed is None:
            return error_answer(404, "**symbol** not found. Please specify it correctly.")
        if request.path == "/earliest_timestamp":
            return _earliest(listed)
        return self._time_series(listed, request.args)

    def _time_series(self, listed: _Listed, args: Mapping[str, str]) -> Response:
        within = listed.bars
        if start := args.get("start_date"):
            within = within.filter(pl.col("ts") >= _instant(start))
        if end := args.get("end_date"):
            # a date alone is exclusive, a time is inclusive
            until = _instant(end)
            within = within.filter(pl.col("ts") <= until if " " in end else pl.col("ts") < until)
        if within.is_empty():
            return error_answer(400, NO_DATA)
        dated = "start_date" in args or "end_date" in args
        rows = min(int(args.get("outputsize", self.most_rows if dated else 30)), self.most_rows)
        return json_answer(series_body(within.tail(rows), listed.meta))


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
    body = {"code": code, "message": message, "status": "error"}
    return json_answer(body, http=code if http is None else http)


def json_answer(body: object, http: int = 200) -> Response:
    """Any JSON."""
    return Response(json.dumps(body), status=http, content_type="application/json")


def _earliest(listed: _Listed) -> Response:
    if listed.bars.is_empty():
        return error_answer(400, NO_DATA)
    first: dt.datetime = listed.bars["ts"][0]
    form = "%Y-%m-%d %H:%M:%S" if is_intraday(listed.meta["interval"]) else "%Y-%m-%d"
    return json_answer({"datetime": first.strftime(form), "unix_time": int(first.timestamp())})


def _instant(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)
