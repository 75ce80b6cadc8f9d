"""When bars must exist, checked against known dates and clock changes."""

import datetime as dt
import subprocess
import sys

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regime_platform.model.calendar.trading_hours import (
    expected_opens,
    tolerated_opens,
)
from regime_platform.model.markets import MARKETS
from regime_platform.model.timeframes import TIMEFRAMES
from regime_platform.sources.sample.source import SAMPLE_DATA

_REAL = (
    ("AAPL", "US_EQUITY"),
    ("IBM", "US_EQUITY"),
    ("MSFT", "US_EQUITY"),
    ("GOOG", "US_EQUITY"),
    ("FB", "US_EQUITY"),
    ("EURUSD", "FX"),
)


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def clock(opens: pl.Series, zone: str = "UTC") -> list[str]:
    return opens.dt.convert_time_zone(zone).dt.strftime("%a %d %H:%M").to_list()


def day(asset_class: str, timeframe: str, date: str) -> pl.Series:
    return expected_opens(
        MARKETS[asset_class], timeframe, utc(date), utc(date) + dt.timedelta(days=1)
    )


def test_stock_hours_are_anchored_at_half_past_nine_in_summer_and_winter() -> None:
    for date in ("2024-01-04", "2024-07-11"):
        hours = day("US_EQUITY", "1h", date).dt.convert_time_zone("America/New_York")
        quarters = day("US_EQUITY", "4h", date).dt.convert_time_zone("America/New_York")

        assert hours.dt.strftime("%H:%M").to_list() == [f"{hour:02}:30" for hour in range(9, 16)]
        assert quarters.dt.strftime("%H:%M").to_list() == ["09:30", "13:30"]
        assert day("US_EQUITY", "15min", date).len() == 26


@pytest.mark.parametrize(
    ("timeframe", "bars"), [("15min", 14), ("1h", 4), ("4h", 1), ("1day", 1), ("1week", 0)]
)
def test_an_early_close_at_one_makes_fewer_bars(timeframe: str, bars: int) -> None:
    assert day("US_EQUITY", timeframe, "2024-07-03").len() == bars


@pytest.mark.parametrize(
    ("asset_class", "date"),
    [
        ("US_EQUITY", "2024-07-04"),
        ("US_EQUITY", "2024-03-29"),  # Good Friday
        ("US_MEGA_CAP", "2022-06-20"),  # Juneteenth, observed on Monday
        ("US_EQUITY_INDEX", "2001-09-11"),
        ("US_EQUITY", "2001-09-14"),
        ("FIXED_INCOME", "2012-10-29"),
        ("US_EQUITY", "2018-12-05"),
        ("US_EQUITY", "2025-01-09"),
        ("US_EQUITY", "1985-09-27"),  # hurricane
        ("US_EQUITY", "1968-06-12"),  # Wednesdays, to catch up with paper
        ("SYNTHETIC", "2024-12-25"),
        ("FX", "2024-12-25"),
        ("FX", "2025-01-01"),
        ("COMMODITY_METALS", "2024-06-01"),  # a Saturday
        ("COMMODITY_ENERGY", "2024-06-02"),  # a Sunday: its evening is Monday's
    ],
)
def test_closed_dates(asset_class: str, date: str) -> None:
    assert day(asset_class, "1day", date).is_empty()


@pytest.mark.parametrize(
    ("asset_class", "date"),
    [
        ("US_EQUITY", "2024-07-03"),
        ("US_EQUITY", "2001-09-17"),
        ("US_EQUITY", "1929-10-29"),
        ("US_EQUITY", "2039-11-02"),
        ("FX", "2024-07-04"),
        ("FX", "2024-12-26"),
        ("CRYPTO", "2024-12-25"),
        ("CRYPTO", "2024-06-02"),
    ],
)
def test_open_dates(asset_class: str, date: str) -> None:
    assert day(asset_class, "1day", date).len() == 1


@pytest.mark.parametrize(
    ("friday", "last", "first"),
    [
        ("2024-01-05", "Fri 05 21:00", "Sun 07 22:00"),  # 17:00 New York in winter
        ("2024-07-05", "Fri 05 20:00", "Sun 07 21:00"),
        ("2024-03-08", "Fri 08 21:00", "Sun 10 21:00"),  # the clock changes between
        ("2024-11-01", "Fri 01 20:00", "Sun 03 22:00"),
    ],
)
def test_the_week_of_currencies_ends_and_begins_at_five_in_new_york(
    friday: str, last: str, first: str
) -> None:
    over = expected_opens(MARKETS["FX"], "1h", utc(friday), utc(friday) + dt.timedelta(days=4))

    hours = over.to_frame().with_columns(rest=over.diff().dt.total_hours())
    reopened = int(hours.with_row_index().filter(pl.col("rest") > 1)["index"].item())
    assert clock(over[reopened - 1 : reopened + 1]) == [last, first]


def test_four_hours_of_currencies_stand_on_the_utc_clock() -> None:
    opens = expected_opens(MARKETS["FX"], "4h", utc("2024-01-05T12:00"), utc("2024-01-08T05:00"))

    assert clock(opens) == [
        "Fri 05 12:00",
        "Fri 05 16:00",
        "Fri 05 20:00",
        "Sun 07 20:00",
        "Mon 08 00:00",
        "Mon 08 04:00",
    ]


def test_a_week_is_named_by_its_monday_even_where_that_is_a_holiday() -> None:
    opens = expected_opens(MARKETS["US_EQUITY"], "1week", utc("2024-05-21"), utc("2024-06-04"))

    assert clock(opens) == ["Mon 27 00:00", "Mon 03 00:00"]


def test_crypto_never_rests() -> None:
    year = (utc("2024-01-01"), utc("2025-01-01"))

    counts = [expected_opens(MARKETS["CRYPTO"], timeframe, *year).len() for timeframe in TIMEFRAMES]

    assert counts == [366 * 96, 366 * 24, 366 * 6, 366, 53]


@pytest.mark.parametrize("year", [1980, 2000, 2023])
def test_stocks_trade_about_252_days_a_year(year: int) -> None:
    count = expected_opens(
        MARKETS["US_EQUITY"], "1day", utc(f"{year}-01-01"), utc(f"{year + 1}-01-01")
    ).len()

    assert count in {250, 252, 253}


@pytest.mark.parametrize(("symbol", "asset_class"), _REAL, ids=[symbol for symbol, _ in _REAL])
def test_the_real_samples_have_every_expected_bar_and_no_other(
    symbol: str, asset_class: str
) -> None:
    for timeframe in sorted(path.stem for path in (SAMPLE_DATA / symbol).iterdir()):
        opens = sample(symbol, timeframe)
        span = (opens[0], opens[-1] + dt.timedelta(microseconds=1))

        expected = expected_opens(MARKETS[asset_class], timeframe, *span)

        assert set(expected) <= set(opens)
        assert set(opens) <= set(tolerated_opens(MARKETS[asset_class], timeframe, *span))


@settings(deadline=None)  # the first call of a class computes its calendar
@given(
    asset_class=st.sampled_from(sorted(MARKETS)),
    timeframe=st.sampled_from(TIMEFRAMES),
    start=st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2030, 1, 1), timezones=st.just(dt.UTC)),  # noqa: DTZ001
    first=st.integers(0, 20 * 24 * 60),
    second=st.integers(0, 20 * 24 * 60),
)
def test_windows_that_meet_add_up(
    asset_class: str, timeframe: str, start: dt.datetime, first: int, second: int
) -> None:
    middle = start + dt.timedelta(minutes=first)
    end = middle + dt.timedelta(minutes=second)

    left = expected_opens(MARKETS[asset_class], timeframe, start, middle)
    right = expected_opens(MARKETS[asset_class], timeframe, middle, end)
    whole = expected_opens(MARKETS[asset_class], timeframe, start, end)

    assert pl.concat([left, right]).to_list() == whole.to_list()
    assert whole.dtype == pl.Datetime("us", "UTC")
    assert whole.is_sorted()
    assert whole.is_unique().all()
    assert set(whole) <= set(tolerated_opens(MARKETS[asset_class], timeframe, start, end))


def test_outside_of_what_is_known_nothing_is_expected() -> None:
    assert (
        expected_opens(MARKETS["US_EQUITY"], "1day", utc("1900-01-01"), utc("1926-12-31")).len()
        == 0
    )
    assert expected_opens(MARKETS["FX"], "15min", utc("2050-01-05"), utc("2090-01-01")).len() == 0


@pytest.mark.slow
def test_the_calendar_library_is_imported_only_when_a_calendar_is_needed() -> None:
    code = (
        "import sys; from regime_platform.model.calendar.sessions import sessions;"
        "from regime_platform.model.exchanges import OWN, HOURS;"
        "from regime_platform.model.markets import market_of;"
        "assert all(sessions(calendar).height for calendar in OWN);"
        "assert market_of('US_EQUITY', 'XTKS').zone == 'Asia/Tokyo';"
        "assert 'pandas' not in sys.modules"
    )

    subprocess.run([sys.executable, "-c", code], check=True)


def sample(symbol: str, timeframe: str) -> pl.Series:
    return pl.read_parquet(SAMPLE_DATA / symbol / f"{timeframe}.parquet")["ts"]
