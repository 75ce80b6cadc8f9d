"""Requests that are sent again after a fault that may pass, the same for every server."""

import logging
import re
from collections.abc import Callable

import stamina
from stamina.instrumentation import RetryDetails, set_on_retry_hooks

from regime_platform.redaction import redact

_LOG = logging.getLogger("regime_platform.sources")
_ATTEMPTS = 5
_FIRST_WAIT = 1.0  # seconds; doubles, with as much jitter
_LONGEST_WAIT = 20.0
_SHOWN_WAIT = 3.0  # seconds that a request may wait without a line


class TransientError(Exception):
    """A fault of the connection or the server, or a cut answer: another attempt may succeed."""

    def __init__(
        self,
        server: str,
        what: str,
        reason: str,
        *,
        is_late: bool = False,
        is_of_server: bool = True,
    ) -> None:
        super().__init__(reason)
        self.server = server  # for messages
        self.what = what  # symbol and timeframe
        self.is_late = is_late  # the exchange missed its deadline
        self.is_of_server = is_of_server  # it did answer, though with an error


def repeating(is_retryable: Callable[[Exception], bool | float]) -> stamina.BoundRetryingCaller:
    """A caller that repeats what raises such an error; a number is the seconds to wait before."""
    return stamina.RetryingCaller(
        attempts=_ATTEMPTS,
        timeout=None,
        wait_initial=_FIRST_WAIT,
        wait_max=_LONGEST_WAIT,
        wait_jitter=_FIRST_WAIT,
    ).on(is_retryable)


def server_text(text: object) -> str:
    """A text of a server without secrets, on one line and cut to the length of a message."""
    return re.sub(r"\s+", " ", redact(str(text)), flags=re.ASCII).strip()[:300]


def _report_retry(details: RetryDetails) -> None:
    error, before = details.caused_by, details.waited_so_far
    is_long = before < _SHOWN_WAIT <= before + details.wait_for  # once for a request
    if is_long and isinstance(error, TransientError):
        text = "%s: %s does not answer (%s), trying again in %.0f s"
        _LOG.warning(text, error.what, error.server, error, details.wait_for)


set_on_retry_hooks([_report_retry])
