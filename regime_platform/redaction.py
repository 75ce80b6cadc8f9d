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
from regime_platform.inert_text import inert_lines

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


class ShownRecord(logging.LogRecord):
    """A record of a log without secrets, and without control characters but ends of lines.

    Messages repeat answers of vendors and names of files, and end on terminals. Colours that a
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
    """From now on every record of this process, whichever logger it comes from, is a clean one."""
    logging.setLogRecordFactory(ShownRecord)


def _install() -> None:
    RegimeError.hide_secrets = staticmethod(redact)
    clean_logs()
