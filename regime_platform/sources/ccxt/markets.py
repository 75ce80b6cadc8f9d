"""The markets of an exchange, and which of them a word such as BTCUSDT names."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from regime_platform.errors import UsageError, nearest

_SIGNS = re.compile(r"[^A-Z0-9]")


@dataclass(frozen=True)
class ListedMarket:
    """A market of an exchange."""

    symbol: str  # the library's, as BTC/USDT, and BTC/USDT:USDT of a perpetual
    is_spot: bool
    is_active: bool  # False: halted or delisted, its history may still be served


def listed_market(market: Mapping[str, Any]) -> ListedMarket:
    """A market as the library describes it."""
    return ListedMarket(
        symbol=str(market["symbol"]),
        is_spot=bool(market.get("spot")),
        is_active=market.get("active") is not False,
    )


def market_called(word: str, markets: Sequence[ListedMarket], venue: str) -> str:
    """The symbol of the market that ``word`` names, in any case and with any signs between.

    A word without settlement means a market of spot. ``UsageError`` where not exactly one fits.
    """
    meant = [market for market in markets if market.is_spot or ":" in word]
    named: dict[str, list[str]] = {}
    for market in meant:
        named.setdefault(_plain(market.symbol), []).append(market.symbol)
    matches = named.get(_plain(word), [])
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise UsageError(
            f"{word} may be {' or '.join(matches)} on {venue}; choose by --provider-symbol",
            code="ambiguous-market",
        )
    raise UsageError(
        f"{venue} has no spot market {word}{nearest(_plain(word), named)}; name it as BTC/USDT, or "
        "another one by --provider-symbol, as BTC/USDT:USDT for a perpetual",
        code="unknown-market",
    )


def _plain(symbol: str) -> str:
    return _SIGNS.sub("", symbol.upper())
