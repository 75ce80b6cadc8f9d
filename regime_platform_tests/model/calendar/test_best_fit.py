"""The calendars that a series fits best are listed, the true one first."""

import datetime as dt

import polars as pl
import pytest

from regime_platform.model.calendar.best_fit import best_calendars
from regime_platform.model.calendar.sessions import session_dates, sessions
from regime_platform.model.calendar.trading_hours import expected_opens
from regime_platform.model.markets import market_of

START, END = dt.datetime(2024, 1, 1, tzinfo=dt.UTC), dt.datetime(2024, 12, 1, tzinfo=dt.UTC)


def opens(code: str, timeframe: str) -> pl.Series:
    return expected_opens(market_of("US_EQUITY", code), timeframe, START, END)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "timeframe"),
    [
        ("XNYS", "1day"),
        ("XNYS", "15min"),
        ("XHKG", "1h"),
        ("FX", "1h"),
        ("ALWAYS", "4h"),
        ("ALWAYS", "1day"),
    ],
)
def test_true_bars_fit_their_calendar_best(code: str, timeframe: str) -> None:
    bars = opens(code, timeframe)

    best, *others = best_calendars(bars.sample(fraction=0.99, seed=1, shuffle=True), timeframe)

    assert best.calendar == code
    assert best.inside == 1
    assert 0.97 < best.present <= 1
    assert all(other.total <= best.total for other in others)
    assert len(others) <= 2


def test_weeks_and_no_bars_fit_none() -> None:
    assert not best_calendars(opens("XNYS", "1week"), "1week")
    assert not best_calendars(pl.Series([], dtype=pl.Datetime("us", "UTC")), "1h")


@pytest.mark.parametrize("code", ["XNYS", "FX"])
def test_the_dates_of_few_years_are_those_of_all_sessions(code: str) -> None:
    first, last = dt.date(2011, 1, 15), dt.date(2013, 2, 1)
    known = sessions(code).filter(pl.col("kind") == 0, pl.col("date").is_between(first, last))

    assert session_dates(code, first, last).equals(known["date"].unique().sort())
