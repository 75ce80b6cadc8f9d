"""I/O: hides keys and passwords in text that is shown; data that is parsed is not changed.

A secret is registered where it is read. From then on it is hidden in the message of every error of
the platform, in every log record of this process and in every traceback of the command line. A
short secret is hidden only after words such as ``api_key=``: elsewhere it would hide parts of
ordinary words.
"""

import logging
import re
import traceback
from typing import Any
from urllib.parse import quote, quote_plus

from regime_platform.errors import RegimeError
from regime_platform.inert_text import inert_lines

#: A secret with fewer characters may occur in ordinary text.
SHORTEST = 16
_MASK = "[key]"
_KEY_STANDS = r"""(?:api_?key|authorization)["']?(?:%3d|\s*[=:]\s*|\s+)["']?(?:apikey\s+)?"""
_secrets: set[str] = set()
_patterns: list[re.Pattern[str]] = []


def hide(secret: str) -> None:
    """Hides ``secret`` in everything shown from now on, URL-encoded forms included."""
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
    """``text`` with every registered secret masked."""
    for pattern in tuple(_patterns):
        text = pattern.sub(rf"\g<1>{_MASK}", text)
    return text


class ShownRecord(logging.LogRecord):
    """A log record without secrets and without control characters other than line ends.

    Messages quote vendors' answers and file names, and are shown on terminals. Colours that a
    formatter adds come later and stay.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if self.exc_info and self.exc_info[0] is not None:
            trace = "".join(traceback.format_exception(*self.exc_info)).rstrip("\n")
            self.exc_text = inert_lines(redact(trace))  # what formatters show of the exception

    def getMessage(self) -> str:  # noqa: N802 - logging's name
        """The message with its arguments."""
        return inert_lines(redact(super().getMessage()))


def clean_logs() -> None:
    """Makes every log record of this process, of any logger, a ``ShownRecord``."""
    logging.setLogRecordFactory(ShownRecord)


def _install() -> None:
    RegimeError.hide_secrets = staticmethod(redact)
    clean_logs()
