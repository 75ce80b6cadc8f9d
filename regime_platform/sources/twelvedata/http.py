"""One request to the Twelve Data API and its answer: key, credits, retries.

``answers`` parses bodies as bars, ``errors`` maps errors to exceptions. The key is sent in a header
only and removed from every text of the vendor that enters a message; bodies are parsed unchanged.
"""

import datetime as dt
import time
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import stamina

from regime_platform.bounded_http import (
    ACCEPTED,
    BoundedHttp,
    DeadlineError,
    HttpAnswer,
    TooLargeError,
)
from regime_platform.errors import ConfigError, QuotaError, SourceError, UnresponsiveError
from regime_platform.redaction import hide, redact
from regime_platform.sources.credits import CreditBudget
from regime_platform.sources.http_client import open_client
from regime_platform.sources.twelvedata.errors import (
    MinuteSpentError,
    TransientError,
    error_of,
    is_empty_window,
    is_error,
    json_object,
)
from regime_platform.sources.vendor_clock import note_clock

_ATTEMPTS = 5
_FIRST_WAIT = 1.0  # seconds; doubles, with as much jitter
_LONGEST_WAIT = 20.0
_TIMEOUT = httpx.Timeout(30.0, connect=10.0)
#: Seconds for one exchange, connecting included.
DEADLINE = 120.0
#: Size limit of an answer: for each symbol 5,000 bars of at most 256 bytes (a bar with all digits
#: that a float can have takes 180), and the size of a body without bars.
_BYTES_PER_SYMBOL = 5000 * 256
_BYTES_BESIDE = 1024**2
#: After so many exchanges in a row that miss the deadline the vendor counts as unavailable.
_LATE_IN_A_ROW = 6
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
    """A successful answer."""

    body: Mapping[str, Any] | None  # None: the vendor has no data for the question
    requests: int  # attempts included
    http_status: int = 200


@dataclass(frozen=True)
class ApiResponse:
    """A raw response, errors included."""

    http_status: int
    body: Mapping[str, Any] | None  # None where it is no JSON object
    credits_used: int | None  # of the minute, as the vendor's header counts


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
        self._key = key.strip()
        self.budget = budget
        self._sent = 0
        hide(self._key)
        self._clock = clock
        self.is_clock_behind = False  # this machine's, when the vendor answered last
        self._late = 0  # exchanges in a row that missed the deadline
        self._http = open_client(
            base_url=base_url,
            headers={"Authorization": f"apikey {self._key}", **ACCEPTED},
            timeout=_TIMEOUT,
            transport=transport,
        )
        self._bounded = BoundedHttp(self._http, deadline)
        weakref.finalize(self, self._bounded.close)

    def ask(self, request: ApiRequest, day: dt.date) -> ApiAnswer:
        """The answer to a request; an empty window has none as body.

        Args:
            request: the request.
            day: the vendor's UTC day on which the credits are counted.

        Raises:
            CredentialsError: the key is refused.
            QuotaError: the day's credits are spent, or minute after minute is.
            ClockError: this machine's clock is not the vendor's.
            UnresponsiveError: answer after answer misses the deadline.
            NotServedError: the vendor does not serve this to this key.
            SourceError: any other fault that another attempt would not solve.
        """
        before = self._sent
        for _ in range(_MINUTES_TO_WAIT):
            try:
                body, status = self._with_retries(request, day)
            except MinuteSpentError as error:
                self.budget.exhaust_minute(str(error))
            else:
                return ApiAnswer(body, self._sent - before, status)
        raise QuotaError(
            f"{request.what}: no credits for {_MINUTES_TO_WAIT} minutes in a row; "
            "check what else uses this Twelve Data key, then run again",
            code="minute-credits-spent",
        )

    def response(self, request: ApiRequest, day: dt.date) -> ApiResponse:
        """The response of one attempt, errors included: for probing the vendor.

        Raises:
            QuotaError: the day's credits are spent.
            SourceError: nothing came back.
        """
        try:
            response = self._send(request, day)
        except (httpx.RequestError, DeadlineError) as error:
            raise SourceError(
                f"{request.what}: {self.clean(str(error))}; try later", code="no-answer"
            ) from None
        used = response.headers.get("api-credits-used", "")
        return ApiResponse(
            response.status_code,
            self._body(request, response),
            int(used) if used.isdecimal() else None,
        )

    def _with_retries(
        self, request: ApiRequest, day: dt.date
    ) -> tuple[Mapping[str, Any] | None, int]:
        attempts = stamina.retry_context(
            on=self._is_retryable,
            attempts=_ATTEMPTS,
            timeout=None,
            wait_initial=_FIRST_WAIT,
            wait_max=_LONGEST_WAIT,
            wait_jitter=_FIRST_WAIT,
        )
        try:
            for attempt in attempts:
                with attempt:
                    return self._attempt(request, day)
        except (httpx.RequestError, TransientError, DeadlineError) as error:
            reason = self.clean(str(error)) or type(error).__name__
            # without the cause, whose request contains the key
            raise SourceError(
                f"{request.what}: Twelve Data did not answer {request.path} properly ({reason}) "
                "although asked again; run once more later",
                code="no-answer",
            ) from None
        raise AssertionError("stamina ends with a result or an exception")

    def _is_retryable(self, error: Exception) -> bool:
        if isinstance(error, DeadlineError):
            return self._late % _LATE_ATTEMPTS != 0
        return isinstance(error, httpx.RequestError | TransientError)

    def _attempt(self, request: ApiRequest, day: dt.date) -> tuple[Mapping[str, Any] | None, int]:
        response = self._send(request, day)
        body = self._body(request, response)
        code, message = response.status_code, "no JSON object"
        if body is not None:
            if response.status_code < 400 and not is_error(body):
                return body, response.status_code
            # the code in the body counts, since the status may be 200 for an error
            code = body["code"] if isinstance(body.get("code"), int) else code
            message = self.clean(str(body.get("message", "no message")))
        if is_empty_window(code, message):
            return None, response.status_code
        error = error_of(code, message, request.what)
        if isinstance(error, QuotaError):
            self.budget.note_day_refusal(message)
        raise error

    def _send(self, request: ApiRequest, day: dt.date) -> HttpAnswer:
        self.budget.reserve(request.cost, day)
        self._sent += 1
        http_request = self._http.build_request("GET", request.path, params=dict(request.params))
        limit = _BYTES_BESIDE + request.cost * _BYTES_PER_SYMBOL
        sent_at = self._clock()
        try:
            answered = self._bounded.exchange(http_request, limit)
        except TooLargeError as error:
            raise SourceError(
                f"{request.what}: {self.clean(str(error))}, and was not read further; check that "
                "REGIME_TWELVEDATA_URL is the vendor's address, then run again",
                code="answer-too-large",
            ) from None
        except DeadlineError as error:
            self._note_late(error)
            raise
        self._late = 0
        self._count(answered)
        between = sent_at, self._clock()
        self.is_clock_behind = note_clock(self.budget, answered.headers, between)
        return answered

    def _note_late(self, error: DeadlineError) -> None:
        self._late += 1
        if self._late >= _LATE_IN_A_ROW:
            raise UnresponsiveError(
                f"{self._late} exchanges with Twelve Data in a row were too slow, the last: "
                f"{self.clean(str(error))}; no more requests are sent: check the network or the "
                "vendor's status page, then run again"
            ) from None

    def _body(self, request: ApiRequest, answered: HttpAnswer) -> dict[str, Any] | None:
        try:
            return json_object(answered.content)
        except RecursionError:
            raise SourceError(
                f"{request.what}: Twelve Data answered {request.path} with JSON that is nested "
                "too deeply to be bars; check REGIME_TWELVEDATA_URL, then run again",
                code="answer-form",
            ) from None

    def _count(self, response: HttpAnswer) -> None:
        used = response.headers.get("api-credits-used", "")
        left = response.headers.get("api-credits-left", "")
        # a plan without a limit may send other texts than numbers
        if used.isdecimal() and left.isdecimal() and int(used) + int(left) > 0:
            self.budget.correct(int(used), int(left))

    def clean(self, text: str) -> str:
        """``text`` without the key, cut to the length of a message."""
        return redact(text)[:300]
