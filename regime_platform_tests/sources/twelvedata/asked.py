"""A question to the vendor."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from regime_platform.sources.twelvedata.http import ApiRequest, TwelveDataClient

QUESTION = ApiRequest("/time_series", {"symbol": "EUR/USD", "interval": "1day"}, "EURUSD 1day")

TODAY = dt.date(2026, 11, 20)


def ask(client: TwelveDataClient) -> Mapping[str, Any] | None:
    return client.ask(QUESTION, TODAY).body


Maker = Callable[..., TwelveDataClient]
