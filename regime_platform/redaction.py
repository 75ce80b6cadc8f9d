"""WORLD: what hides keys and passwords in texts that are shown; data that is parsed never passes.

A secret is registered where it is read. From then on it is hidden in the message of every error of
the platform, in every log record of this process and in every traceback of the command line. A
short one is hidden only where a key can stand: elsewhere it would hide parts of ordinary words.
"""

import logging
import re
import traceback
from typing import Any
from urllib.parse import quote, quote_plus

from regime_platform.errors import RegimeError

#: A secret with fewer characters occurs in texts by chance.
SHORTEST = 16
_MASK = "[key]"
_KEY_STANDS = r"""(?:api_?key|authorization)["']?(?:%3d|\s*[=:]\s*|\s+)["']?(?:apikey\s+)?"""
_secrets: set[str] = set()
_patterns: list[re.Pattern[str]] = []


def hide(secret: str) -> None:
    """Hides ``secret`` in what is shown from now on, also in its forms within an address."""
    if not secret or secret in _secrets:
        return
    _secrets.add(secret)
    forms = sorted({secret, quote(secret, safe=""), quote_plus(secret)}, key=len, reverse=True)
    either = "|".join(re.escape(form) for form in forms)
    if len(secret) >= SHORTEST:
        pattern = f"()(?:{either})"
    else:
        pattern = rf"({_KEY_STANDS})(?:{either})(?!\w)"
    _patterns.append(re.compile(pattern, re.IGNORECASE))
    _install()


def redact(text: str) -> str:
    """``text`` without any secret registered so far."""
    for pattern in tuple(_patterns):
        text = pattern.sub(rf"\g<1>{_MASK}", text)
    return text


def _install() -> None:
    if RegimeError.hide_secrets is redact:
        return
    RegimeError.hide_secrets = staticmethod(redact)
    make = logging.getLogRecordFactory()

    def make_redacted(*arguments: Any, **options: Any) -> logging.LogRecord:
        return _redacted(make(*arguments, **options))

    logging.setLogRecordFactory(make_redacted)


def _redacted(record: logging.LogRecord) -> logging.LogRecord:
    text = record.getMessage()
    clean = redact(text)
    if clean != text:
        record.msg, record.args = clean, None
    if record.exc_info and record.exc_info[0] is not None:
        trace = "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
        clean = redact(trace)
        if clean != trace:
            record.exc_text = clean  # what formatters show in place of the exception
    return record
