"""Bars of every calendar, wherever a source anchors them, are neither missing nor outside."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

from regime_platform.model.calendar.trading_hours import (
    anchors,
    expected_bars,
    tolerated_opens,
    trading_date,
)
from regime_platform.model.exchanges import OWN
from regime_platform.model.markets import MARKETS, Market, market_of
from regime_platform.validation.gate import compared, gate
from regime_platform.validation.policy import DEFAULT_CONTEXT
from regime_platform.validation.rules.calendar import calendar_fit
from regime_platform_tests.bench.calendars import fits, is_perfect
from regime_platform_tests.builders import fetched

CURRENCIES = MARKETS["FX"]
_START, _END = dt.datetime(2023, 3, 1, tzinfo=dt.UTC), dt.datetime(2024, 6, 1, tzinfo=dt.UTC)
_HOUR = dt.timedelta(hours=1)


def misfits(opens: pl.Series, timeframe: str, market: Market) -> int:
    fit = calendar_fit(opens, timeframe, market)
    return fit.gaps.height + int(fit.outside.sum())


@pytest.mark.parametrize("calendar", ["XNYS", "XTKS", "XSAU", "XBOM", "CMES", *OWN])
@pytest.mark.parametrize("timeframe", ["1h", "4h", "1day", "1week"])
def test_true_bars_of_years_have_no_finding_at_any_anchor(calendar: str, timeframe: str) -> None:
    for anchor, count, fit in fits(calendar, timeframe, 3):
        assert count
        assert is_perfect(fit), anchor


@pytest.mark.parametrize("calendar", ["XNYS", "XHKG", "CMES", "FX", "SPOT"])
@pytest.mark.parametrize("timeframe", ["1h", "4h"])
@pytest.mark.parametrize("hours", [-5, 1])
def test_a_right_conversion_never_scores_worse_than_a_wrong_one(
    calendar: str, timeframe: str, hours: int
) -> None:
    market = market_of("US_EQUITY", calendar)
    for anchor in anchors(market, timeframe):
        right = expected_bars(market, timeframe, _START, _END, anchor)["ts"]
        wrong = right.dt.offset_by(f"{hours}h")

        # an hour later, 4h bars of one clock are those of another
        least = 0 if timeframe == "4h" else 1
        assert misfits(right, timeframe, market) == 0
        assert misfits(wrong, timeframe, market) >= least


@pytest.mark.parametrize("anchor", ["clock", "day", "local"])
def test_four_hours_of_currencies_are_recognised_by_the_whole_year(anchor: str) -> None:
    until_summer = expected_bars(CURRENCIES, "4h", _START, _END, anchor)["ts"]

    assert calendar_fit(until_summer, "4h", CURRENCIES).anchor == anchor


def test_hours_of_exchanges_run_through_the_break_at_noon_or_begin_after_it() -> None:
    hong_kong = market_of("US_EQUITY", "XHKG")
    for anchor in ("session", "day", "clock"):
        opens = expected_bars(hong_kong, "1h", _START, _END, anchor)["ts"]

        assert calendar_fit(opens, "1h", hong_kong).anchor == anchor


def test_quarters_past_the_hour_are_on_the_grid_where_the_exchange_opens_there() -> None:
    mumbai = market_of("US_EQUITY", "XBOM")
    opens = expected_bars(mumbai, "1h", _START, _END)["ts"]

    here, elsewhere = (
        gate(priced(opens), timeframe="1h", market=market)
        for market in (mumbai, MARKETS["US_EQUITY"])
    )

    assert (here.rejected.height, elsewhere.rejected.height) == (0, opens.len())


def test_hours_of_the_daily_break_and_holidays_of_spot_metals_are_tolerated() -> None:
    metals = MARKETS["COMMODITY_METALS"]
    due = set(expected_bars(metals, "1h", _START, _END)["ts"])
    may = set(tolerated_opens(metals, "1h", _START, _END))
    rest = dt.datetime(2024, 1, 9, 22, tzinfo=dt.UTC)  # 17:00 New York

    assert rest in may - due
    assert rest + _HOUR in due
    assert not {rest + 96 * _HOUR, rest + 72 * _HOUR} & may  # from Friday 17:00 on


def priced(opens: pl.Series) -> pl.DataFrame:
    """Calm bars at these opens."""
    steps = np.random.default_rng(7).standard_normal(opens.len())
    close = 1.1 * np.exp(np.cumsum(0.0002 * steps))
    prices = {"open": close, "high": close * 1.0001, "low": close * 0.9999, "close": close}
    return fetched(pl.DataFrame({"ts": opens, **prices, "volume": np.ones(opens.len())}))


def daily_of(hours: pl.DataFrame, day: str) -> pl.DataFrame:
    """The days of hours, ending in New York or at midnight UTC."""
    date = trading_date(pl.col("ts"), CURRENCIES, day).cast(hours.schema["ts"])
    days = hours.group_by(date, maintain_order=True).agg(
        pl.col("open").first(),
        pl.col("high").max(),
        pl.col("low").min(),
        pl.col("close").last(),
        pl.col("volume").sum(),
    )
    return fetched(days)


@pytest.mark.parametrize("day", ["", "midnight"])
@pytest.mark.parametrize("sundays", [True, False])
def test_the_end_of_the_day_of_currencies_is_found_from_the_bars(
    day: str, *, sundays: bool
) -> None:
    hours = priced(expected_bars(CURRENCIES, "1h", _START, _END)["ts"])
    days = daily_of(hours, day)
    if not sundays:
        days = days.filter(pl.col("ts").dt.weekday() < 6)
    series = {"1h": hours, "1day": days}

    results = compared(
        {name: gate(rows, timeframe=name, market=CURRENCIES) for name, rows in series.items()},
        {},
        market=CURRENCIES,
        context=DEFAULT_CONTEXT,
    )

    broken = {finding.rule for finding in results["1day"].findings if finding.count}
    assert results["1day"].anchor == day
    assert broken <= {"outside_session"}


def test_a_stray_sunday_is_outside_of_the_days_of_currencies() -> None:
    days = expected_bars(CURRENCIES, "1day", _START, _END)["ts"]
    stray = pl.Series("ts", [dt.datetime(2023, 9, 10, tzinfo=dt.UTC)], dtype=days.dtype)

    fit = calendar_fit(pl.concat([days, stray]).sort(), "1day", CURRENCIES)

    assert (fit.anchor, int(fit.outside.sum())) == ("", 1)
