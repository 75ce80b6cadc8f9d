"""The newest bars of many symbols are fetched with one request per timeframe."""

import datetime as dt
from pathlib import Path

from regime_platform_tests.pipeline.vendor_street import (
    catch_up,
    list_stock,
    stock_bars,
    stored_bars,
    vendor_settings,
)
from regime_platform_tests.vendor import LoopbackVendor

START = dt.datetime(2025, 1, 2, tzinfo=dt.UTC)
FRIDAY = dt.datetime(2026, 11, 21, 2, tzinfo=dt.UTC)
MONDAY = dt.datetime(2026, 11, 23, 23, tzinfo=dt.UTC)


def test_one_request_brings_the_new_bars_of_all_symbols(
    tmp_path: Path, vendor: LoopbackVendor
) -> None:
    symbols = ("AAA", "BBB")
    days = {symbol: stock_bars("1day", START, MONDAY, n) for n, symbol in enumerate(symbols)}
    for symbol, bars in days.items():
        list_stock(vendor, symbol, "1day", bars)
    settings = vendor_settings(tmp_path, vendor, symbols)
    vendor.now = lambda: FRIDAY
    catch_up(settings, FRIDAY, ["1day"])
    vendor.questions.clear()
    vendor.now = lambda: MONDAY

    outcomes = catch_up(settings, MONDAY, ["1day"])

    assert [question.params["symbol"] for question in vendor.questions] == ["AAA,BBB"]
    assert [outcome.rows_inserted for outcome in outcomes] == [1, 1]
    for symbol, bars in days.items():
        assert stored_bars(settings, symbol, "1day", MONDAY).equals(bars)
