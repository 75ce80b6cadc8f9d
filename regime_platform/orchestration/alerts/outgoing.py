"""HTTP requests to secret addresses, which no log repeats, and the heartbeat of every pass.

Knowing such an address is enough to write there. A service alerts when no heartbeat arrives (dead
man's switch); one is sent also where symbols failed, since alerts report those.
"""

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

import httpx
from pydantic import SecretStr

from regime_platform.bounded_http import ACCEPTED, BoundedHttp, DeadlineError
from regime_platform.settings import Settings
from regime_platform.sources.http_client import is_private, open_client

_LONGEST_ANSWER = 1024**2  # bytes; nothing of an answer is used


def send(
    method: str, address: SecretStr, *, deadline: float, body: Mapping[str, Any] | None = None
) -> None:
    """Sends one request, with ``body`` as JSON, and requires a 2xx answer without redirects.

    ``deadline`` covers the whole exchange once the name is resolved, in seconds.

    Raises:
        httpx.HTTPError, httpx.InvalidURL, OSError, DeadlineError, TooLargeError: it was not
            accepted. Their messages may repeat the address, so only the type may be logged.
        ConfigError: the proxy settings cannot be used.
    """
    url = address.get_secret_value()
    with _not_logged(url):
        request = httpx.Request(method, url, json=body)
        client = open_client(timeout=deadline, headers=ACCEPTED)
        with closing(BoundedHttp(client, deadline)) as http:
            answer = http.exchange(request, _LONGEST_ANSWER)
    httpx.Response(answer.status_code, request=request).raise_for_status()


def is_confidential(address: SecretStr) -> bool:
    """True of HTTPS, and of HTTP to this machine."""
    try:
        return is_private(httpx.URL(address.get_secret_value()))
    except httpx.InvalidURL:
        return False


@contextmanager
def _not_logged(url: str) -> Iterator[None]:
    """httpx logs the URL of every request; here that record is dropped."""

    def is_other(record: logging.LogRecord) -> bool:
        return url not in record.getMessage()

    logger = logging.getLogger("httpx")
    logger.addFilter(is_other)
    try:
        yield
    finally:
        logger.removeFilter(is_other)


_LOG = logging.getLogger("regime_platform.heartbeat")
#: Seconds that a pass waits at most, for the name server and the service together.
DEADLINE = 5.0
NOT_CONFIDENTIAL = (
    "REGIME_HEARTBEAT_URL is not used: expected an https:// address (http:// only to this machine)"
)


def send_heartbeat(settings: Settings) -> str:
    """Sends the heartbeat where settings name an address; returns why it was not accepted."""
    address = settings.heartbeat_url
    if address is None:
        return ""
    problem = _sent(address) if is_confidential(address) else NOT_CONFIDENTIAL
    if problem:
        _LOG.warning("no heartbeat after a pass: %s", problem)
    return problem


def _sent(address: SecretStr) -> str:
    # in a thread of its own, since no timeout of httpx covers the resolution of a name
    ended: list[str] = []
    thread = threading.Thread(target=lambda: ended.append(_problem(address)), daemon=True)
    thread.start()
    thread.join(DEADLINE)
    return ended[0] if ended else _too_late()


def _problem(address: SecretStr) -> str:
    try:
        send("GET", address, deadline=DEADLINE)
    except httpx.HTTPStatusError as error:
        return f"the service answered {error.response.status_code}"
    except (httpx.TimeoutException, DeadlineError):
        return _too_late()
    except Exception as error:  # noqa: BLE001 - the message of an error may repeat the address
        return type(error).__name__
    return ""


def _too_late() -> str:
    return f"no answer within {DEADLINE:g} s"
