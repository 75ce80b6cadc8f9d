"""The errors of the Twelve Data API as exceptions, by the code in the body or the HTTP status.

The status may be 200 for an error, and the vendor rewords its messages, so the code decides and,
only where a code has two meanings, a short phrase.
"""

import json
from collections.abc import Mapping
from typing import Any

from regime_platform.errors import CredentialsError, QuotaError, SourceError
from regime_platform.sources.protocol import NotServedError

_REMEDIES = {
    400: "check the entry in universe.yaml against the vendor's symbol list",
    414: "too much was asked at once: this is a defect, report it",
}


class TransientError(Exception):
    """A fault of the server or a truncated answer: another attempt may succeed."""


class MinuteSpentError(Exception):
    """The credits of the current minute are spent."""


class TooManyError(SourceError):
    """The request named more symbols than allowed."""


def json_object(content: bytes) -> dict[str, Any] | None:
    """The body as a JSON object; None for anything else, invalid UTF-8 included."""
    try:
        body = json.loads(content)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def is_error(body: Mapping[str, Any]) -> bool:
    """True where a body, or the part of one symbol in a batch, is an error."""
    return body.get("status") == "error" or (
        isinstance(body.get("code"), int) and "values" not in body
    )


def is_empty_window(code: int, message: str) -> bool:
    """True for the error that means that the requested window has no bar."""
    return code == 400 and "no data is available" in message.lower()


def error_of(code: int, message: str, what: str) -> Exception:
    """The exception for an error; ``message`` must not contain the key.

    Args:
        code: of the error.
        message: of the vendor.
        what: symbol and timeframe, for the message.
    """
    text = message.lower()
    if code == 401:
        return CredentialsError("Twelve Data refused the key; check TWELVEDATA_API_KEY")
    if code == 429:
        return _spent(text, what)
    if code >= 500 or code < 300 or code == 408:
        return TransientError(f"{code}: {message}")
    if code == 403 or (code == 404 and "plan" in text):
        return NotServedError(
            f"{what}: Twelve Data answered {code} ({message}); the plan does not cover it: "
            "choose another plan or source for this symbol",
            status="not_entitled",
        )
    if code == 404:
        return NotServedError(
            f"{what}: Twelve Data answered 404 ({message}); unknown there: "
            "check provider_symbol, mic_code and exchange",
            status="unknown_symbol",
        )
    kind = TooManyError if code == 414 else SourceError
    remedy = _REMEDIES.get(code, "check REGIME_TWELVEDATA_URL")
    fault = "too-many-symbols" if code == 414 else "source-refused"
    return kind(f"{what}: Twelve Data answered {code} ({message}); {remedy}", code=fault)


def _spent(text: str, what: str) -> Exception:
    if "minute" not in text and ("the day" in text or "daily" in text):
        return QuotaError(f"{what}: the Twelve Data credits of the day are spent; run tomorrow")
    return MinuteSpentError(text)
