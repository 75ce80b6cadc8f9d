"""Rows of candles, and what their labels mean."""

import datetime as dt

import polars as pl
import pytest

from regime_platform.sources.ccxt.candles import bars_of, is_candle, other_labels

OPENED = 1_780_272_000_000  # 2026-06-01, a Monday


@pytest.mark.parametrize(
    ("row", "is_good"),
    [
        ([OPENED, 1.0, 2.0, 0.5, 1.5, 10.0], True),
        ([float(OPENED), 1, 2, 0.5, 1.5, None, "more"], True),
        ([OPENED, None, None, None, None, None], True),
        ([None, 1.0, 2.0, 0.5, 1.5, 10.0], False),
        ([float("nan"), 1.0, 2.0, 0.5, 1.5, 10.0], False),
        ([10**18, 1.0, 2.0, 0.5, 1.5, 10.0], False),
        ([float("inf"), 1.0, 2.0, 0.5, 1.5, 10.0], False),
        ([OPENED, "1.0", 2.0, 0.5, 1.5, 10.0], False),
        ([OPENED, 1.0, 2.0], False),
        ("candle", False),
        (None, False),
    ],
)
def test_a_candle_has_a_time_and_five_numbers_or_gaps(row: object, is_good: bool) -> None:
    assert is_candle(row) is is_good


def test_bars_are_the_candles_oldest_first() -> None:
    bars = bars_of([[OPENED + 1, 1, 2, 0.5, 1.5, 9], [float(OPENED), 1, None, 0.5, 1.5, None]])

    assert bars["ts"].dt.epoch("ms").to_list() == [OPENED, OPENED + 1]
    assert bars["high"].to_list() == [None, 2.0]
    assert bars_of([]).is_empty()


@pytest.mark.parametrize(
    ("timeframe", "moved_by", "named"),
    [
        ("1week", {"days": 3}, "Thu 2026-06-04 00:00"),
        ("1day", {"hours": 16}, "Mon 2026-06-01 16:00"),
        ("4h", {"hours": 1}, "01:00"),
        ("1week", {"days": 7}, ""),
        ("1day", {"days": 3}, ""),
        ("15min", {"minutes": 45}, ""),
    ],
)
def test_labels_are_those_of_bars_or_named(
    timeframe: str, moved_by: dict[str, int], named: str
) -> None:
    monday = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
    opens = pl.Series([monday + dt.timedelta(**moved_by)], dtype=pl.Datetime("us", "UTC"))

    reason = other_labels(opens, timeframe)

    assert bool(reason) is bool(named)
    assert named in reason
