"""The sessions of the calendars of exchanges, of futures and of our own, by known dates."""

import datetime as dt

import polars as pl
import pytest

from regime_platform.model.calendar.sessions import ASSUMED, KNOWN, THIN, sessions, thin_dates
from regime_platform.model.exchanges import HOURS, OWN, calendar_of
from regime_platform_tests.bench.calendars import SAMPLE


def kinds(calendar: str, date: str) -> list[int]:
    return sessions(calendar).filter(date=dt.date.fromisoformat(date))["kind"].to_list()


def hours(calendar: str, date: str) -> list[str]:
    spans = sessions(calendar).filter(date=dt.date.fromisoformat(date))
    local = spans.select(
        pl.col("opens", "closes").dt.convert_time_zone(HOURS[calendar].zone).dt.strftime("%H:%M")
    )
    return [f"{opens}-{closes}" for opens, closes in local.rows()]


@pytest.mark.parametrize(
    "date",
    [
        "1929-07-04",
        "1936-05-30",  # Decoration Day
        "1949-11-08",  # Election Day
        "1952-02-12",  # Lincoln's birthday
        "1963-11-28",  # Thanksgiving
        "1969-12-25",
        "1933-03-07",  # the bank holiday, no rule
    ],
)
def test_new_york_kept_its_holidays_before_1970_too(date: str) -> None:
    assert kinds("XNYS", date) in ([], [THIN])


@pytest.mark.parametrize(("year", "count"), [(1955, 252), (1966, 252), (1968, 226), (1969, 250)])
def test_new_york_has_so_many_sessions_from_monday_to_friday(year: int, count: int) -> None:
    known = sessions("XNYS").filter((pl.col("date").dt.year() == year) & (pl.col("kind") == KNOWN))

    assert known.height == count


def test_saturdays_in_new_york_are_tolerated_until_they_ended() -> None:
    assert kinds("XNYS", "1952-05-24") == [THIN]
    assert kinds("XNYS", "1952-10-04") == []


def test_a_break_at_noon_makes_two_spans_and_an_early_close_one() -> None:
    assert hours("XTKS", "2024-11-01") == ["09:00-11:30", "12:30-15:00"]
    assert hours("XTKS", "2024-11-05") == ["09:00-11:30", "12:30-15:30"]
    assert hours("XHKG", "2024-12-24") == ["09:30-12:00"]


def test_years_that_a_calendar_does_not_know_have_assumed_weekdays() -> None:
    assert kinds("XTKS", "1984-02-13") == [ASSUMED]
    assert kinds("XTKS", "1984-02-11") == [THIN]  # Saturdays were half days
    assert kinds("XSHG", "2049-06-02") == [ASSUMED]
    assert kinds("XSAU", "2031-06-01") == [ASSUMED]  # a Sunday
    assert kinds("XSAU", "2031-06-06") == []


def test_futures_pause_before_their_close_and_may_halt_at_noon_on_holidays() -> None:
    assert hours("CMES", "2024-06-05") == ["17:00-16:00", "16:00-17:00"]
    assert kinds("CMES", "2024-06-05") == [KNOWN, THIN]
    assert hours("CMES", "2024-05-27") == ["17:00-12:00", "12:00-17:00"]
    assert kinds("CMES", "2024-12-25") == []


def test_spot_metals_rest_for_an_hour_and_trade_thinly_on_holidays_of_the_futures() -> None:
    assert hours("SPOT", "2024-06-05") == ["17:00-18:00", "18:00-17:00"]
    assert kinds("SPOT", "2024-06-05") == [THIN, KNOWN]
    assert set(kinds("SPOT", "2024-03-29")) == {THIN}  # Good Friday
    assert kinds("FX", "2024-03-29") == [KNOWN]


def test_the_week_of_currencies_may_be_cut_at_midnight_of_utc() -> None:
    assert hours("FX_UTC", "2024-06-02") == ["21:00-00:00"]  # a Sunday
    assert hours("FX_UTC", "2024-06-05") == ["00:00-21:00", "21:00-00:00"]
    assert hours("FX_UTC", "2024-06-07") == ["00:00-21:00"]
    assert kinds("FX_UTC", "2024-12-25") == [THIN, KNOWN]  # the evening is of the 26th


def test_thin_dates_of_spot_are_those_of_the_futures() -> None:
    usual = dt.timedelta(hours=23)
    spans = sessions("CMES").filter(pl.col("date").dt.year().is_between(2000, 2024))
    known = spans.filter(kind=KNOWN)
    short = set(known.filter(pl.col("closes") - pl.col("opens") < usual)["date"])
    weekdays = sessions("FX").filter(pl.col("date").dt.year().is_between(2000, 2024))["date"]
    closed = set(weekdays) - set(known["date"])

    unplanned = {dt.date(2004, 6, 11), dt.date(2007, 1, 2), dt.date(2018, 12, 5)}
    assert short | closed <= set(thin_dates("SPOT")) | unplanned | _observed_new_year(closed)


def _observed_new_year(dates: set[dt.date]) -> set[dt.date]:
    return {date for date in dates if (date.month, date.day) in ((1, 2), (12, 26))}


@pytest.mark.parametrize("calendar", SAMPLE)
def test_the_hours_are_those_of_the_library(calendar: str) -> None:
    table, known = HOURS[calendar], sessions(calendar).filter(kind=KNOWN)
    recent = known.filter(pl.col("date").dt.year() == 2025)
    local = pl.col("opens").dt.convert_time_zone(table.zone).dt.strftime("%H:%M")

    assert recent.select(local.mode().first()).item() in (table.opens, "12:30", "13:00")
    assert {date.weekday() for date in recent["date"]} == set(table.weekdays)
    assert (recent["date"].is_duplicated().any()) == table.has_break


@pytest.mark.parametrize(
    ("market", "calendar"),
    [("XNAS", "XNYS"), ("nasdaq", "XNYS"), ("LSE", "XLON"), ("XTKS", "XTKS"), ("FX", ""), ("", "")],
)
def test_the_calendar_of_a_market_code_or_of_the_name_of_an_exchange(
    market: str, calendar: str
) -> None:
    assert calendar_of(market) == calendar


def test_every_calendar_of_our_own_has_hours() -> None:
    assert set(OWN) < set(HOURS)
