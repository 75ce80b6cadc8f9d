"""Gaps in real series are counted and listed; holidays, early closes and weekends are none."""

import datetime as dt

import polars as pl
import pytest

from regime_platform.model.calendar.trading_hours import expected_bars, expected_opens
from regime_platform.model.markets import MARKETS
from regime_platform.model.timeframes import TIMEFRAMES
from regime_platform.validation.gate import gate
from regime_platform.validation.rules.calendar import calendar_fit, stretches
from regime_platform_tests.bench.gates import bars
from regime_platform_tests.builders import fetched
from regime_platform_tests.validation.real_bars import finding_of, real, validated


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def without(opens: pl.Series, *missing: str) -> pl.Series:
    return opens.filter(~opens.is_in([utc(text) for text in missing]))


def test_a_missing_day_is_a_missing_session() -> None:
    rows = real("IBM", "1day")

    result = validated(rows.filter(pl.col("ts") != rows["ts"][700]), "IBM", "1day")

    finding = finding_of(result, "missing_sessions")
    assert (finding.count, finding.checked) == (1, 3270)
    assert finding.examples == (f"{rows['ts'][700].date()} no bar of this session",)
    assert finding_of(result, "missing_bars").checked == 0
    assert result.status == "passed"


def test_a_missing_week_is_a_missing_session() -> None:
    rows = real("IBM", "1week")

    result = validated(rows.filter(pl.col("ts") != rows["ts"][70]), "IBM", "1week")

    assert finding_of(result, "missing_sessions").count == 1


def test_missing_hours_are_bars_and_a_whole_missing_day_is_a_session() -> None:
    rows = real("EURUSD", "1h")
    day = pl.col("ts").is_between(utc("2017-05-09T21:00"), utc("2017-05-10T20:00"))
    hours = pl.col("ts").is_in([utc("2017-03-01T09:00"), utc("2017-03-01T10:00")])

    result = validated(rows.filter(~(day | hours)), "EURUSD", "1h")

    bars, sessions = (finding_of(result, name) for name in ("missing_bars", "missing_sessions"))
    assert (bars.count, sessions.count) == (2, 1)
    assert bars.examples[0] == "2017-03-01 09:00 no bar opens here"
    assert stretches(result.gaps).rows() == [
        (utc("2017-03-01T09:00"), utc("2017-03-01T10:00"), 2, 0),
        (utc("2017-05-09T21:00"), utc("2017-05-10T20:00"), 24, 1),
    ]


def test_a_stretch_goes_on_over_a_weekend() -> None:
    rows = real("EURUSD", "1h")
    gone = pl.col("ts").is_between(utc("2017-05-12T20:00"), utc("2017-05-14T21:00"))

    result = validated(rows.filter(~gone), "EURUSD", "1h")

    assert stretches(result.gaps).rows() == [
        (utc("2017-05-12T20:00"), utc("2017-05-14T21:00"), 2, 0)
    ]


@pytest.mark.parametrize("ts", ["2004-07-05", "2001-09-12", "2005-01-01"])
def test_a_bar_on_a_closed_day_is_reported_and_stays(ts: str) -> None:
    rows = real("IBM", "1day")
    odd = rows[:1].with_columns(ts=pl.lit(utc(ts)).cast(rows.schema["ts"]))

    result = validated(pl.concat([rows, odd]).sort("ts"), "IBM", "1day")

    finding = finding_of(result, "outside_session")
    assert (finding.count, finding.examples[0][:10]) == (1, ts)
    assert result.status == "passed"
    assert result.valid.height == rows.height + 1


@pytest.mark.parametrize("timeframe", TIMEFRAMES)
@pytest.mark.parametrize("asset_class", ["US_EQUITY", "FX", "CRYPTO"])  # one per calendar
def test_good_bars_over_years_of_every_calendar_have_no_finding(
    asset_class: str, timeframe: str
) -> None:
    years = 15 if asset_class == "CRYPTO" else 20  # no bar of it can be older
    rows = fetched(bars(asset_class, timeframe, years))

    result = gate(rows, timeframe=timeframe, market=MARKETS[asset_class])

    assert {finding.rule: finding.count for finding in result.findings if finding.count} == {}
    assert result.valid.height == rows.height


def test_hours_on_the_clock_are_recognised_and_compared_with_it() -> None:
    span = (utc("2023-01-03"), utc("2023-03-01"))
    clock = expected_bars(MARKETS["US_EQUITY"], "1h", *span, anchor="clock")["ts"]

    covered = calendar_fit(without(clock, "2023-01-10T15:00"), "1h", MARKETS["US_EQUITY"])

    assert covered.anchor == "clock"
    assert covered.gaps["ts"].to_list() == [utc("2023-01-10T15:00")]
    assert not covered.outside.any()


def test_the_anchor_is_part_of_the_result() -> None:
    assert validated(real("EURUSD", "4h"), "EURUSD", "4h").anchor == "clock"
    assert validated(real("SYNTH", "1h"), "SYNTH", "1h").anchor == "session"
    assert validated(real("SYNTH", "1day"), "SYNTH", "1day").anchor == ""


def test_an_early_close_is_no_gap_but_a_bar_missing_before_it_is() -> None:
    opens = expected_opens(MARKETS["US_EQUITY"], "15min", utc("2024-07-02"), utc("2024-07-06"))

    whole = calendar_fit(opens, "15min", MARKETS["US_EQUITY"])
    holed = calendar_fit(without(opens, "2024-07-03T16:45"), "15min", MARKETS["US_EQUITY"])

    assert whole.gaps.is_empty()
    assert holed.gaps["ts"].to_list() == [utc("2024-07-03T16:45")]


def test_the_clock_of_new_york_changes_without_a_gap() -> None:
    for start in ("2024-03-08", "2024-11-01"):
        opens = expected_opens(MARKETS["FX"], "1h", utc(start), utc(start) + dt.timedelta(days=5))

        assert calendar_fit(opens, "1h", MARKETS["FX"]).gaps.is_empty()
