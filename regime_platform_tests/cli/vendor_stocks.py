"""Three stocks of the vendor on loopback, and the environment of a process that works on them."""

import datetime as dt

from regime_platform.settings import Settings

START = dt.datetime(2025, 1, 2, tzinfo=dt.UTC)
FRIDAY = dt.datetime(2026, 11, 21, 2, tzinfo=dt.UTC)
NOW = FRIDAY.isoformat()
STOCKS = ("AAA", "BBB", "CCC")


def environment(settings: Settings, **more: str) -> dict[str, str]:
    """What a process needs to work on these settings."""
    assert settings.twelvedata_api_key is not None
    return {
        "REGIME_DATA_ROOT": str(settings.data_root),
        "REGIME_TWELVEDATA_URL": settings.twelvedata_url,
        "TWELVEDATA_API_KEY": settings.twelvedata_api_key.get_secret_value(),
        "REGIME_CREDITS_FOLDER": str(settings.credits_folder),
        "REGIME_CREDITS_PER_MINUTE": "10000",
        "REGIME_REREAD_SHARE": "0",
        **more,
    }
