"""The bars that ship with the package are what their metadata says."""

import datetime as dt
import shutil
from pathlib import Path

import polars as pl
import pytest

from regime_platform.errors import BarsError, SourceError
from regime_platform.files import file_sha256
from regime_platform.model.bar_schema import BAR_SCHEMA, PRICE_COLUMNS
from regime_platform.model.calendar.sessions import bar_end
from regime_platform.model.instruments import Instrument
from regime_platform.model.series import iso
from regime_platform.model.universe.universe import parse_universe
from regime_platform.settings import TRACKED_UNIVERSE
from regime_platform.sources.protocol import NotOfferedError
from regime_platform.sources.sample.make_sample import synthetic_series
from regime_platform.sources.sample.source import SAMPLE_DATA, SampleSource, sample_files
from regime_platform_tests.error_codes import raises

NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
UNIVERSE = parse_universe(TRACKED_UNIVERSE.read_text(encoding="utf-8"), "universe.yaml")
FILES = sample_files()


def served(symbol: str, timeframe: str) -> pl.DataFrame:
    return SampleSource().series(UNIVERSE.instrument(symbol), timeframe).bars


@pytest.mark.parametrize("file", FILES)
def test_a_file_is_the_one_that_its_metadata_describes(file: str) -> None:
    facts = FILES[file]

    bars = served(facts["symbol"], facts["timeframe"])

    assert file_sha256(SAMPLE_DATA / file) == facts["sha256"]
    assert (bars.height, iso(bars["ts"][0]), iso(bars["ts"][-1])) == (
        facts["rows"],
        facts["first"],
        facts["last"],
    )
    assert all(facts[name] for name in ("source", "version", "licence", "description", "derived"))


@pytest.mark.parametrize("file", FILES)
def test_bars_are_clean_ordered_and_past(file: str) -> None:
    facts = FILES[file]
    bars = served(facts["symbol"], facts["timeframe"])
    asset_class = UNIVERSE.instrument(facts["symbol"]).asset_class

    assert bars.schema == BAR_SCHEMA
    assert bars.null_count().sum_horizontal()[0] == 0
    assert bars["ts"].is_sorted()
    assert bars["ts"].n_unique() == bars.height
    assert (
        bars.select(pl.min_horizontal(PRICE_COLUMNS))
        .to_series()
        .equals(bars["low"], check_names=False)
    )
    assert (
        bars.select(pl.max_horizontal(PRICE_COLUMNS))
        .to_series()
        .equals(bars["high"], check_names=False)
    )
    assert bar_end(bars["ts"][-1], facts["timeframe"], asset_class) < NOW


def test_nothing_else_lies_among_the_files() -> None:
    assert {str(path.relative_to(SAMPLE_DATA)) for path in SAMPLE_DATA.rglob("*.parquet")} == set(
        FILES
    )


def test_the_sample_stays_small() -> None:
    assert sum(path.stat().st_size for path in SAMPLE_DATA.rglob("*.parquet")) < 3_000_000


def test_synthetic_bars_come_out_the_same_again() -> None:
    for series in synthetic_series():
        assert series.bars.equals(served("SYNTH", series.timeframe)), series.timeframe


def test_synthetic_bars_say_what_they_are() -> None:
    described = [facts["description"] for facts in FILES.values() if facts["symbol"] == "SYNTH"]

    assert len(described) == 5
    assert all(text.startswith("SYNTHETIC") for text in described)
    assert "SYNTHETIC" in UNIVERSE.instrument("SYNTH").name


def test_synthetic_bars_reach_escalation_on_all_but_the_weekly_timeframe() -> None:
    rows = {name: served("SYNTH", name).height for name in ("15min", "1h", "4h", "1day", "1week")}

    assert rows == {"15min": 15_600, "1h": 4_200, "4h": 1_200, "1day": 600, "1week": 120}


def test_synthetic_sessions_keep_new_york_time_across_clock_changes() -> None:
    for timeframe, opens in {
        "1h": ["09:30", "10:30", "11:30", "12:30", "13:30", "14:30", "15:30"],
        "4h": ["09:30", "13:30"],
    }.items():
        local = served("SYNTH", timeframe)["ts"].dt.convert_time_zone("America/New_York")
        assert local.dt.strftime("%H:%M").unique().sort().to_list() == opens


def test_synthetic_stress_is_wilder_than_synthetic_calm() -> None:
    returns = served("SYNTH", "1day").select(pl.col("close").pct_change()).to_series()

    assert returns[255:285].std() > 3 * returns[1:150].std()


@pytest.mark.parametrize("symbol", ["AAPL", "FB", "GOOG", "IBM", "MSFT", "EURUSD", "SYNTH"])
def test_weeks_are_labelled_by_their_monday(symbol: str) -> None:
    assert served(symbol, "1week")["ts"].dt.weekday().unique().to_list() == [1]


def test_the_real_crash_and_the_real_splits_are_as_traded() -> None:
    change = served("AAPL", "1day").select("ts", ret=pl.col("close").pct_change())
    moves = {day: round(ret, 3) for day, ret in change.drop_nulls().rows() if ret < -0.4}

    assert [iso(day)[:10] for day in moves] == ["2000-06-21", "2000-09-29", "2005-02-28"]
    assert moves[dt.datetime(2000, 9, 29, tzinfo=dt.UTC)] == -0.519


def test_an_fx_day_ends_at_seventeen_new_york_on_its_date() -> None:
    hours = served("EURUSD", "1h").with_columns(
        end=pl.col("ts") + pl.duration(hours=1),
    )
    days = served("EURUSD", "1day")

    assert days["ts"].dt.weekday().unique().sort().to_list() == [1, 2, 3, 4, 5]
    for opened, close in days.select("ts", "close").rows():
        closed = bar_end(opened, "1day", "FX")
        assert hours.filter(pl.col("end") <= closed)["close"][-1] == close


def test_four_hour_fx_bars_stand_on_the_utc_clock() -> None:
    hours = served("EURUSD", "4h")["ts"].dt.hour().unique().sort().to_list()

    assert hours == [0, 4, 8, 12, 16, 20]


def test_an_absent_timeframe_is_told_from_an_absent_symbol() -> None:
    with pytest.raises(NotOfferedError, match="no 15min bars of EURUSD, only 1h, 4h, 1day, 1week"):
        served("EURUSD", "15min")

    unknown = Instrument("TSLA", "Tesla", "US_EQUITY", "daily", "sample")
    with raises(SourceError, "unknown-sample-symbol"):
        SampleSource().series(unknown, "1day")


def test_a_damaged_sample_file_is_refused(tmp_path: Path) -> None:
    shutil.copytree(SAMPLE_DATA, tmp_path / "data")
    damaged = tmp_path / "data" / "FB" / "1day.parquet"
    content = bytearray(damaged.read_bytes())
    content[1000] ^= 1
    damaged.write_bytes(content)

    with raises(BarsError, "sample-altered"):
        SampleSource(tmp_path / "data").series(UNIVERSE.instrument("FB"), "1day")
