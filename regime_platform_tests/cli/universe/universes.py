"""Instruments of the universe of the legacy engine."""

ASSETS = [
    {"symbol": "SPY", "provider_symbol": "SPY", "asset_class": "US_EQUITY_INDEX"},
    {"symbol": "USDJPY", "provider_symbol": "USD/JPY", "asset_class": "US_EQUITY"},
]
