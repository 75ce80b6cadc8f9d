"""What an error of the Twelve Data API means: told by its body first, by its HTTP status second.

The status may be 200 for an error, and the vendor rewords its messages, so a code decides and, only
where a code means two things, a short phrase.
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
    """Worth another attempt: the server stumbled or the answer was cut."""


class MinuteSpentError(Exception):
    """The credits of the current minute are spent."""


class TooManyError(SourceError):
    """More symbols at once than one request may name."""


def json_object(content: bytes) -> dict[str, Any] | None:
    """The body as a JSON object, from its bytes, since a text would hide broken UTF-8."""
    try:
        body = json.loads(content)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def is_error(body: Mapping[str, Any]) -> bool:
    """True where a body, or the part of a batch that is about one symbol, tells of an error."""
    return body.get("status") == "error" or (
        isinstance(body.get("code"), int) and "values" not in body
    )


def is_empty_window(code: int, message: str) -> bool:
    """True for the error that means: no bar in the window asked for."""
    return code == 400 and "no data is available" in message.lower()


def refusal(code: int, message: str, what: str) -> Exception:
    """The exception that an error stands for; ``message`` must hold no key."""
    said = message.lower()
    if code == 401:
        return CredentialsError("Twelve Data refused the key; check TWELVEDATA_API_KEY")
    if code == 429:
        return _spent(said, what)
    if code >= 500 or code < 300 or code == 408:
        return TransientError(f"{code}: {message}")
    if code == 403 or (code == 404 and "plan" in said):
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
    refused = "too-many-symbols" if code == 414 else "source-refused"
    return kind(f"{what}: Twelve Data answered {code} ({message}); {remedy}", code=refused)


def _spent(said: str, what: str) -> Exception:
    if "minute" not in said and ("the day" in said or "daily" in said):
        return QuotaError(f"{what}: the Twelve Data credits of the day are spent; run tomorrow")
    return MinuteSpentError(said)
