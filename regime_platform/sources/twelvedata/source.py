"""Bars from the Twelve Data API: how a window, a batch or the earliest bar is asked for.

The vendor cuts long answers at their old end without a word, so every question is bounded at both
ends and an answer as long as can be is taken for cut. Which windows to ask for is not decided here.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl

from regime_platform.errors import SourceError
from regime_platform.model.bar_schema import empty_bars
from regime_platform.model.instruments import Instrument
from regime_platform.model.timeframes import is_intraday
from regime_platform.sources.protocol import (
    BarPage,
    CutError,
    NotOfferedError,
    NotServedError,
    WindowRequest,
)
from regime_platform.sources.twelvedata.answers import (
    answered_bars,
    answered_earliest,
    answered_market,
)
from regime_platform.sources.twelvedata.errors import (
    MinuteSpentError,
    TooManyError,
    TransientError,
    is_empty_window,
    is_error,
    refusal,
)
from regime_platform.sources.twelvedata.http import ApiAnswer, ApiRequest, TwelveDataClient

MOST_ROWS = 5000  # of one answer; an answer that long may have been cut
MOST_SYMBOLS = 120  # of one request


class TwelveDataSource:
    """Serves windows; every request is paid from the client's budget."""

    name = "twelvedata"
    most_rows = MOST_ROWS

    def __init__(self, client: TwelveDataClient) -> None:
        self.client = client

    def earliest(self, instrument: Instrument, timeframe: str, now: dt.datetime) -> dt.date:
        """See ``WindowSource``; a week's first bar is dated by its Monday."""
        what = f"{instrument.symbol} {timeframe}"
        question = ApiRequest("/earliest_timestamp", _identity(instrument, timeframe), what)
        answer = self.client.ask(question, _day(now))
        if answer.body is None:
            raise NotOfferedError(f"Twelve Data has no {timeframe} bar of this instrument")
        first = answered_earliest(answer.body, timeframe, what)
        return first - dt.timedelta(days=first.weekday()) if timeframe == "1week" else first

    def page(self, ask: WindowRequest, now: dt.datetime) -> BarPage:
        """See ``WindowSource``."""
        answer = self.client.ask(_question([ask]), _day(now))
        return self._dated(_page(ask, answer.body, answer.requests, answer.requests))

    def batch(
        self, asks: Sequence[WindowRequest], now: dt.datetime
    ) -> Mapping[str, BarPage | NotServedError]:
        """See ``WindowSource``."""
        if len(asks) == 1:
            raise ValueError("one symbol is answered without its name: ask for it with page()")
        try:
            answer = self.client.ask(_question(asks), _day(now))
        except TooManyError:
            if len(asks) < 4:
                raise
            half = len(asks) // 2
            return {**self.batch(asks[:half], now), **self.batch(asks[half:], now)}
        return self._outcomes(asks, answer)

    def batch_key(self, ask: WindowRequest) -> tuple[str, ...]:
        """What besides the symbol names the instrument, since a request says it once for all."""
        named = _identity(ask.instrument, ask.timeframe)
        return tuple(f"{name}={text}" for name, text in named.items() if name != "symbol")

    def batch_size(self) -> int:
        """What is left of the minute pays for a whole request, so that no credit goes unused."""
        return min(MOST_SYMBOLS, self.client.budget.left_in_minute())

    def credits_per_minute(self) -> int:
        """See ``WindowSource``."""
        return self.client.budget.minute_limit()

    def _outcomes(
        self, asks: Sequence[WindowRequest], answer: ApiAnswer
    ) -> dict[str, BarPage | NotServedError]:
        found: dict[str, BarPage | NotServedError] = {}
        requests = answer.requests
        for ask in asks:
            part = (answer.body or {}).get(ask.instrument.identity["provider_symbol"])
            if not isinstance(part, Mapping):
                continue
            outcome = self._outcome(ask, part, requests, answer.requests)
            if outcome is not None:
                found[ask.instrument.symbol] = outcome
                requests = 0  # the round trip is counted once
        return found

    def _outcome(
        self, ask: WindowRequest, part: Mapping[str, object], requests: int, cost: int
    ) -> BarPage | NotServedError | None:
        if is_error(part):
            code = part["code"] if isinstance(part.get("code"), int) else 500
            message = self.client.clean(str(part.get("message", "no message")))
            assert isinstance(code, int)
            if is_empty_window(code, message):
                return self._dated(_page(ask, None, requests, cost))
            refused = refusal(code, message, ask.what)
            if isinstance(refused, NotServedError):
                return refused
            if isinstance(refused, MinuteSpentError | TransientError):
                return None
            if type(refused) is SourceError:
                return None  # asked alone, it tells its own story
            raise refused
        try:
            return self._dated(_page(ask, part, requests, cost))
        except (SourceError, CutError):
            return None

    def _dated(self, page: BarPage) -> BarPage:
        return replace(page, is_clock_behind=self.client.is_clock_behind)


def _question(asks: Sequence[WindowRequest]) -> ApiRequest:
    first = asks[0]
    symbols = [ask.instrument.identity["provider_symbol"] for ask in asks]
    params = {
        **_identity(first.instrument, first.timeframe),
        "symbol": ",".join(symbols),
        "start_date": _date_text(first.start, first.timeframe),
        "end_date": _date_text(first.end, first.timeframe),
        "outputsize": str(MOST_ROWS),
    }
    more = f" and {len(asks) - 1} more" if len(asks) > 1 else ""
    return ApiRequest("/time_series", params, first.what + more, len(asks))


def _page(
    ask: WindowRequest, body: Mapping[str, object] | None, requests: int, cost: int
) -> BarPage:
    basis = "unadjusted" if is_intraday(ask.timeframe) else "split_adjusted"
    window = (ask.start, ask.end)
    if body is None:
        return BarPage(empty_bars(), basis, window, requests, cost)
    bars = answered_bars(body, ask.instrument, ask.timeframe)
    if bars.height >= MOST_ROWS:
        raise CutError(f"{ask.what}: {bars.height} bars between {ask.start} and {ask.end}")
    # the vendor's ends are exclusive here and inclusive there, so both are cut here as well
    within = bars.filter(pl.col("ts").is_between(*window, closed="left"))
    return BarPage(within, basis, window, requests, cost, answered=answered_market(body))


def _identity(instrument: Instrument, timeframe: str) -> dict[str, str]:
    named = dict(instrument.identity)
    question = {"symbol": named.pop("provider_symbol"), **named, "interval": timeframe}
    if is_intraday(timeframe):
        question["timezone"] = "UTC"  # dates stand as they are, whatever one asks for
    return question


def _date_text(instant: dt.datetime, timeframe: str) -> str:
    return f"{instant:%Y-%m-%d %H:%M:%S}" if is_intraday(timeframe) else f"{instant:%Y-%m-%d}"


def _day(now: dt.datetime) -> dt.date:
    return now.astimezone(dt.UTC).date()
