"""The times of a file become the true opens of its bars, or a key is asked for."""

import datetime as dt
from dataclasses import replace
from itertools import product
from pathlib import Path

import polars as pl
import pytest

from regime_platform.errors import BarsError, RegimeError
from regime_platform.model.calendar.labels import OPEN
from regime_platform.model.calendar.trading_hours import expected_opens
from regime_platform.model.markets import MARKETS, Market, market_of
from regime_platform.sources.files.facts import AmbiguousReadingError
from regime_platform.sources.files.mapping import AS_NAMED, FileMapping
from regime_platform.sources.files.opens import FileOpens, file_instants, file_opens, shown_spacing
from regime_platform.sources.files.table import FileTable
from regime_platform.sources.files.zones import BROKERS, split_zone
from regime_platform_tests.error_codes import raises
from regime_platform_tests.sources.files.mapped import utc

STOCKS, CRYPTO, CURRENCIES = (MARKETS[name] for name in ("US_EQUITY", "CRYPTO", "FX"))
NEW_YORK = "America/New_York"
START = utc(2024, 3, 1)


def table(times: pl.Series, name: str = "Date") -> FileTable:
    """A file with these times in a column of this name."""
    numbers = pl.DataFrame()
    return FileTable(
        Path("bars.csv"), "csv", (), times.alias(name), numbers, None, 0, lambda row: f"line {row}"
    )


def read(
    times: pl.Series,
    timeframe: str,
    market: Market = STOCKS,
    mapping: FileMapping = AS_NAMED,
    name: str = "Date",
) -> FileOpens:
    return file_opens(table(times, name), timeframe, market, mapping)


def true_opens(timeframe: str, market: Market = STOCKS, days: int = 60) -> pl.Series:
    return expected_opens(market, timeframe, START, START + dt.timedelta(days=days)).alias("ts")


def clock(opens: pl.Series, zone: str) -> pl.Series:
    """What a clock of the zone shows."""
    plain, ahead = split_zone(zone)
    return opens.dt.convert_time_zone(plain).dt.replace_time_zone(None) + ahead


FORMATS = (
    "%Y-%m-%d %H:%M:%S", "%Y.%m.%d %H:%M", "%d.%m.%Y %H:%M", "%m/%d/%Y %I:%M %p", "%d/%m/%y %H:%M",
    "%Y%m%d %H%M%S", "%Y%m%d%H%M", "%d-%b-%Y %H:%M", "%-m/%-d/%Y %-H:%M", "%y%m%d %H%M",
)  # fmt: skip
ZONES = (
    "UTC", NEW_YORK, BROKERS, "Europe/London", "Europe/Athens", "Asia/Tokyo", "Etc/GMT+5",
    "America/Chicago",
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("code", ["XNYS", "FX", "ALWAYS"])
def test_whatever_the_spelling_the_opens_are_true_or_a_key_is_asked_for(code: str) -> None:
    market, asked, refused, right = market_of("US_EQUITY", code), set(), set(), 0
    whole = true_opens("1h", market)
    spans = (whole, whole[: whole.len() // 8], whole.filter(whole.dt.hour() == 15).reverse())
    cases = list(product(spans, ZONES, FORMATS))[::7]
    for opens, zone, form in cases:
        times = clock(opens, zone).dt.strftime(form)
        stated = replace(AS_NAMED, time_format=form, zone=zone, labels={"1h": OPEN})
        for mapping in (AS_NAMED, stated):
            try:
                seen = read(times, "1h", market, mapping).opens.ts
            except AmbiguousReadingError as error:
                asked.add((error.fact.key, mapping is stated))
            except RegimeError as error:
                refused.add((error.code, opens is spans[2]))
            else:
                right += mapping is stated
                assert seen.equals(opens), (zone, form)

    assert asked == {("zone", False), ("time_format", False)}
    assert refused == {("other-spacing", True)}  # one bar a day
    assert right == sum(opens is not spans[2] for opens, _, _ in cases)


@pytest.mark.parametrize(
    ("market", "zone"),
    [
        (STOCKS, NEW_YORK),
        (STOCKS, "UTC"),
        (STOCKS, BROKERS),
        (CURRENCIES, NEW_YORK),
        (CURRENCIES, "UTC"),
        (CURRENCIES, BROKERS),
        (CURRENCIES, "Etc/GMT+5"),
    ],
)
def test_the_sessions_show_the_zone(market: Market, zone: str) -> None:
    opens = true_opens("15min", market)

    seen = read(clock(opens, zone), "15min", market)

    assert seen.opens.ts.equals(opens)
    assert [(fact.key, fact.value) for fact in seen.facts][1] == ("zone", zone)


def test_bars_labelled_by_their_end_show_their_zone_too() -> None:
    opens = true_opens("15min")
    ends = clock(opens, NEW_YORK) + dt.timedelta(minutes=15)

    seen = read(ends, "15min")

    assert seen.opens.ts.equals(opens)
    assert seen.opens.meaning == f"{NEW_YORK} close"


def test_a_clock_that_was_not_tried_is_never_taken_for_another() -> None:
    opens = true_opens("15min", market_of("US_EQUITY", "XETR"), days=150)
    middle = opens.filter(opens.dt.hour().is_between(9, 12))  # fits in Berlin and in Moscow

    with raises(BarsError, "ambiguous-file-reading", match="zone is unclear"):
        read(clock(middle, "Europe/Moscow"), "15min", market_of("US_EQUITY", "XETR"))
    with raises(BarsError, "ambiguous-file-reading", match="zone is unclear"):
        read(clock(true_opens("15min", CURRENCIES), "Europe/Athens"), "15min", CURRENCIES)


def test_no_session_shows_the_zone_around_the_clock() -> None:
    opens = true_opens("1h", CRYPTO)

    with raises(BarsError, "ambiguous-file-reading", match="any other IANA.*--set zone=NAME"):
        read(clock(opens, NEW_YORK), "1h", CRYPTO)
    with raises(BarsError, "ambiguous-file-reading", match="zone"):
        file_instants(table(clock(opens, NEW_YORK)), AS_NAMED)
    mapping = replace(AS_NAMED, zone=NEW_YORK, labels={"1h": OPEN})
    stated = read(clock(opens, NEW_YORK), "1h", CRYPTO, mapping)
    assert stated.opens.ts.equals(opens)


def test_our_own_form_is_utc() -> None:
    opens = true_opens("1h", CRYPTO)
    texts = opens.dt.strftime("%Y-%m-%d %H:%M:%S")

    assert read(texts, "1h", CRYPTO, name="ts").opens.ts.equals(opens)
    assert file_instants(table(texts, "ts"), AS_NAMED).equals(opens)


@pytest.mark.parametrize(
    ("label", "zone", "date"),
    [
        ("2024-01-01T15:00:00Z", "Asia/Tokyo", "2024-01-02"),
        ("2024-01-02T00:00:00Z", NEW_YORK, "2024-01-01"),
        ("2024.01.02 00:00", "Asia/Tokyo", "2024-01-02"),
        ("2024.01.02 23:30", "UTC", "2024-01-02"),
        ("1704034800", "Asia/Tokyo", "2024-01-01"),
        ("2024-01-02", "Asia/Tokyo", "2024-01-02"),
    ],
)
def test_days_with_a_time_are_the_dates_of_the_stated_zone(
    label: str, zone: str, date: str
) -> None:
    mapping = replace(AS_NAMED, date_zone=zone)

    seen = read(pl.Series([label]), "1day", CRYPTO, mapping)

    assert str(seen.opens.ts[0].date()) == date


def test_the_zone_of_days_is_asked_for_where_no_session_shows_their_dates() -> None:
    evenings = pl.Series([f"2024.01.{day:02} 23:30" for day in range(10, 31)])

    with raises(BarsError, "ambiguous-file-reading", match="zone"):
        read(evenings, "1day", CRYPTO)
    late = clock(true_opens("1day") + dt.timedelta(hours=29), BROKERS)  # midnight in New York
    with raises(BarsError, "unclear-labels", match="date_zone"):
        read(late, "1day")


@pytest.mark.parametrize(("side", "monday"), [("open", 8), ("close", 1)])
def test_a_sunday_names_the_week_that_is_stated(side: str, monday: int) -> None:
    mapping = replace(AS_NAMED, week_label=side, labels={"1week": "close"})

    seen = read(pl.Series(["07.01.2024"]), "1week", mapping=mapping)

    assert seen.opens.ts[0] == utc(2024, 1, monday)


def test_the_spacing_shows_the_timeframe_before_it_is_stated() -> None:
    opens = true_opens("15min")
    seen = shown_spacing(table(clock(opens, NEW_YORK).dt.strftime("%d.%m.%Y %H:%M")), AS_NAMED)

    assert seen is not None
    assert seen.timeframe == "15min"
    assert shown_spacing(table(opens[:3]), AS_NAMED) is None


@pytest.mark.parametrize(("name", "minutes"), [("Open time", 0), ("close_time", 15)])
def test_the_name_of_the_column_may_be_the_label(name: str, minutes: int) -> None:
    opens = true_opens("15min", CRYPTO)
    labels = (opens + dt.timedelta(minutes=minutes)).cast(pl.Int64) // 1_000

    seen = read(labels, "15min", CRYPTO, name=name)

    assert seen.opens.ts.equals(opens)
    assert seen.opens.meaning == ("close" if minutes else "")
    with raises(BarsError, "ambiguous-file-reading", match="label"):
        read(labels, "15min", CRYPTO)


@pytest.mark.parametrize(
    "times",
    [
        pl.Series([2**31 - 1, 19000], dtype=pl.Int32).cast(pl.Date),
        *(pl.Series([19000, -(2**62)]).cast(pl.Datetime(unit)) for unit in ("ms", "us")),
        pl.Series(["2024-01-02 00:00", "9999-12-31 23:59"]),
        pl.Series([1704067200, 10**15]),
    ],
)
@pytest.mark.parametrize("timeframe", ["1h", "1day"])
def test_a_time_beyond_all_years_is_refused_with_its_place(
    times: pl.Series, timeframe: str
) -> None:
    mapping = replace(AS_NAMED, zone=NEW_YORK, epoch="s")

    with raises(BarsError, "bad-value", match=r"line \d"):
        read(times, timeframe, mapping=mapping)


def test_days_around_the_clock_that_begin_elsewhere_ask_for_the_zone_of_their_dates() -> None:
    midnights = true_opens("1day", CRYPTO).dt.replace_time_zone(None)
    labels = midnights.dt.replace_time_zone("Europe/Berlin").dt.convert_time_zone("UTC")

    with raises(BarsError, "ambiguous-file-reading", match="date_zone"):
        read(labels, "1day", CRYPTO)
    seen = read(labels, "1day", CRYPTO, replace(AS_NAMED, date_zone="Europe/Berlin"))
    assert seen.opens.ts.equals(midnights.dt.replace_time_zone("UTC"))
    assert read(labels, "1day", CRYPTO, name="ts").opens.ts[1] == midnights[0].replace(
        tzinfo=dt.UTC
    )
