"""Requests to addresses that are secrets: whoever has one can write to it, so no log repeats it."""

import ipaddress
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr


def send(
    method: str, address: SecretStr, *, patience: float, body: Mapping[str, Any] | None = None
) -> None:
    """Sends one request and wants it accepted; redirects are not followed.

    Args:
        method: of HTTP.
        address: the URL.
        patience: seconds for each of connecting, sending and answering.
        body: sent as JSON where there is one.

    Raises:
        httpx.HTTPError, httpx.InvalidURL, OSError: it was not accepted; the message of the error
            may repeat the address, so only its type may be logged.
    """
    url = address.get_secret_value()
    with _not_logged(url):
        answer = httpx.request(method, url, json=body, timeout=patience, follow_redirects=False)
    answer.raise_for_status()


def is_confidential(address: SecretStr) -> bool:
    """True of HTTPS, and of HTTP that does not leave this machine."""
    try:
        parts = urlsplit(address.get_secret_value())
        host = parts.hostname or ""
        if parts.scheme == "https":
            return bool(host)
        return parts.scheme == "http" and (host == "localhost" or _is_loopback(host))
    except ValueError:
        return False


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
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
