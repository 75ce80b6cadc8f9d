"""HTTP requests to secret addresses, which no log repeats: knowing one is enough to write there."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx
from pydantic import SecretStr

from regime_platform.bounded_http import ACCEPTED, BoundedHttp
from regime_platform.sources.http_client import is_private, open_client

_LONGEST_ANSWER = 1024**2  # bytes; nothing of an answer is used


def send(
    method: str, address: SecretStr, *, deadline: float, body: Mapping[str, Any] | None = None
) -> None:
    """Sends one request and requires a 2xx answer; redirects are not followed.

    Args:
        method: of HTTP.
        address: the URL.
        deadline: seconds for the whole exchange, once the name is resolved.
        body: sent as JSON; None for no body.

    Raises:
        httpx.HTTPError, httpx.InvalidURL, OSError, DeadlineError, TooLargeError: it was not
            accepted; the message of the error may repeat the address, so only its type may be
            logged.
        ConfigError: the proxy settings cannot be used.
    """
    url = address.get_secret_value()
    with _not_logged(url):
        request = httpx.Request(method, url, json=body)
        http = BoundedHttp(open_client(timeout=deadline, headers=ACCEPTED), deadline)
        try:
            answer = http.exchange(request, _LONGEST_ANSWER)
        finally:
            http.close()
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
