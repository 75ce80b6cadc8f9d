"""Coarser bars of the sample are labelled and end as their calendar says."""

import polars as pl
import pytest

from regime_platform.model.calendar.due import bar_end
from regime_platform.model.markets import MARKETS
from regime_platform_tests.sources.sample.served import served


@pytest.mark.parametrize("symbol", ["AAPL", "FB", "GOOG", "IBM", "MSFT", "EURUSD", "SYNTH"])
def test_weeks_are_labelled_by_their_monday(symbol: str) -> None:
    assert served(symbol, "1week")["ts"].dt.weekday().unique().to_list() == [1]


def test_an_fx_day_ends_at_seventeen_new_york_on_its_date() -> None:
    hours = served("EURUSD", "1h").with_columns(
        end=pl.col("ts") + pl.duration(hours=1),
    )
    days = served("EURUSD", "1day")

    assert days["ts"].dt.weekday().unique().sort().to_list() == [1, 2, 3, 4, 5]
    for opened, close in days.select("ts", "close").rows():
        closed = bar_end(opened, "1day", MARKETS["FX"])
        assert hours.filter(pl.col("end") <= closed)["close"][-1] == close


def test_four_hour_fx_bars_stand_on_the_utc_clock() -> None:
    hours = served("EURUSD", "4h")["ts"].dt.hour().unique().sort().to_list()

    assert hours == [0, 4, 8, 12, 16, 20]
