"""Instruments of an exchange, and requests for their bars."""

import datetime as dt

from regime_platform.model.instruments import Instrument, parse_entry
from regime_platform.sources.ccxt.source import CcxtSource
from regime_platform.sources.protocol import BarPage, WindowRequest
from regime_platform_tests.conftest import NOW

#: The first candle of the market in the tests: a Wednesday.
LISTED = dt.datetime(2026, 9, 2, 10, tzinfo=dt.UTC)
TOMORROW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)


def instrument(symbol: str = "BTC/USDT", venue: str = "binance") -> Instrument:
    return parse_entry(
        {
            "symbol": symbol.replace("/", "").upper(),
            "name": symbol,
            "asset_class": "CRYPTO",
            "tier": "core",
            "source": "ccxt",
            "venue": venue,
            "provider_symbol": symbol,
        }
    )


def page(
    source: CcxtSource,
    timeframe: str = "1h",
    start: dt.datetime = LISTED,
    symbol: str = "BTC/USDT",
) -> BarPage:
    request = WindowRequest(instrument(symbol), timeframe, start, TOMORROW)
    return source.page(request, NOW)
