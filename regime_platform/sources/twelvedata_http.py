"""One question to the Twelve Data API and its answer: the key, the errors, the waiting.

What the bodies mean as bars is told by ``twelvedata``. The key travels in a header only, and every
text that comes back is cleaned of it before it enters a message.
"""

import json
import weakref
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import stamina

from regime_platform.errors import ConfigError, CredentialsError, QuotaError, SourceError

_ATTEMPTS = 5
_FIRST_WAIT = 1.0  # seconds; doubles, with as much jitter
_LONGEST_WAIT = 20.0
_TIMEOUT = httpx.Timeout(30.0, connect=10.0)
#: A key that is still refused after so many minutes is being drained by somebody else.
_MINUTES_TO_WAIT = 5
_REMEDIES = {
    400: "check the entry in universe.yaml against the vendor's symbol list",
    403: "the plan does not cover it: choose another plan or source for this symbol",
    404: "unknown there or not in the plan: check provider_symbol, mic_code and exchange",
    414: "too much was asked at once: this is a defect, report it",
}


class _TransientError(Exception):
    """Worth another attempt: the server stumbled or the answer was cut."""


class _MinuteSpentError(Exception):
    """The credits of the current minute are spent."""


class TwelveDataClient:
    """Asks one path after another over one connection.

    Args:
        base_url: where the API lives.
        key: never shown in any message, log or URL.
        clock: seconds since the epoch, to find the next minute.
        sleep: waits that many seconds.
        transport: replaces the network, for tests of the transport itself.

    Raises:
        ConfigError: the key cannot be sent as a header.
    """

    def __init__(
        self,
        base_url: str,
        key: str,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        if not key.isascii() or not key.isprintable() or not key.strip():
            raise ConfigError(
                "the Twelve Data key is empty or holds characters that no key has; "
                "copy it into TWELVEDATA_API_KEY again"
            )
        self._key = key.strip()
        self._clock = clock
        self._sleep = sleep
        self._http = httpx.Client(
            base_url=base_url,
            headers={"Authorization": f"apikey {self._key}"},
            timeout=_TIMEOUT,
            transport=transport,
        )
        weakref.finalize(self, self._http.close)

    def get(self, path: str, params: Mapping[str, str], what: str) -> Mapping[str, Any] | None:
        """The JSON object answered, or None where the vendor has no data for the question.

        Args:
            path: the endpoint.
            params: its parameters, without the key.
            what: symbol and timeframe, for messages.

        Raises:
            CredentialsError: the key is refused.
            QuotaError: the day's credits are spent, or minute after minute is.
            SourceError: anything else that another attempt would not mend.
        """
        for _ in range(_MINUTES_TO_WAIT):
            try:
                return self._persist(path, params, what)
            except _MinuteSpentError:
                # a second into the next minute, in case the two clocks differ a little
                self._sleep(60.0 - self._clock() % 60.0 + 1.0)
        raise QuotaError(
            f"{what}: no credits for {_MINUTES_TO_WAIT} minutes in a row; "
            "check what else uses this Twelve Data key, then run again"
        )

    def _persist(self, path: str, params: Mapping[str, str], what: str) -> Mapping[str, Any] | None:
        attempts = stamina.retry_context(
            on=(httpx.RequestError, _TransientError),
            attempts=_ATTEMPTS,
            timeout=None,
            wait_initial=_FIRST_WAIT,
            wait_max=_LONGEST_WAIT,
            wait_jitter=_FIRST_WAIT,
        )
        try:
            for attempt in attempts:
                with attempt:
                    return self._once(path, params, what)
        except (httpx.RequestError, _TransientError) as error:
            reason = self._clean(str(error)) or type(error).__name__
            # the cause is not shown: it knows the request, and the request knows the key
            raise SourceError(
                f"{what}: Twelve Data did not answer {path} properly ({reason}) although asked "
                "again; run once more later"
            ) from None
        raise AssertionError("stamina ends with a result or an exception")

    def _once(self, path: str, params: Mapping[str, str], what: str) -> Mapping[str, Any] | None:
        response = self._http.get(path, params=dict(params))
        body = _object(response)
        code, message = response.status_code, "no JSON object"
        if body is not None:
            if not response.is_error and not _is_error(body):
                return body
            # the body knows better than the status, which may be 200 for an error
            code = body["code"] if isinstance(body.get("code"), int) else code
            message = self._clean(str(body.get("message", "no message")))
        if code == 400 and "no data is available" in message.lower():
            return None
        raise _refusal(code, message, what)

    def _clean(self, text: str) -> str:
        return text.replace(self._key, "[key]")[:300]


def _object(response: httpx.Response) -> dict[str, Any] | None:
    try:
        # the bytes and not response.text, which would replace broken UTF-8 silently
        body = json.loads(response.content)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _is_error(body: Mapping[str, Any]) -> bool:
    return body.get("status") == "error" or ("code" in body and "values" not in body)


def _refusal(code: int, message: str, what: str) -> Exception:
    # the vendor rewords its messages, so a short phrase decides where the code alone cannot
    said = message.lower()
    if code == 401:
        return CredentialsError("Twelve Data refused the key; check TWELVEDATA_API_KEY")
    if code == 429 and "minute" not in said and ("the day" in said or "daily" in said):
        return QuotaError(f"{what}: the Twelve Data credits of the day are spent; run tomorrow")
    if code == 429:
        return _MinuteSpentError()
    if code >= 500 or code < 300 or code == 408:
        return _TransientError(f"{code}: {message}")
    remedy = _REMEDIES.get(code, "check REGIME_TWELVEDATA_URL")
    return SourceError(f"{what}: Twelve Data answered {code} ({message}); {remedy}")
