"""Bars from the Twelve Data API: requests for a window, a batch or the earliest bar.

The vendor silently cuts long answers at their old end. So every request is bounded at both ends,
and an answer of the maximum length counts as cut. The pipeline decides which windows to request.
"""

import datetime as dt
import logging
from collections.abc import Mapping, Sequence

from regime_platform.errors import ConfigError, SourceError
from regime_platform.model.bar_schema import empty_bars
from regime_platform.model.instruments import Instrument
from regime_platform.model.timeframes import is_intraday
from regime_platform.sources.attempts import TransientError, server_text
from regime_platform.sources.credits import CreditBudget, Limits, budget_file, doubt_of_key
from regime_platform.sources.http_client import require_private
from regime_platform.sources.protocol import (
    BarPage,
    Charge,
    CutError,
    NotOfferedError,
    NotServedError,
    SourceInputs,
    WindowRequest,
)
from regime_platform.sources.twelvedata.answers import (
    MinuteSpentError,
    TooManyError,
    answered_bars,
    answered_earliest,
    answered_market,
    error_of,
    is_empty_window,
    is_error,
)
from regime_platform.sources.twelvedata.http import ApiAnswer, ApiRequest, TwelveDataClient

MOST_ROWS = 5000  # of one answer; an answer of this length may be cut
MOST_SYMBOLS = 120  # of one request
_LOG = logging.getLogger("regime_platform.sources")


def source_of(inputs: SourceInputs) -> "TwelveDataSource":
    """The source for the key of the settings; ``ConfigError`` where there is none."""
    settings, clock = inputs.settings, inputs.clock
    if settings.twelvedata_api_key is None:
        message = "source twelvedata needs a key; set TWELVEDATA_API_KEY in .env"
        raise ConfigError(message, code="no-key")
    key = settings.twelvedata_api_key.get_secret_value().strip()
    url = settings.address_of_key()
    require_private("REGIME_TWELVEDATA_URL", url)
    if (doubt := doubt_of_key(key)) is not None:
        _LOG.warning("%s", doubt)
    limits = Limits(settings.credits_per_minute, settings.credits_per_day)
    file = budget_file(settings.credits_folder, url, key)
    budget = CreditBudget(file, limits, clock, inputs.sleep)
    return TwelveDataSource(TwelveDataClient(url, key, budget, inputs.transport, clock=clock))


class TwelveDataSource:
    """Serves windows; every request is charged to the client's budget."""

    name = "twelvedata"
    most_rows = MOST_ROWS

    def __init__(self, client: TwelveDataClient) -> None:
        self.client = client

    @property
    def charge(self) -> Charge:
        """See ``WindowSource``."""
        return self.client.charge

    def earliest(self, instrument: Instrument, timeframe: str, now: dt.datetime) -> dt.date:
        """See ``WindowSource``; a week's first bar is dated by its Monday."""
        series = f"{instrument.symbol} {timeframe}"
        request = ApiRequest("/earliest_timestamp", _identity(instrument, timeframe), series)
        answer = self.client.ask(request, _day(now))
        if answer.body is None:
            raise NotOfferedError(f"Twelve Data has no {timeframe} bar of this instrument")
        first = answered_earliest(answer.body, timeframe, series)
        return first - dt.timedelta(days=first.weekday()) if timeframe == "1week" else first

    def page(self, request: WindowRequest, now: dt.datetime) -> BarPage:
        """See ``WindowSource``."""
        answer = self.client.ask(_api_request([request]), _day(now))
        return self._page(request, answer.body, answer)

    def batch(
        self, requests: Sequence[WindowRequest], now: dt.datetime
    ) -> Mapping[str, BarPage | NotServedError]:
        """See ``WindowSource``."""
        if len(requests) == 1:
            raise ValueError("one symbol is answered without its name: request it with page()")
        try:
            answer = self.client.ask(_api_request(requests), _day(now))
        except TooManyError:
            if len(requests) < 4:
                raise
            half = len(requests) // 2
            return {**self.batch(requests[:half], now), **self.batch(requests[half:], now)}
        return self._outcomes(requests, answer)

    def batch_key(self, request: WindowRequest) -> tuple[str, ...]:
        """The parameters besides the symbol that identify the instrument; one set a batch."""
        parameters = _identity(request.instrument, request.timeframe)
        return tuple(f"{name}={text}" for name, text in parameters.items() if name != "symbol")

    def batch_size(self) -> int:
        """As many symbols as the credits left in the minute allow."""
        return min(MOST_SYMBOLS, self.client.budget.left_in_minute())

    def credits_per_minute(self) -> int:
        """See ``WindowSource``."""
        return self.client.budget.minute_limit()

    def _outcomes(
        self, requests: Sequence[WindowRequest], answer: ApiAnswer
    ) -> dict[str, BarPage | NotServedError]:
        outcomes: dict[str, BarPage | NotServedError] = {}
        for request in requests:
            part = (answer.body or {}).get(request.instrument.identity["provider_symbol"])
            if not isinstance(part, Mapping):
                continue
            outcome = self._outcome(request, part, answer)
            if outcome is not None:
                outcomes[request.instrument.symbol] = outcome
        return outcomes

    def _outcome(
        self, request: WindowRequest, part: Mapping[str, object], answer: ApiAnswer
    ) -> BarPage | NotServedError | None:
        """The page or refusal of one symbol; None where it has to be requested alone."""
        if is_error(part):
            stated = part.get("code")
            code = stated if isinstance(stated, int) else 500
            message = server_text(part.get("message", "no message"))
            if is_empty_window(code, message):
                return self._page(request, None, answer)
            error = error_of(code, message, request.series)
            if isinstance(error, NotServedError):
                return error
            if isinstance(error, MinuteSpentError | TransientError) or type(error) is SourceError:
                return None
            raise error
        try:
            return self._page(request, part, answer)
        except (SourceError, CutError):
            return None

    def _page(
        self, request: WindowRequest, body: Mapping[str, object] | None, answer: ApiAnswer
    ) -> BarPage:
        bars, note = empty_bars(), ""
        labels = bars["ts"]
        if body is not None:
            bars, labels, note = answered_bars(body, request.instrument, request.timeframe)
        if bars.height >= MOST_ROWS:
            raise CutError(
                f"{request.series}: {bars.height} bars between {request.start} and {request.end}"
            )
        window = (request.start, request.end)
        # the vendor includes or excludes the ends of a window, so the page is cut to it here, by
        # its labels: their opens may be those of a neighbouring window, which has not these labels
        return BarPage(
            bars.filter(labels.is_between(*window, closed="left")),
            "unadjusted" if is_intraday(request.timeframe) else "split_adjusted",
            window,
            self.client.is_clock_behind,
            answered_market(body or {}),
            answer.between,
            note,
        )


def _api_request(requests: Sequence[WindowRequest]) -> ApiRequest:
    first = requests[0]
    symbols = [request.instrument.identity["provider_symbol"] for request in requests]
    params = {
        **_identity(first.instrument, first.timeframe),
        "symbol": ",".join(symbols),
        "start_date": _date_text(first.start, first.timeframe),
        "end_date": _date_text(first.end, first.timeframe),
        "outputsize": str(MOST_ROWS),
    }
    more = f" and {len(requests) - 1} more" if len(requests) > 1 else ""
    return ApiRequest("/time_series", params, first.series + more, len(requests))


def _identity(instrument: Instrument, timeframe: str) -> dict[str, str]:
    fields = dict(instrument.identity)
    parameters = {"symbol": fields.pop("provider_symbol"), **fields, "interval": timeframe}
    if is_intraday(timeframe):
        parameters["timezone"] = "UTC"  # has no effect on dates
    return parameters


def _date_text(instant: dt.datetime, timeframe: str) -> str:
    return f"{instant:%Y-%m-%d %H:%M:%S}" if is_intraday(timeframe) else f"{instant:%Y-%m-%d}"


def _day(now: dt.datetime) -> dt.date:
    return now.astimezone(dt.UTC).date()
