"""Coarser bars are the same by whatever way they are built, whole, and never change later."""

import datetime as dt

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from regime_platform.errors import BarsError
from regime_platform.model.bar_schema import BAR_SCHEMA
from regime_platform.model.calendar.trading_hours import (
    CLOCK,
    expected_bars,
    expected_opens,
    tolerated_opens,
)
from regime_platform.model.exchanges import ALWAYS, FX, FX_UTC, SPOT, XNYS
from regime_platform.model.markets import Market
from regime_platform.model.timeframes import DURATION, FINER, TIMEFRAMES, is_intraday
from regime_platform.revisions.resampling import resampled, source_of
from regime_platform.sources.sample.source import SAMPLE_DATA
from regime_platform_tests.error_codes import raises

CALENDARS = (XNYS, "XHKG", "XBOM", "CMES", FX, FX_UTC, SPOT, ALWAYS)
#: From a Sunday: with the ends of summer time in Europe and in New York, and Thanksgiving.
AUTUMN = dt.datetime(2024, 10, 20, tzinfo=dt.UTC), dt.datetime(2024, 12, 3, tzinfo=dt.UTC)
NEW_YORK, CHICAGO = "America/New_York", "America/Chicago"


def bars_at(opens: pl.Series) -> pl.DataFrame:
    """Bars at these opens, with whole volumes so that sums are exact."""
    draws = np.random.default_rng(7).integers(0, 400, (4, opens.len()))
    low = 10_000.0 + draws[0]
    columns = [low + draws[1], low + 400.0, low, low + draws[2], draws[3].astype(float)]
    names = ("open", "high", "low", "close", "volume")
    return pl.DataFrame({"ts": opens, **dict(zip(names, columns, strict=True))}, schema=BAR_SCHEMA)


def autumn(calendar: str) -> pl.DataFrame:
    """All bars of 5 minutes of six weeks."""
    return bars_at(expected_opens(market(calendar), "5min", *AUTUMN))


def stretch(first: str, last: str, zone: str, minutes: int = 5) -> pl.DataFrame:
    """A bar every so many minutes from the first to the last one, by the clock of a zone."""
    start, end = (dt.datetime.fromisoformat(text) for text in (first, last))
    local = pl.datetime_range(start, end, f"{minutes}m", eager=True)
    return bars_at(local.dt.replace_time_zone(zone).dt.convert_time_zone("UTC"))


def market(calendar: str) -> Market:
    return Market("US_EQUITY", calendar)


def opens(bars: pl.DataFrame, zone: str = "UTC") -> list[str]:
    return bars["ts"].dt.convert_time_zone(zone).dt.strftime("%d %H:%M").to_list()


def dates(bars: pl.DataFrame) -> list[str]:
    assert (bars["ts"].dt.truncate("1d") == bars["ts"]).all()
    return bars["ts"].dt.strftime("%a %d").to_list()


def grouped(bars: pl.DataFrame, calendar: str, wanted: str) -> pl.DataFrame:
    """All periods, whole or not, by a join with the calendar; with their first and last part."""
    week = dt.timedelta(days=7)
    span = AUTUMN[0] - week, AUTUMN[1] + week
    day = pl.col("date").cast(BAR_SCHEMA["ts"])
    if wanted == "1week":  # a currency's week begins on Sunday evening
        eve = market(calendar).has_currency_week & (day.dt.weekday() == 7)
        day = pl.when(eve).then(day.dt.offset_by("1d")).otherwise(day).dt.truncate("1w")
    due = expected_bars(market(calendar), "5min", *span).with_columns(label=day)
    if is_intraday(wanted):
        labels = expected_opens(market(calendar), wanted, *span).alias("label").to_frame()
        due = due.drop("label").join_asof(labels, left_on="ts", right_on="label", coalesce=False)
    due = due.with_columns(first=pl.min("ts").over("label"), last=pl.max("ts").over("label"))
    return bars.join(due, on="ts").group_by(ts="label", maintain_order=True).agg(
        pl.col("open").first(), pl.col("high").max(), pl.col("low").min(),
        pl.col("close").last(), pl.col("volume").sum(), pl.col("first", "last").first(),
    )  # fmt: skip


@pytest.mark.parametrize("calendar", CALENDARS)
def test_steps_in_between_change_nothing(calendar: str) -> None:
    bars = autumn(calendar)
    quarters = resampled(bars, "5min", "15min", market(calendar))
    hours = resampled(quarters, "15min", "1h", market(calendar))
    days = resampled(hours, "1h", "1day", market(calendar))

    for wanted, given, steps in (
        ("1h", "15min", quarters),
        ("4h", "1h", hours),
        ("1day", "1h", hours),
        ("1week", "15min", quarters),
        ("1week", "1day", days),
    ):
        direct = resampled(bars, "5min", wanted, market(calendar))
        assert direct.height >= 6
        assert_frame_equal(resampled(steps, given, wanted, market(calendar)), direct)


@pytest.mark.parametrize("calendar", CALENDARS)
@pytest.mark.parametrize("wanted", TIMEFRAMES)
def test_later_bars_change_no_period_and_only_whole_ones_are_built(
    calendar: str, wanted: str
) -> None:
    bars = autumn(calendar)
    periods = grouped(bars, calendar, wanted).filter(pl.col("first") >= bars["ts"][0])
    complete = resampled(bars, "5min", wanted, market(calendar))
    late = {0, 1} if calendar in {SPOT, "CMES"} else {0}  # a day is over when its thin hours are

    assert_frame_equal(complete, periods.select(*BAR_SCHEMA)[: complete.height])
    for cut in (*range(1, bars.height, bars.height // 5), *range(2000, 2012, 3), bars.height):
        built = resampled(bars[:cut], "5min", wanted, market(calendar))
        over = int((periods["last"] <= bars["ts"][cut - 1]).sum())
        assert_frame_equal(built, complete[: built.height])
        assert over - built.height in late


def test_a_half_day_of_new_york_has_half_an_hour_at_its_end() -> None:
    bars = stretch("2024-11-29 09:30", "2024-11-29 12:55", NEW_YORK)

    hours = resampled(bars, "5min", "1h", market(XNYS))
    assert opens(hours, NEW_YORK) == ["29 09:30", "29 10:30", "29 11:30", "29 12:30"]
    assert hours["volume"][-1] == bars["volume"][-6:].sum()
    assert opens(resampled(bars, "5min", "4h", market(XNYS)), NEW_YORK) == ["29 09:30"]
    [day] = resampled(bars, "5min", "1day", market(XNYS)).to_dicts()
    assert day == {
        "ts": dt.datetime(2024, 11, 29, tzinfo=dt.UTC),
        "open": bars["open"][0],
        "high": bars["high"].max(),
        "low": bars["low"].min(),
        "close": bars["close"][-1],
        "volume": bars["volume"].sum(),
    }
    assert resampled(bars[:-1], "5min", "1day", market(XNYS)).is_empty()


def test_a_session_begins_again_after_its_break() -> None:
    bars = stretch("2024-11-28 09:30", "2024-11-28 15:55", "Asia/Hong_Kong")
    kept = bars.filter(pl.col("ts").dt.time().is_between(dt.time(4), dt.time(5), "left").not_())

    hours = resampled(kept, "5min", "1h", market("XHKG"))
    assert [label[3:] for label in opens(hours, "Asia/Hong_Kong")] == [
        "09:30", "10:30", "11:30", "13:00", "14:00", "15:00",
    ]  # fmt: skip
    assert hours["volume"][2] == bars["volume"][24:30].sum()


def test_days_that_begin_the_evening_before_have_the_date_of_their_end() -> None:
    week = stretch("2024-11-03 16:00", "2024-11-08 16:55", CHICAGO)  # Sunday to Friday

    days = resampled(week, "5min", "1day", market("CMES"))
    assert dates(days) == ["Mon 04", "Tue 05", "Wed 06", "Thu 07", "Fri 08"]
    assert days["open"][0] == week["open"][12]  # of 17:00; the hour before is no session
    assert dates(resampled(week, "5min", "1week", market("CMES"))) == ["Mon 04"]
    currency = resampled(week, "5min", "1day", market(FX))  # 17:00 New York, an hour earlier
    assert dates(currency) == ["Mon 04", "Tue 05", "Wed 06", "Thu 07", "Fri 08"]
    assert currency["open"][0] == week["open"][0]
    until_midnight = resampled(week, "5min", "1day", market(FX_UTC))
    assert dates(until_midnight)[:2] == ["Sun 03", "Mon 04"]
    assert dates(resampled(week, "5min", "1week", market(FX_UTC))) == ["Mon 04"]
    assert dates(resampled(until_midnight, "1day", "1week", market(FX_UTC))) == ["Mon 04"]


def test_bars_outside_sessions_are_in_no_period() -> None:
    bars = stretch("2024-07-11 04:00", "2024-07-11 19:55", NEW_YORK)
    session = stretch("2024-07-11 09:30", "2024-07-11 15:55", NEW_YORK)["ts"]
    inside = bars.filter(pl.col("ts").is_in(session.implode()))

    for wanted in TIMEFRAMES[:-1]:
        built = resampled(bars, "5min", wanted, market(XNYS))
        assert built.height
        assert_frame_equal(built, resampled(inside, "5min", wanted, market(XNYS)))
    evening = bars.filter(pl.col("ts") > session[-1])
    assert resampled(evening, "5min", "1h", market(XNYS)).is_empty()


def test_a_period_is_built_of_what_is_there_unless_its_begin_is_missing() -> None:
    bars = stretch("2024-07-11 09:30", "2024-07-11 15:55", NEW_YORK)

    without = pl.concat([bars[:20], bars[21:40]])
    built = resampled(without, "5min", "1h", market(XNYS))
    assert opens(built, NEW_YORK) == ["11 09:30", "11 10:30", "11 11:30"]
    assert built["volume"][1] == bars["volume"][12:24].sum() - bars["volume"][20]
    late = resampled(bars[1:], "5min", "1h", market(XNYS))
    assert opens(late, NEW_YORK)[0] == "11 10:30"
    assert resampled(bars[1:], "5min", "1day", market(XNYS)).is_empty()


def test_a_null_or_nan_of_a_part_stays_visible() -> None:
    bars = stretch("2024-07-11 09:30", "2024-07-11 12:25", NEW_YORK)
    row = pl.int_range(pl.len())
    broken = bars.with_columns(
        high=pl.when(row == 1).then(None).when(row == 13).then(float("nan")).otherwise("high"),
        close=pl.when(row == 11).then(None).otherwise("close"),
        volume=pl.when(row == 25).then(None).otherwise("volume"),
    )

    built = resampled(broken, "5min", "1h", market(XNYS))
    assert built["high"].is_null().to_list() == [True, False, False]
    assert built["high"].is_nan().to_list() == [None, True, False]
    assert built["close"].is_null().to_list() == [True, False, False]
    assert built["volume"].is_null().to_list() == [False, False, True]
    assert built["low"].null_count() == 0


def test_four_hours_follow_the_anchor_of_the_hours_they_are_of() -> None:
    hours = expected_bars(market(XNYS), "1h", *AUTUMN, anchor=CLOCK)["ts"]

    built = resampled(bars_at(hours), "1h", "4h", market(XNYS))
    due = expected_bars(market(XNYS), "4h", *AUTUMN, anchor=CLOCK)["ts"]
    assert built["ts"].to_list() == due.to_list()
    days = resampled(bars_at(hours), "1h", "1day", market(XNYS))
    assert days["ts"].to_list() == expected_opens(market(XNYS), "1day", *AUTUMN).to_list()


def test_four_hours_of_futures_end_with_their_session() -> None:
    bars = bars_at(tolerated_opens(market("CMES"), "4h", *AUTUMN))  # with those of thin hours

    days = resampled(bars, "4h", "1day", market("CMES"))
    assert days["ts"].to_list() == expected_opens(market("CMES"), "1day", *AUTUMN).to_list()
    assert_frame_equal(resampled(bars[:-1], "4h", "1day", market("CMES")), days)


def test_what_a_finer_bar_reaches_across_is_refused() -> None:
    bars = bars_at(expected_opens(market(FX), "4h", *AUTUMN))

    with raises(BarsError, "straddling-bars", match=r"2024-10-21 20:00 .* `calendar: FX_UTC`"):
        resampled(bars, "4h", "1day", market(FX))
    assert dates(resampled(bars, "4h", "1day", market(FX_UTC)))[:2] == ["Sun 20", "Mon 21"]


def test_no_bars_give_none() -> None:
    for wanted in TIMEFRAMES:
        assert resampled(autumn(XNYS).clear(), "5min", wanted, market(XNYS)).is_empty()


@pytest.mark.parametrize(
    ("wanted", "given", "source"),
    [
        ("15min", "1min 5min 10min 30min", "5min"),
        ("15min", "10min 30min 1h", None),
        ("1h", "1min 10min 30min 4h", "30min"),
        ("4h", "15min 1h 1day", "1h"),
        ("1day", "5min 1h 4h", "1h"),
        ("1day", "4h 1week", "4h"),
        ("1week", "1day 4h 1h", "1day"),
        ("1week", "4h 1h", "1h"),
        ("1week", "1week", None),
        ("1min", "1min", None),
    ],
)
def test_the_coarsest_that_fits_is_the_source(wanted: str, given: str, source: str | None) -> None:
    assert source_of(wanted, given.split()) == source
    assert {source_of(name, ["1min"]) for name in DURATION} == {None, "1min"}
    assert {source_of(name, FINER) for name in ("1h", "4h", "1day", "1week")} == {"30min"}


@pytest.mark.parametrize(
    ("symbol", "calendar", "given", "wanted"),
    [
        ("EURUSD", FX, "1h", "4h"),
        ("EURUSD", FX, "1h", "1day"),
        ("EURUSD", FX, "1day", "1week"),
        ("AAPL", XNYS, "1day", "1week"),
    ],
)
def test_real_bars_are_those_of_the_sample(
    symbol: str, calendar: str, given: str, wanted: str
) -> None:
    finer, coarser = (
        pl.read_parquet(SAMPLE_DATA / symbol / f"{name}.parquet") for name in (given, wanted)
    )

    built = resampled(finer, given, wanted, market(calendar))
    is_cut = symbol == "AAPL"  # the sample has its first week, of which a day is missing
    assert_frame_equal(built, coarser[is_cut:], check_exact=False, rel_tol=1e-12)
