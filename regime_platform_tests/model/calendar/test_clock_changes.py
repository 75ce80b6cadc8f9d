"""Sessions around the change of clocks in spring and autumn, on a leap day and on half days."""

import datetime as dt

import polars as pl
import pytest

from regime_platform.model.calendar.trading_hours import expected_opens
from regime_platform.model.markets import MARKETS, Market

STOCKS = {
    "XNYS": ("America/New_York", dt.time(9, 30)),
    "XLON": ("Europe/London", dt.time(8)),
    "XTKS": ("Asia/Tokyo", dt.time(9)),
}
#: The Sundays of New York and London.
CHANGES = [
    dt.datetime(2026, 3, 8, tzinfo=dt.UTC),
    dt.datetime(2026, 3, 29, tzinfo=dt.UTC),
    dt.datetime(2026, 10, 25, tzinfo=dt.UTC),
    dt.datetime(2026, 11, 1, tzinfo=dt.UTC),
]
WEEK = dt.timedelta(days=7)


def _market(calendar: str) -> Market:
    return Market("US_EQUITY", calendar)


@pytest.mark.parametrize("timeframe", ["15min", "1h"])
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: f"{change:%m-%d}")
@pytest.mark.parametrize("calendar", STOCKS)
def test_sessions_keep_their_local_time_and_opens_their_order(
    calendar: str, change: dt.datetime, timeframe: str
) -> None:
    zone, open_ = STOCKS[calendar]

    opens = expected_opens(_market(calendar), timeframe, change - WEEK, change + WEEK)

    local = opens.dt.convert_time_zone(zone)
    firsts = pl.DataFrame({"at": local}).group_by(pl.col("at").dt.date().alias("on")).min()
    assert opens.is_sorted()
    assert opens.n_unique() == opens.len()
    assert firsts.height >= 8
    assert set(firsts["at"].dt.time()) == {open_}


@pytest.mark.parametrize("change", CHANGES[::3], ids=["spring", "autumn"])
def test_the_week_of_currencies_begins_at_five_in_new_york_on_both_sides(
    change: dt.datetime,
) -> None:
    opens = expected_opens(MARKETS["FX"], "1h", change - WEEK, change + WEEK)

    local = opens.dt.convert_time_zone("America/New_York")
    sundays = pl.DataFrame({"at": local}).filter(pl.col("at").dt.weekday() == 7)
    assert opens.is_sorted()
    assert opens.n_unique() == opens.len()
    first = sundays.group_by(pl.col("at").dt.date()).agg(pl.col("at").min().alias("first"))
    assert set(first["first"].dt.time()) == {dt.time(17)}


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: f"{change:%m-%d}")
def test_coins_have_each_quarter_of_an_hour_of_utc(change: dt.datetime) -> None:
    opens = expected_opens(MARKETS["CRYPTO"], "15min", change - WEEK, change + WEEK)

    assert opens.len() == 2 * 7 * 24 * 4
    assert opens.diff().drop_nulls().unique().to_list() == [dt.timedelta(minutes=15)]


@pytest.mark.parametrize("market", [*map(_market, STOCKS), MARKETS["FX"], MARKETS["CRYPTO"]])
def test_a_leap_day_is_a_day(market: Market) -> None:
    leap = dt.datetime(2024, 2, 29, tzinfo=dt.UTC)  # a Thursday

    days = expected_opens(market, "1day", leap, leap + dt.timedelta(days=1))

    assert days.to_list() == [leap]


@pytest.mark.parametrize(
    ("calendar", "date", "last"),
    [
        ("XNYS", dt.date(2026, 11, 27), dt.time(12, 45)),
        ("XLON", dt.date(2026, 12, 24), dt.time(12, 15)),
    ],
)
def test_a_half_day_ends_early(calendar: str, date: dt.date, last: dt.time) -> None:
    start = dt.datetime.combine(date, dt.time(), dt.UTC)

    opens = expected_opens(_market(calendar), "15min", start, start + dt.timedelta(days=1))

    assert opens.dt.convert_time_zone(STOCKS[calendar][0]).dt.time()[-1] == last
