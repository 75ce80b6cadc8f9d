"""Entries that contradict themselves, or name an instrument that another symbol has."""

import pytest

from regime_platform.errors import ConfigError
from regime_platform.model.instruments import Instrument, parse_entry
from regime_platform.model.universe.plausibility import Tracked, looks_paired, require_plausible
from regime_platform_tests.error_codes import raises


def entry(symbol: str, asset_class: str, provider_symbol: str = "", **fields: str) -> Instrument:
    named = {"source": "twelvedata", "provider_symbol": provider_symbol or symbol, **fields}
    if named["source"] == "files":
        del named["provider_symbol"]
    return parse_entry(
        {"symbol": symbol, "name": "A name", "asset_class": asset_class, "tier": "daily", **named}
    )


@pytest.mark.parametrize(
    "plausible",
    [
        entry("AAPL", "US_EQUITY", mic_code="XNAS"),
        entry("AAPL", "US_EQUITY", exchange="NASDAQ", mic_code="XNGS"),
        entry("T7203", "US_EQUITY", "7203", mic_code="XTKS", calendar="XTKS"),
        entry("VOD", "US_EQUITY", mic_code="XLON", calendar="XLON"),
        entry("NEW", "US_EQUITY", mic_code="XXXX"),  # a market without a calendar
        entry("EURUSD", "FX", "EUR/USD"),
        entry("EURHRK", "FX", source="files"),
        entry("EURFUT", "FX", source="files", calendar="CMES"),
        entry("BTCUSD", "CRYPTO", "BTC/USD"),
        entry("XAUUSD", "COMMODITY_METALS", "XAU/USD"),
        entry("US500", "US_EQUITY_INDEX", source="files", calendar="SPOT"),
        entry("EURUSD", "SYNTHETIC", source="files"),
    ],
)
def test_a_plausible_entry_is_taken(plausible: Instrument) -> None:
    require_plausible(plausible, Tracked())


@pytest.mark.parametrize(
    ("implausible", "code", "remedy"),
    [
        (
            entry("T7203", "US_EQUITY", "7203", mic_code="XTKS"),
            "calendar-contradicted",
            "give calendar XTKS, or correct mic_code",
        ),
        (
            entry("AAPL", "US_EQUITY", mic_code="XNAS", calendar="XTKS"),
            "calendar-contradicted",
            "trades on calendar XNYS, not on XTKS",
        ),
        (
            entry("AAPL", "US_EQUITY", exchange="LSE"),
            "calendar-contradicted",
            "exchange LSE trades on calendar XLON, not on XNYS, the calendar of US_EQUITY",
        ),
        (
            entry("AAPL", "US_EQUITY", exchange="LSE", mic_code="XNAS"),
            "markets-contradicted",
            "mic_code XNAS and exchange LSE are different markets",
        ),
        (
            entry("EURUSD", "US_EQUITY", "EUR/USD", mic_code="XNAS"),
            "provider-symbol-of-pair",
            "EUR/USD looks like a pair",
        ),
        (
            entry("BTCUSD", "US_EQUITY", source="files"),
            "provider-symbol-of-pair",
            "FX, CRYPTO and COMMODITY_METALS are classes of pairs",
        ),
        (entry("AAPL", "FX"), "provider-symbol-no-pair", "provider_symbol like EUR/USD"),
        (
            entry("XAUUSD", "FX", source="files"),
            "provider-symbol-no-currency",
            "XAU, which is no currency; give class COMMODITY_METALS, whose calendar is SPOT",
        ),
        (
            entry("BTCUSD", "FX", "BTC/USD"),
            "provider-symbol-no-currency",
            "give class CRYPTO, whose calendar is ALWAYS",
        ),
        (
            entry("EURUSD", "FX", "EUR/USD", calendar="XNYS"),
            "calendar-contradicted",
            "FX does not trade on calendar XNYS",
        ),
        (
            entry("EURUSD", "FX", "EUR/USD", mic_code="XNAS"),
            "markets-contradicted",
            "is a market of stocks",
        ),
        (entry("CRYPTO", "US_EQUITY", mic_code="XNAS"), "symbol-of-class", "another symbol"),
    ],
)
def test_an_entry_that_contradicts_itself_is_refused(
    implausible: Instrument, code: str, remedy: str
) -> None:
    with raises(ConfigError, code, match=remedy):
        require_plausible(implausible, Tracked())


def test_an_instrument_of_a_vendor_has_one_symbol() -> None:
    tracked = Tracked([entry("AAPL", "US_EQUITY", mic_code="XNAS")])

    with raises(ConfigError, "instrument-twice", match="AAPL and APPLE are the same instrument"):
        require_plausible(entry("APPLE", "US_EQUITY", "AAPL", mic_code="XNGS"), tracked)

    require_plausible(
        entry("AAPLMX", "US_EQUITY", "AAPL", mic_code="XMEX", calendar="XMEX"), tracked
    )
    require_plausible(
        entry("GONE", "US_EQUITY", "AAPL", mic_code="XNAS", delisted="2020-01-02"), tracked
    )


def test_a_market_of_two_exchanges_is_two_instruments() -> None:
    def market(symbol: str, venue: str) -> Instrument:
        return entry(symbol, "CRYPTO", "BTC/USDT", source="ccxt", venue=venue)

    tracked = Tracked([market("BTCUSDT", "binance")])

    require_plausible(market("BTCKRAKEN", "kraken"), tracked)
    with raises(ConfigError, "instrument-twice", match="correct provider_symbol or venue"):
        require_plausible(market("BITCOIN", "binance"), tracked)


def test_symbols_of_two_currencies_are_pairs() -> None:
    assert [
        name
        for name in ("EURUSD", "ETH/BTC", "BTCUSD", "XAGUSD", "AAPL", "GOOGLE")
        if looks_paired(name)
    ] == [
        "EURUSD",
        "ETH/BTC",
        "BTCUSD",
        "XAGUSD",
    ]
