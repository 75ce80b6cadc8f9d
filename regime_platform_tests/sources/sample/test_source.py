"""The bars that ship with the package match their metadata."""

import datetime as dt
import shutil
from pathlib import Path

import polars as pl
import pytest

from regime_platform.errors import BarsError, SourceError
from regime_platform.model.bar_schema import BAR_SCHEMA, PRICE_COLUMNS
from regime_platform.model.calendar.due import bar_end
from regime_platform.model.instants import iso
from regime_platform.model.instruments import Instrument
from regime_platform.model.markets import MARKETS
from regime_platform.model.ratios import ratio_text
from regime_platform.sources.protocol import NotOfferedError
from regime_platform.sources.sample.source import SAMPLE_DATA, SampleSource
from regime_platform_tests.error_codes import raises
from regime_platform_tests.sources.sample.served import FILES, UNIVERSE, served

NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)


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
    assert bar_end(bars["ts"][-1], facts["timeframe"], MARKETS[asset_class]) < NOW


def test_the_real_crash_and_the_real_splits_are_as_traded() -> None:
    change = served("AAPL", "1day").select("ts", ret=pl.col("close").pct_change())
    moves = {day: round(ret, 3) for day, ret in change.drop_nulls().rows() if ret < -0.4}

    assert [iso(day)[:10] for day in moves] == ["2000-06-21", "2000-09-29", "2005-02-28"]
    assert moves[dt.datetime(2000, 9, 29, tzinfo=dt.UTC)] == -0.519


def test_the_splits_of_the_stocks_are_declared_with_their_source() -> None:
    declared = {
        symbol: [
            (split.date.isoformat(), ratio_text(split.ratio), bool(split.source))
            for split in SampleSource().splits(UNIVERSE.instrument(symbol))
        ]
        for symbol in UNIVERSE.symbols
    }

    assert {symbol: splits for symbol, splits in declared.items() if splits} == {
        "AAPL": [("2000-06-21", "2:1", True), ("2005-02-28", "2:1", True)],
        "MSFT": [("2003-02-18", "2:1", True)],
    }
    stocks = {name for name, facts in FILES.items() if facts["price_basis"] == "unadjusted"}
    assert {name.split("/")[0] for name in stocks} == {"AAPL", "FB", "GOOG", "IBM", "MSFT"}


def test_an_absent_timeframe_and_an_absent_symbol_are_different_errors() -> None:
    with pytest.raises(NotOfferedError, match="no 15min bars of EURUSD, only 1h, 4h, 1day, 1week"):
        served("EURUSD", "15min")

    unknown = Instrument(
        symbol="TSLA", name="Tesla", asset_class="US_EQUITY", tier="daily", source="sample"
    )
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
