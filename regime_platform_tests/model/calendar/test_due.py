"""At a tick those symbols are requested that have a finished bar."""

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regime_platform.model.calendar.due import (
    bar_end,
    is_due,
    is_finished,
    last_finished,
    second_look_bound,
)
from regime_platform.model.markets import MARKETS, market_of
from regime_platform.model.timeframes import TIMEFRAMES

FRIDAY = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)  # New York trades 14:30 to 21:00 UTC
STOCK, FX, CRYPTO = "US_MEGA_CAP", "FX", "CRYPTO"


def _at(hour: int, minute: int, day: int = 0) -> dt.datetime:
    return FRIDAY + dt.timedelta(days=day, hours=hour, minutes=minute)


def _due(asset_class: str, tier: str, at: dt.datetime, minutes: int = 15) -> bool:
    return is_due(MARKETS[asset_class], tier, at - dt.timedelta(minutes=minutes), at)


@pytest.mark.parametrize(
    ("asset_class", "at", "wanted"),
    [
        pytest.param(STOCK, _at(14, 33), False, id="the session has just begun"),
        pytest.param(STOCK, _at(14, 48), True, id="its first bar is over"),
        pytest.param(STOCK, _at(21, 3), True, id="its last bar is over"),
        pytest.param(STOCK, _at(23, 3), False, id="after the close"),
        pytest.param(STOCK, _at(15, 3, day=1), False, id="on a Saturday"),
        pytest.param(STOCK, _at(15, 3, day=6), False, id="on Thanksgiving"),
        pytest.param(STOCK, _at(18, 18, day=7), False, id="after an early close"),
        pytest.param(FX, _at(3, 16), True, id="currencies by night"),
        pytest.param(FX, _at(22, 16), False, id="currencies after Friday 17:00 New York"),
        pytest.param(FX, _at(22, 16, day=2), True, id="currencies from Sunday 17:00 on"),
        pytest.param(CRYPTO, _at(3, 16, day=1), True, id="crypto on a Saturday"),
    ],
)
def test_a_core_symbol_is_due_where_a_bar_of_its_market_is_over(
    asset_class: str, at: dt.datetime, wanted: bool
) -> None:
    assert _due(asset_class, "core", at) is wanted


def test_a_bar_is_requested_only_after_its_source_had_time_to_write_it() -> None:
    assert not is_due(MARKETS[STOCK], "core", _at(15, 1), _at(15, 2))
    assert is_due(MARKETS[STOCK], "core", _at(15, 1), _at(15, 3))
    assert is_due(MARKETS[FX], "core", _at(15, 0), _at(15, 1))


def test_a_daily_symbol_is_due_after_the_close_and_at_the_second_look() -> None:
    assert not _due(STOCK, "daily", _at(20, 30))
    assert is_due(MARKETS[STOCK], "daily", _at(20, 30), _at(22, 30))
    assert is_due(
        MARKETS[STOCK], "daily", _at(22, 30), _at(3, 0, day=1)
    )  # the second look, at 20:00
    assert not is_due(MARKETS[STOCK], "daily", _at(3, 0, day=1), _at(22, 30, day=2))


def test_what_came_due_without_a_tick_is_due_at_the_next_tick_even_on_a_weekend() -> None:
    assert is_due(MARKETS[STOCK], "core", _at(18, 1), _at(12, 3, day=2))
    assert is_due(MARKETS[STOCK], "core", None, _at(12, 3, day=2))
    assert is_due(MARKETS[STOCK], "daily", _at(0, 0, day=-40), _at(12, 3, day=2))


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
    assert bar_end(utc(opened), timeframe, MARKETS[asset_class]) == utc(ended)


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

    finished = days.to_frame().filter(
        is_finished(pl.col("ts"), utc(now), "1day", MARKETS["US_EQUITY"])
    )

    assert str(finished["ts"][-1].date()) == last


def test_sunday_evening_is_the_beginning_of_monday_in_fx() -> None:
    sunday_evening = utc("2024-01-07T23:00")

    assert last_finished(sunday_evening, "1day", MARKETS["FX"]) == utc("2024-01-08")
    assert last_finished(sunday_evening, "1week", MARKETS["FX"]) == utc("2024-01-08")


@given(
    now=st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2040, 1, 1), timezones=st.just(dt.UTC)),  # noqa: DTZ001
    timeframe=st.sampled_from(TIMEFRAMES),
    asset_class=st.sampled_from(sorted(MARKETS)),
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

    finished = label < last_finished(now, timeframe, MARKETS[asset_class])

    assert finished == (bar_end(label, timeframe, MARKETS[asset_class]) <= now)


THURSDAY = dt.datetime(2026, 11, 19, tzinfo=dt.UTC)


def at(text: str) -> dt.datetime:
    """A time of that Thursday or, with a date, of another day; UTC."""
    given = text if "-" in text else f"2026-11-19 {text}"
    return dt.datetime.fromisoformat(given).replace(tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("asset_class", "timeframe", "before", "after", "newest"),
    [
        # New York closes at 21:00 UTC in November: four hours on, the day is looked at again
        ("US_EQUITY", "1day", "2026-11-20 00:59", "2026-11-20 01:00", "00:00"),
        ("US_EQUITY", "15min", "2026-11-20 00:59", "2026-11-20 01:00", "20:45"),
        ("US_EQUITY", "1week", "2026-11-21 00:59", "2026-11-21 01:00", "2026-11-16 00:00"),
        ("FX", "1day", "22:59", "23:00", "00:00"),
        ("FX", "1h", "22:59", "23:00", "21:00"),
        ("CRYPTO", "1day", "2026-11-20 00:59", "2026-11-20 01:00", "00:00"),
        ("CRYPTO", "4h", "2026-11-20 00:59", "2026-11-20 01:00", "20:00"),
    ],
)
def test_the_second_look_is_due_a_while_after_the_close(
    asset_class: str, timeframe: str, before: str, after: str, newest: str
) -> None:
    early = second_look_bound(at(before), timeframe, MARKETS[asset_class])
    late = second_look_bound(at(after), timeframe, MARKETS[asset_class])

    assert early <= at(newest) < late


@pytest.mark.parametrize("asset_class", ["US_EQUITY", "FX", "CRYPTO"])
@pytest.mark.parametrize("timeframe", ["15min", "4h", "1day", "1week"])
def test_no_bar_has_its_second_look_before_its_first_and_bounds_never_go_back(
    asset_class: str, timeframe: str
) -> None:
    moments = [THURSDAY + dt.timedelta(minutes=37 * step) for step in range(400)]
    looks = [second_look_bound(moment, timeframe, MARKETS[asset_class]) for moment in moments]

    assert looks == sorted(looks)
    assert all(
        look <= last_finished(moment, timeframe, MARKETS[asset_class])
        for look, moment in zip(looks, moments, strict=True)
    )


@pytest.mark.parametrize(
    ("calendar", "timeframe", "opened", "ended"),
    [
        ("XTKS", "1day", "2024-06-05", "2024-06-05T06:30"),  # 15:30 Tokyo
        ("XTKS", "1week", "2024-06-03", "2024-06-07T06:30"),
        ("XSAU", "1week", "2024-06-03", "2024-06-09T12:00"),  # Sunday 15:00 Riyadh
        ("CMES", "1day", "2024-06-05", "2024-06-05T22:00"),  # 17:00 Chicago
        ("SPOT", "1day", "2024-06-05", "2024-06-05T21:00"),
        ("FX_UTC", "1day", "2024-06-05", "2024-06-06T00:00"),
        ("24/7", "1day", "2024-06-08", "2024-06-09T00:00"),
    ],
)
def test_a_day_and_a_week_end_at_the_close_of_their_calendar(
    calendar: str, timeframe: str, opened: str, ended: str
) -> None:
    assert bar_end(utc(opened), timeframe, market_of("US_EQUITY", calendar)) == utc(ended)


def test_a_share_of_tokyo_is_due_while_new_york_sleeps() -> None:
    tokyo = market_of("US_EQUITY", "XTKS")
    before, after = utc("2024-06-05T05:00"), utc("2024-06-05T08:00")  # 04:00 New York

    assert is_due(tokyo, "daily", before, after)
    assert not is_due(MARKETS[STOCK], "daily", before, after)
    assert not is_due(tokyo, "daily", utc("2024-04-29T05:00"), utc("2024-04-29T08:00"))  # a holiday
