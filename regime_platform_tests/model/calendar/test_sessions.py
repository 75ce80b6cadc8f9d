"""When a bar is finished, at the instants where it is easily got wrong."""

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regime_platform.model.asset_classes import ASSET_CLASSES
from regime_platform.model.calendar.sessions import bar_end, is_finished, last_finished
from regime_platform.model.timeframes import TIMEFRAMES


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("opened", "timeframe", "asset_class", "ended"),
    [
        ("2024-01-02T14:30", "15min", "US_EQUITY", "2024-01-02T14:45"),
        ("2024-01-02T14:30", "1h", "US_EQUITY", "2024-01-02T15:30"),
        ("2024-01-02T20:00", "4h", "FX", "2024-01-03T00:00"),
        # 16:00 New York is 21:00 UTC in winter and 20:00 in summer
        ("2024-03-08T00:00", "1day", "US_EQUITY", "2024-03-08T21:00"),
        ("2024-03-11T00:00", "1day", "US_EQUITY", "2024-03-11T20:00"),
        ("2024-11-01T00:00", "1day", "US_EQUITY", "2024-11-01T20:00"),
        ("2024-11-04T00:00", "1day", "US_EQUITY", "2024-11-04T21:00"),
        # the FX day ends at 17:00 New York on the date that labels it
        ("2024-01-02T00:00", "1day", "FX", "2024-01-02T22:00"),
        ("2024-07-02T00:00", "1day", "FX", "2024-07-02T21:00"),
        ("2024-01-02T00:00", "1day", "CRYPTO", "2024-01-03T00:00"),
        ("2024-01-01T00:00", "1week", "US_EQUITY", "2024-01-05T21:00"),
        ("2024-01-01T00:00", "1week", "FX", "2024-01-05T22:00"),
        ("2024-01-01T00:00", "1week", "CRYPTO", "2024-01-08T00:00"),
        # a label that is no Monday still means the week it lies in
        ("2024-01-03T00:00", "1week", "US_EQUITY", "2024-01-05T21:00"),
    ],
)
def test_a_bar_ends(opened: str, timeframe: str, asset_class: str, ended: str) -> None:
    assert bar_end(utc(opened), timeframe, asset_class) == utc(ended)


@pytest.mark.parametrize(
    ("now", "last"),
    [
        ("2024-01-02T20:59:59", "2024-01-01"),
        ("2024-01-02T21:00:00", "2024-01-02"),
        ("2024-01-06T12:00:00", "2024-01-05"),
    ],
)
def test_a_daily_bar_enters_at_the_close_and_not_before(now: str, last: str) -> None:
    days = pl.Series("ts", [utc(f"2024-01-0{day}") for day in range(1, 8)])

    finished = days.to_frame().filter(is_finished(pl.col("ts"), utc(now), "1day", "US_EQUITY"))

    assert str(finished["ts"][-1].date()) == last


def test_sunday_evening_is_the_beginning_of_monday_in_fx() -> None:
    sunday_evening = utc("2024-01-07T23:00")

    assert last_finished(sunday_evening, "1day", "FX") == utc("2024-01-08")
    assert last_finished(sunday_evening, "1week", "FX") == utc("2024-01-08")


@given(
    now=st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2040, 1, 1), timezones=st.just(dt.UTC)),  # noqa: DTZ001
    timeframe=st.sampled_from(TIMEFRAMES),
    asset_class=st.sampled_from(sorted(ASSET_CLASSES)),
    back=st.integers(-10, 10),
)
def test_the_bound_agrees_with_the_end_of_every_single_bar(
    now: dt.datetime, timeframe: str, asset_class: str, back: int
) -> None:
    midnight = dt.datetime.combine(now.date(), dt.time(), dt.UTC)
    label = midnight + dt.timedelta(days=back)
    if timeframe == "1week":
        label -= dt.timedelta(days=label.weekday())
    if timeframe in ("15min", "1h", "4h"):
        label = now.replace(second=0, microsecond=0) + dt.timedelta(minutes=15 * back)

    finished = label < last_finished(now, timeframe, asset_class)

    assert finished == (bar_end(label, timeframe, asset_class) <= now)
