"""What the library's exceptions mean for a request."""

import re

import ccxt
from requests import HTTPError

from regime_platform.errors import ConfigError, SourceError
from regime_platform.sources.attempts import TransientError, server_text
from regime_platform.sources.protocol import NotOfferedError, NotServedError

_REFUSED_COUNTRY = 451  # unavailable for legal reasons
_PROXY_REFUSES = 407
_COUNTRY = re.compile(
    r"restricted location|your (country|region|location)|jurisdiction", re.IGNORECASE
)
_ERRNO = re.compile(r"\[Errno -?\d+\] ([^'\")]+)")
_SERVER = (ccxt.ExchangeNotAvailable, ccxt.DDoSProtection, ccxt.RateLimitExceeded, ccxt.BadResponse)


def fault_of(error: Exception, venue: str, what: str, status: int) -> Exception:
    """The error to raise for one of the library.

    ``what`` is a symbol and timeframe, ``status`` that of the HTTP answer, 0 where there was none.
    ``TransientError`` where another attempt may succeed.
    """
    text = server_text(f"{error}{_cause(error)}")
    is_socks = isinstance(error, ccxt.NotSupported) and "SOCKS" in text
    if is_socks or status == _PROXY_REFUSES or isinstance(error, ccxt.InvalidProxySettings):
        return ConfigError(
            f"{venue}: the proxy of the environment cannot be used ({text}); correct HTTPS_PROXY",
            code="proxy-settings",
        )
    if status == _REFUSED_COUNTRY or _is_of_country(error, text):
        return NotServedError(
            f"{what}: {venue} does not serve this place ({text}); choose another venue",
            status="not_entitled",
        )
    if isinstance(error, ccxt.AuthenticationError):
        return NotServedError(
            f"{what}: {venue} asks for an account ({text}); choose another venue",
            status="not_entitled",
        )
    if isinstance(error, ccxt.BadSymbol):
        return NotServedError(
            f"{what}: {venue} does not know the market ({text}); correct provider_symbol, or "
            "`regime universe delist` keeps what is stored of one that was delisted",
            status="unknown_symbol",
        )
    if isinstance(error, ccxt.NotSupported):
        return NotOfferedError(f"{venue} does not offer it ({text})")
    return _failed(error, venue, what, text)


def _failed(error: Exception, venue: str, what: str, text: str) -> Exception:
    if isinstance(error, ccxt.OperationFailed):
        is_late = isinstance(error, ccxt.RequestTimeout)
        is_of_server = isinstance(error, _SERVER)
        return TransientError(venue, what, text, is_late=is_late, is_of_server=is_of_server)
    if isinstance(error, ccxt.BaseError):
        return SourceError(
            f"{what}: {venue} refused the request ({text}); check provider_symbol and "
            "REGIME_CCXT_URL, then run again",
            code="source-refused",
        )
    reason = f"an answer of another form, {type(error).__name__}: {text}"
    return TransientError(venue, what, reason)


def _is_of_country(error: Exception, text: str) -> bool:
    return isinstance(error, ccxt.RestrictedLocation) or bool(_COUNTRY.search(text))


def _cause(error: Exception) -> str:
    """Why there was no usable answer; the library names its address alone."""
    cause = error.__cause__
    if cause is None or isinstance(cause, HTTPError):
        return ""
    text = str(cause)
    of_system = _ERRNO.search(text)
    return f": {of_system[1] if of_system else text.rpartition(': ')[2] or type(cause).__name__}"
