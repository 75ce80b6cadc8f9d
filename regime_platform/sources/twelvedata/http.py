"""One request to the Twelve Data API and its answer: key, credits, retries.

The key is sent in a header only and removed from every text of the vendor that enters a message;
bodies are parsed unchanged.
"""

import datetime as dt
import time
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import httpx

from regime_platform.bounded_http import (
    ACCEPTED,
    BoundedHttp,
    DeadlineError,
    HttpAnswer,
    TooLargeError,
)
from regime_platform.errors import ConfigError, QuotaError, SourceError
from regime_platform.json_text import NestedError
from regime_platform.redaction import hide
from regime_platform.sources.attempts import TransientError, repeating, server_text
from regime_platform.sources.credits import CreditBudget
from regime_platform.sources.http_client import open_client
from regime_platform.sources.outage import Outage
from regime_platform.sources.protocol import Charge
from regime_platform.sources.server_clock import header_number
from regime_platform.sources.twelvedata.answers import (
    VENDOR,
    MinuteSpentError,
    error_of,
    is_empty_window,
    is_error,
    json_object,
    note_clock,
)

_TIMEOUT = httpx.Timeout(30.0, connect=10.0)
#: Seconds for one exchange, connecting included.
DEADLINE = 120.0
#: Size limit of an answer: for each symbol 5,000 bars of at most 256 bytes (a bar with all digits
#: that a float can have takes 180), and the size of a body without bars.
_BYTES_PER_SYMBOL = 5000 * 256
_BYTES_BESIDE = 1024**2
#: A request that missed the deadline is sent once more, less often than one that failed at once.
_LATE_ATTEMPTS = 2
#: A key that is still refused after so many minutes is in use elsewhere.
_MINUTES_TO_WAIT = 5


@dataclass(frozen=True)
class ApiRequest:
    """One request: path, parameters and cost."""

    path: str
    params: Mapping[str, str]  # without the key
    what: str  # symbol and timeframe, for messages
    cost: int = 1  # credits


@dataclass(frozen=True)
class ApiAnswer:
    """An answer of the vendor."""

    body: Mapping[str, Any] | None  # None: no data for the question, or no JSON object
    http_status: int = 200
    credits_used: int | None = None  # of the minute, as the vendor's header counts
    between: tuple[float, float] | None = None  # Unix times: sent, arrived


class TwelveDataClient:
    """Sends one request after another over one connection.

    Args:
        base_url: the address of the API.
        key: never shown in any message, log or URL.
        budget: every request is charged to it.
        transport: replaces the network, for tests of the transport itself.
        clock: the machine's, in seconds since the epoch; compared with the vendor's.
        deadline: seconds for one exchange as a whole.

    Raises:
        ConfigError: the key cannot be sent as a header.
    """

    def __init__(  # noqa: PLR0913 - what to talk to, and its limits
        self,
        base_url: str,
        key: str,
        budget: CreditBudget,
        transport: httpx.BaseTransport | None = None,
        *,
        clock: Callable[[], float] = time.time,
        deadline: float = DEADLINE,
    ) -> None:
        if not key.isascii() or not key.isprintable() or not key.strip():
            raise ConfigError(
                "the Twelve Data key is empty or has characters that no key has; "
                "copy it into TWELVEDATA_API_KEY again",
                code="unusable-key",
            )
        hide(key.strip())
        self.budget = budget
        self.charge = Charge()
        self._clock = clock
        self.is_clock_behind = False  # this machine's, when the vendor answered last
        self._late = 0  # exchanges in a row that missed the deadline
        self._outage = Outage(VENDOR)
        self._http = open_client(
            base_url=base_url,
            headers={"Authorization": f"apikey {key.strip()}", **ACCEPTED},
            timeout=_TIMEOUT,
            transport=transport,
        )
        self._bounded = BoundedHttp(self._http, deadline)
        weakref.finalize(self, self._bounded.close)
        self._retrying = repeating(self._is_retryable)

    def ask(self, request: ApiRequest, day: dt.date) -> ApiAnswer:
        """The answer to a request, charged to the vendor's UTC ``day``.

        Raises:
            CredentialsError: the key is refused.
            QuotaError: the day's credits are spent, or minute after minute is.
            ClockError: this machine's clock is not the vendor's.
            UnresponsiveError: request after request gets no answer, or misses the deadline.
            NotServedError: the vendor does not serve this to this key.
            SourceError: any other fault that another attempt would not solve.
        """
        for _ in range(_MINUTES_TO_WAIT):
            try:
                return self._retrying(self._attempt, request, day)
            except MinuteSpentError as error:
                self.budget.exhaust_minute(str(error))
            except TransientError as error:
                again = "" if self._outage.is_seen else " although asked again"
                symbols = request.params["symbol"]
                self._outage.add(symbols, str(error), is_of_server=error.is_of_server)
                raise SourceError(
                    f"{request.what}: Twelve Data did not answer {request.path} properly "
                    f"({error}){again}; run once more later",
                    code="no-answer",
                ) from None
        raise QuotaError(
            f"{request.what}: no credits for {_MINUTES_TO_WAIT} minutes in a row; "
            "check what else uses this Twelve Data key, then run again",
            code="minute-credits-spent",
        )

    def response(self, request: ApiRequest, day: dt.date) -> ApiAnswer:
        """The answer of one attempt, errors included: for probing the vendor."""
        try:
            return self._send(request, day)
        except TransientError as error:
            raise SourceError(f"{request.what}: {error}; try later", code="no-answer") from None

    def _is_retryable(self, error: Exception) -> bool:
        if not isinstance(error, TransientError) or self._outage.is_seen:
            return False
        return not error.is_late or self._late % _LATE_ATTEMPTS != 0

    def _attempt(self, request: ApiRequest, day: dt.date) -> ApiAnswer:
        answer = self._send(request, day)
        code, message = answer.http_status, "no JSON object"
        if answer.body is not None:
            if answer.http_status < 400 and not is_error(answer.body):
                self._outage.end()
                return answer
            # the code in the body counts, since the status may be 200 for an error
            stated = answer.body.get("code")
            code = stated if isinstance(stated, int) else code
            message = server_text(answer.body.get("message", "no message"))
        if is_empty_window(code, message):
            self._outage.end()
            return replace(answer, body=None)
        error = error_of(code, message, request.what)
        if not isinstance(error, TransientError):
            self._outage.end()
        if isinstance(error, QuotaError):
            self.budget.note_day_refusal(message)
        raise error

    def _send(self, request: ApiRequest, day: dt.date) -> ApiAnswer:
        self.budget.reserve(request.cost, day)
        self.charge = Charge(self.charge.requests + 1, self.charge.credits + request.cost)
        sent_at = self._clock()
        answered = self._exchange(request)
        self._late = 0
        used, left = (
            header_number(answered.headers.get(f"api-credits-{name}", ""))
            for name in ("used", "left")
        )
        # a plan without a limit may send other texts than numbers
        if used is not None and left is not None and used + left > 0:
            self.budget.correct(used, left)
        between = sent_at, self._clock()
        self.is_clock_behind = note_clock(self.budget, answered.headers, between)
        try:
            body = json_object(answered.content)
        except NestedError:
            raise SourceError(
                f"{request.what}: Twelve Data answered {request.path} with JSON that is nested "
                "too deeply to be bars; check REGIME_TWELVEDATA_URL, then run again",
                code="answer-form",
            ) from None
        return ApiAnswer(body, answered.status_code, credits_used=used, between=between)

    def _exchange(self, request: ApiRequest) -> HttpAnswer:
        http_request = self._http.build_request("GET", request.path, params=dict(request.params))
        limit = _BYTES_BESIDE + request.cost * _BYTES_PER_SYMBOL
        # errors are raised without the cause, whose request contains the key
        try:
            return self._bounded.exchange(http_request, limit)
        except TooLargeError as error:
            raise SourceError(
                f"{request.what}: {server_text(error)}, and was not read further; check that "
                "REGIME_TWELVEDATA_URL is the vendor's address, then run again",
                code="answer-too-large",
            ) from None
        except httpx.RequestError as error:
            reason = server_text(error) or type(error).__name__
            raise TransientError(VENDOR, request.what, reason, is_of_server=False) from None
        except DeadlineError as error:
            self._late += 1
            reason = server_text(error)
            raise TransientError(
                VENDOR, request.what, reason, is_late=True, is_of_server=False
            ) from None
