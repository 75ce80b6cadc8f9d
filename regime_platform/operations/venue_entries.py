"""Entries of the universe for markets of an exchange, from as little as their symbol."""

from collections.abc import Mapping
from typing import Any

from regime_platform.errors import ConfigError, SourceError, UsageError
from regime_platform.model.symbols import parse_symbol
from regime_platform.sources.protocol import MarketSource, Source

VENUE_SOURCE = "ccxt"


def venue_fields(source: Source, word: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an entry for ``word``, as BTCUSDT or BTC/USDT; what is ``given`` stays.

    Without ``provider_symbol`` the exchange is asked for its markets.

    Raises:
        UsageError: no venue is given, or not exactly one market has this name there.
        ConfigError: there is no such venue.
        SourceError: the exchange does not answer.
    """
    if not isinstance(source, MarketSource):
        raise ConfigError(f"source {VENUE_SOURCE} lists no markets", code="no-venue")
    venue = str(given.get("venue", "")).lower()
    if not venue:
        raise UsageError(f"source {VENUE_SOURCE} needs --venue, as binance", code="no-venue")
    source.require_venue(venue)
    market = given.get("provider_symbol") or _market(source, venue, word)
    return {
        "asset_class": "CRYPTO",
        "tier": "core",
        "name": f"{market} on {venue}",
        **given,
        **_symbol(word, market),
        "venue": venue,
        "provider_symbol": market,
    }


def _symbol(word: str, market: str) -> dict[str, str]:
    """Symbol and spelling: as typed, with the spelling of the exchange where it means that name."""
    typed, listed = parse_symbol(word), parse_symbol(market)
    return listed.fields if typed.name == listed.name else typed.fields


def _market(source: MarketSource, venue: str, word: str) -> str:
    try:
        return source.market_of(venue, word)
    except SourceError as error:
        raise SourceError(
            f"{error}; or name the market without asking: --provider-symbol BTC/USDT",
            code=error.code,
        ) from None
