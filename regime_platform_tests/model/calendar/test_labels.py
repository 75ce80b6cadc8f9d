"""What labels of bars mean, by the calendars of markets with a break at noon and without one."""

import datetime as dt
from dataclasses import replace

import polars as pl
import pytest

from regime_platform.model.calendar.labels import CLOSE, DateLabels, intraday_opens
from regime_platform.model.calendar.sessions import sessions
from regime_platform.model.calendar.trading_hours import expected_bars, expected_opens
from regime_platform.model.markets import MARKETS, Market
from regime_platform.model.timeframes import DURATION

START, END = dt.datetime(2023, 1, 4, tzinfo=dt.UTC), dt.datetime(2023, 6, 1, tzinfo=dt.UTC)


def on(calendar: str) -> Market:
    return replace(MARKETS["US_EQUITY"], calendar=calendar)


@pytest.mark.parametrize("calendar", ["XTKS", "XNYS"])
@pytest.mark.parametrize("timeframe", ["15min", "1h"])
def test_ends_are_recognised_and_opens_are_left_alone(calendar: str, timeframe: str) -> None:
    opens = expected_bars(on(calendar), timeframe, START, END)["ts"]
    closes = sessions(calendar).select("closes").sort("closes")
    last = opens.to_frame().join_asof(
        closes, left_on="ts", right_on="closes", strategy="forward", allow_exact_matches=False
    )
    ends = last.select(ts=pl.min_horizontal(pl.col("ts") + DURATION[timeframe], "closes"))

    read, untouched = (
        intraday_opens(labels, timeframe, on(calendar)) for labels in (ends["ts"], opens)
    )

    assert (read.ts.equals(opens), read.meaning) == (True, CLOSE)
    assert (untouched.ts.equals(opens), untouched.meaning) == (True, "")


@pytest.mark.parametrize("early", [dt.timedelta(seconds=1), dt.timedelta(milliseconds=1)])
@pytest.mark.parametrize("asset_class", ["US_EQUITY", "CRYPTO"])
def test_the_last_second_before_an_end_labels_the_bar_that_ends(
    asset_class: str, early: dt.timedelta
) -> None:
    market = MARKETS[asset_class]
    opens = expected_bars(market, "15min", START, START + dt.timedelta(days=30))["ts"]
    ends = opens + dt.timedelta(minutes=15)

    read = intraday_opens(ends - early, "15min", market)

    assert (read.ts.equals(opens), read.meaning) == (True, CLOSE)
    assert intraday_opens(ends - early, "15min", market, CLOSE).ts.equals(opens)


@pytest.mark.parametrize("hours", [0, 9, 15])  # midnight, open and close in Tokyo
def test_local_times_of_a_day_are_its_date_on_the_other_side_of_the_world(hours: int) -> None:
    days = expected_opens(on("XTKS"), "1day", START, END)
    labels = days + dt.timedelta(hours=hours - 9)
    is_midnight = labels.dt.time() == dt.time()

    read = DateLabels(
        labels.dt.date().set(~is_midnight, None),
        pl.Series([True]).new_from_index(0, labels.len()),
        {"UTC": labels},
    ).opens("1day", on("XTKS"))

    assert read.ts.equals(days)
    assert not read.unclear


def test_a_local_close_that_would_be_the_next_day_in_utc_is_told_by_the_sessions() -> None:
    days = expected_opens(on("XTKS"), "1day", START, END)
    written = days + dt.timedelta(hours=18)
    local = written.dt.replace_time_zone(None).dt.replace_time_zone("Asia/Tokyo")
    empty = pl.Series([None], dtype=pl.Date).new_from_index(0, days.len())

    read = DateLabels(
        empty,
        pl.Series([True]).new_from_index(0, days.len()),
        {"UTC": written, "Asia/Tokyo": local.dt.convert_time_zone("UTC")},
    ).opens("1day", on("XTKS"))

    assert read.ts.equals(days)
    assert read.meaning.startswith("Asia/Tokyo")
