"""One question to the Twelve Data API and its answer: the key, the credits, the waiting.

What a body means as bars is told by ``twelvedata_answers``, what an error means by
``twelvedata_errors``. The key travels in a header only, and every text that comes back is cleaned
of it before it enters a message; the bodies themselves are parsed as they came.
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
    is_empty_window,
    is_error,
    json_object,
    refusal,
)
from regime_platform.sources.vendor_clock import note_clock

_ATTEMPTS = 5
_FIRST_WAIT = 1.0  # seconds; doubles, with as much jitter
_LONGEST_WAIT = 20.0
_TIMEOUT = httpx.Timeout(30.0, connect=10.0)
#: Seconds for one exchange, connecting included.
DEADLINE = 120.0
#: Of an answer, for each symbol that it is about: 5,000 bars of at most 256 bytes (a bar with all
#: digits that a float can have takes 180); and what a body without bars may take.
_BYTES_PER_SYMBOL = 5000 * 256
_BYTES_BESIDE = 1024**2
#: So many exchanges in a row that miss the deadline mean that the vendor is out of order.
_LATE_IN_A_ROW = 6
#: An answer that was late is asked for once more, not as often as one that failed at once.
_LATE_ATTEMPTS = 2
#: A key that is still refused after so many minutes is being drained by somebody else.
_MINUTES_TO_WAIT = 5


@dataclass(frozen=True)
class ApiRequest:
    """One request: where, about what, at which price."""

    path: str
    params: Mapping[str, str]  # without the key
    what: str  # symbol and timeframe, for messages
    cost: int = 1  # credits


@dataclass(frozen=True)
class ApiAnswer:
    """What came back."""

    body: Mapping[str, Any] | None  # None: the vendor has no data for the question
    requests: int  # attempts included
    http_status: int = 200


@dataclass(frozen=True)
class ApiResponse:
    """What came back as it came, errors included."""

    http_status: int
    body: Mapping[str, Any] | None  # None where it is no JSON object
    credits_used: int | None  # of the minute, as the vendor's header counts


class TwelveDataClient:
    """Asks one question after another over one connection.

    Args:
        base_url: where the API lives.
        key: never shown in any message, log or URL.
        budget: what every request is paid from.
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
                "the Twelve Data key is empty or holds characters that no key has; "
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

    def ask(self, question: ApiRequest, day: dt.date) -> ApiAnswer:
        """The answer; an empty window is one without a body.

        Args:
            question: what to ask.
            day: the vendor's UTC day on which the credits are counted.

        Raises:
            CredentialsError: the key is refused.
            QuotaError: the day's credits are spent, or minute after minute is.
            ClockError: this machine's clock is not the vendor's.
            UnresponsiveError: answer after answer misses the deadline.
            NotServedError: the vendor does not serve this to this key.
            SourceError: anything else that another attempt would not mend.
        """
        before = self._sent
        for _ in range(_MINUTES_TO_WAIT):
            try:
                body, status = self._persist(question, day)
            except MinuteSpentError as error:
                self.budget.exhaust_minute(str(error))
            else:
                return ApiAnswer(body, self._sent - before, status)
        raise QuotaError(
            f"{question.what}: no credits for {_MINUTES_TO_WAIT} minutes in a row; "
            "check what else uses this Twelve Data key, then run again",
            code="minute-credits-spent",
        )

    def look(self, question: ApiRequest, day: dt.date) -> ApiResponse:
        """One attempt, whatever comes back: for questions about the vendor itself.

        Raises:
            QuotaError: the day's credits are spent.
            SourceError: nothing came back.
        """
        try:
            response = self._send(question, day)
        except (httpx.RequestError, DeadlineError) as error:
            raise SourceError(
                f"{question.what}: {self.clean(str(error))}; try later", code="no-answer"
            ) from None
        used = response.headers.get("api-credits-used", "")
        return ApiResponse(
            response.status_code,
            self._body(question, response),
            int(used) if used.isdecimal() else None,
        )

    def _persist(self, question: ApiRequest, day: dt.date) -> tuple[Mapping[str, Any] | None, int]:
        attempts = stamina.retry_context(
            on=self._deserves_another,
            attempts=_ATTEMPTS,
            timeout=None,
            wait_initial=_FIRST_WAIT,
            wait_max=_LONGEST_WAIT,
            wait_jitter=_FIRST_WAIT,
        )
        try:
            for attempt in attempts:
                with attempt:
                    return self._once(question, day)
        except (httpx.RequestError, TransientError, DeadlineError) as error:
            reason = self.clean(str(error)) or type(error).__name__
            # the cause is not shown: it knows the request, and the request knows the key
            raise SourceError(
                f"{question.what}: Twelve Data did not answer {question.path} properly ({reason}) "
                "although asked again; run once more later",
                code="no-answer",
            ) from None
        raise AssertionError("stamina ends with a result or an exception")

    def _deserves_another(self, error: Exception) -> bool:
        if isinstance(error, DeadlineError):
            return self._late % _LATE_ATTEMPTS != 0
        return isinstance(error, httpx.RequestError | TransientError)

    def _once(self, question: ApiRequest, day: dt.date) -> tuple[Mapping[str, Any] | None, int]:
        response = self._send(question, day)
        body = self._body(question, response)
        code, message = response.status_code, "no JSON object"
        if body is not None:
            if response.status_code < 400 and not is_error(body):
                return body, response.status_code
            # the body knows better than the status, which may be 200 for an error
            code = body["code"] if isinstance(body.get("code"), int) else code
            message = self.clean(str(body.get("message", "no message")))
        if is_empty_window(code, message):
            return None, response.status_code
        refused = refusal(code, message, question.what)
        if isinstance(refused, QuotaError):
            self.budget.note_day_refusal(message)
        raise refused

    def _send(self, question: ApiRequest, day: dt.date) -> HttpAnswer:
        self.budget.reserve(question.cost, day)
        self._sent += 1
        request = self._http.build_request("GET", question.path, params=dict(question.params))
        limit = _BYTES_BESIDE + question.cost * _BYTES_PER_SYMBOL
        sent_at = self._clock()
        try:
            answered = self._bounded.exchange(request, limit)
        except TooLargeError as error:
            raise SourceError(
                f"{question.what}: {self.clean(str(error))}, and was not read further; check that "
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
                f"{self.clean(str(error))}; nothing more is asked: see to the network or to the "
                "vendor's status page, then run again"
            ) from None

    def _body(self, question: ApiRequest, answered: HttpAnswer) -> dict[str, Any] | None:
        try:
            return json_object(answered.content)
        except RecursionError:
            raise SourceError(
                f"{question.what}: Twelve Data answered {question.path} with JSON that is nested "
                "too deeply to be bars; check REGIME_TWELVEDATA_URL, then run again",
                code="answer-form",
            ) from None

    def _count(self, response: HttpAnswer) -> None:
        used = response.headers.get("api-credits-used", "")
        left = response.headers.get("api-credits-left", "")
        # a plan without a limit may say something else than numbers
        if used.isdecimal() and left.isdecimal() and int(used) + int(left) > 0:
            self.budget.correct(int(used), int(left))

    def clean(self, text: str) -> str:
        """``text`` without the key and no longer than a message may be."""
        return redact(text)[:300]
