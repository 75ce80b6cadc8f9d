"""HTTP clients with the environment's proxy settings, and the addresses a key may be sent to."""

import ipaddress
from collections.abc import Iterator
from typing import Any

import httpx

from regime_platform.errors import ConfigError
from regime_platform.settings import proxy_variables

_REFUSED = (ImportError, ValueError, httpx.InvalidURL)


def open_client(**options: Any) -> httpx.Client:
    """A client of httpx; ``ConfigError`` where the environment sets a proxy that it refuses."""
    try:
        return httpx.Client(**options)
    except _REFUSED as error:
        problem = next(_proxy_problems(), None)
        if problem is None:
            raise
        raise ConfigError(problem, code="proxy-settings") from error


def require_private(name: str, url: str) -> None:
    """Refuses an address to which a key would be sent unencrypted.

    Raises:
        ConfigError: setting ``name`` is no address, or neither https nor of this machine.
    """
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        message = f"{name} is no address ({error}); write https://HOST"
        raise ConfigError(message, code="unsafe-address") from None
    if is_private(parsed):
        return
    raise ConfigError(
        f"{name} sends the key to {parsed.host or 'no host'} by {parsed.scheme or 'no scheme'}, "
        "unencrypted; write https://HOST, or http:// only for an address of this machine",
        code="unsafe-address",
    )


def require_address(name: str, url: str) -> None:
    """ConfigError where setting ``name`` is no address of a web server."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        parsed = httpx.URL()
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        message = f"{name} is no address; write https://HOST, or leave it unset"
        raise ConfigError(message, code="unsafe-address")


def is_private(url: httpx.URL) -> bool:
    """True of https, and of http that does not leave this machine."""
    is_local = url.scheme == "http" and is_loopback(url.host)
    return is_local or (url.scheme == "https" and bool(url.host))


def is_loopback(host: str) -> bool:
    """True for a name or address that never leaves this machine."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _proxy_problems() -> Iterator[str]:
    """The faults of the proxy variables, without their values, which may contain passwords."""
    for name, value in proxy_variables().items():
        if name.upper() == "NO_PROXY":
            for entry in filter(None, map(str.strip, value.split(","))):
                if not _is_exception(entry):
                    yield (
                        f"{name} names {entry!r}, which the HTTP client cannot read; write host "
                        "names and addresses alone, IPv6 without brackets, port or length (::1)"
                    )
        elif not _is_proxy(value):
            yield (
                f"{name} is no proxy that the HTTP client can use; set it to http://HOST:PORT or "
                "https://HOST:PORT (SOCKS is not supported), or unset it"
            )


def _is_proxy(value: str) -> bool:
    try:
        httpx.HTTPTransport(proxy=value if "://" in value else f"http://{value}").close()
    except _REFUSED:
        return False
    return True


def _is_exception(entry: str) -> bool:
    try:
        ipaddress.ip_address(entry)
    except ValueError:
        pattern = entry if "://" in entry else f"all://*{entry}"
        try:
            httpx.Client(mounts={pattern: None}, trust_env=False).close()
        except _REFUSED:
            return False
    return True
