"""Bars of crypto exchanges: the candles of a window, and where a history begins.

Exchanges answer with some hundred candles from a moment on, the forming one included. Some answer
an early moment with their first candles, some with none where the first is too far away, some with
their newest ones whatever they were asked.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence

import polars as pl

from regime_platform.model.bar_schema import empty_bars
from regime_platform.model.instruments import Instrument
from regime_platform.model.timeframes import DURATION
from regime_platform.sources.ccxt.candles import bars_of, other_labels
from regime_platform.sources.ccxt.exchange import ExchangeClient
from regime_platform.sources.ccxt.markets import market_called
from regime_platform.sources.http_client import require_address
from regime_platform.sources.protocol import (
    BarPage,
    Charge,
    NotOfferedError,
    NotServedError,
    SourceInputs,
    WindowRequest,
)

MOST_ROWS = 5000  # of one window; an exchange answers it in several parts
_DAYS = "1day"


def source_of(inputs: SourceInputs) -> "CcxtSource":
    """The source of exchanges, at their own addresses or at that of the settings."""
    url = inputs.settings.ccxt_url
    if url:
        require_address("REGIME_CCXT_URL", url)
    return CcxtSource(url, inputs.clock)


class CcxtSource:
    """Serves windows from the exchange that an instrument names as ``venue``.

    Args:
        base_url: replaces scheme and host of every exchange's addresses; empty for their own.
        clock: the machine's, in seconds since the epoch.
    """

    name = "ccxt"
    most_rows = MOST_ROWS

    def __init__(self, base_url: str, clock: Callable[[], float]) -> None:
        self._base_url, self._clock = base_url, clock
        self._clients: dict[str, ExchangeClient] = {}

    def client(self, venue: str) -> ExchangeClient:
        """The client of an exchange; ``ConfigError`` where the library knows none."""
        if venue not in self._clients:
            self._clients[venue] = ExchangeClient(venue, self._base_url, self._clock)
        return self._clients[venue]

    def require_venue(self, venue: str) -> None:
        """See ``MarketSource``."""
        self.client(venue)

    def market_of(self, venue: str, word: str) -> str:
        """See ``MarketSource``; a word without settlement means a market of spot."""
        markets = self.client(venue).markets(word, is_all=":" in word)
        return market_called(word, markets, venue)

    @property
    def charge(self) -> Charge:
        """See ``WindowSource``; no request costs credits."""
        return Charge(sum(client.charge.requests for client in self._clients.values()))

    def earliest(self, instrument: Instrument, timeframe: str, now: dt.datetime) -> dt.date:
        """See ``WindowSource``; where finer bars begin later than days, the date of the days."""
        series = _Series(self.client(instrument.venue), instrument, timeframe)
        first = dt.datetime.combine(instrument.market.first_date, dt.time(), dt.UTC)
        bars, _ = series.answer(first)
        if bars.is_empty():
            days = _Series(series.client, instrument, series.longest)
            bars = days.first(first, now)
        if bars.is_empty():
            raise NotOfferedError(f"{instrument.venue} has no {timeframe} candle of this market")
        date: dt.date = bars["ts"].dt.date()[0]
        return date - dt.timedelta(days=date.weekday()) if timeframe == "1week" else date

    def page(self, request: WindowRequest, now: dt.datetime) -> BarPage:
        """See ``WindowSource``."""
        instrument, timeframe = request.instrument, request.timeframe
        series = _Series(self.client(instrument.venue), instrument, timeframe)
        bars = [empty_bars()]
        moments: list[float] = []
        for part, between in series.parts(request.start, request.end, now):
            bars.append(part)
            moments += between
        client = series.client
        return BarPage(
            pl.concat(bars),
            "as_served",
            (request.start, request.end),
            client.is_clock_behind,
            between=(moments[0], moments[-1]) if moments else None,
            notice=series.notice,
        )

    def batch(
        self, requests: Sequence[WindowRequest], now: dt.datetime
    ) -> Mapping[str, BarPage | NotServedError]:
        """See ``WindowSource``; an exchange answers for one market at a time."""
        del requests, now
        return {}

    def batch_key(self, request: WindowRequest) -> tuple[str, ...]:
        """See ``WindowSource``."""
        return (request.instrument.venue,)

    def batch_size(self) -> int:
        """See ``WindowSource``."""
        return 1

    def credits_per_minute(self) -> int:
        """See ``WindowSource``."""
        return 0


class _Series:
    """The candles of one market on one timeframe."""

    def __init__(self, client: ExchangeClient, instrument: Instrument, timeframe: str) -> None:
        self.client, self._instrument, self._timeframe = client, instrument, timeframe
        self._what = f"{instrument.symbol} {timeframe}"
        self._market = client.market(instrument.provider_symbol, self._what)
        self._length = DURATION[timeframe]
        self._span = self._length * client.limit(self._market.symbol)

    @property
    def longest(self) -> str:
        """Days, of which an answer spans the most time, unless the exchange has none."""
        return _DAYS if self.client.offers(_DAYS) else self._timeframe

    @property
    def notice(self) -> str:
        """A line where the market is not traded."""
        if self._market.is_active:
            return ""
        return (
            f"{self.client.venue} does not trade {self._market.symbol} now; "
            "where that is for good, `regime universe delist` ends the requests"
        )

    def answer(self, since: dt.datetime) -> tuple[pl.DataFrame, tuple[float, float]]:
        """The candles of one answer that open from ``since`` on.

        ``NotOfferedError`` where they are labelled otherwise than bars are.
        """
        client = self.client
        rows, between = client.candles(self._market.symbol, self._timeframe, since, self._what)
        bars = bars_of(rows)
        if reason := other_labels(bars["ts"], self._timeframe):
            raise NotOfferedError(f"{client.venue} {reason}; they are built from shorter ones")
        return bars.filter(pl.col("ts") >= since), between

    def parts(
        self, start: dt.datetime, end: dt.datetime, now: dt.datetime
    ) -> Iterator[tuple[pl.DataFrame, tuple[float, float]]]:
        """The candles that open in [start, end), answer by answer, without overlap."""
        since = start
        while since < end and since <= now:
            bars, between = self.answer(since)
            yield bars.filter(pl.col("ts") < end), between
            newest = bars["ts"].max()
            # an empty answer need not mean that none follows: it may span no more than its limit
            since = newest + self._length if isinstance(newest, dt.datetime) else since + self._span

    def first(self, start: dt.datetime, now: dt.datetime) -> pl.DataFrame:
        """The first answer with candles, where one for ``start`` has none; by bisection."""
        low, high, first = start, now, empty_bars()
        while high - low > self._span:
            middle = low + (high - low) / 2
            bars, _ = self.answer(middle)
            if bars.is_empty():
                low = middle
            else:
                high, first = middle, bars
        return first
