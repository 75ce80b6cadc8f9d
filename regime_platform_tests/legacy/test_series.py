"""Bars of version 1 are recognised, and read with instants of the zone of their asset class."""

from pathlib import Path

import polars as pl
import pytest

from regime_platform.errors import BarsError
from regime_platform.legacy.parquet import is_version_1, read_version_1
from regime_platform.model.markets import MARKETS
from regime_platform_tests.builders import make_bars
from regime_platform_tests.error_codes import raises


def write_version_1(path: Path, bars: pl.DataFrame) -> Path:
    """A file with local times without a zone, and whole volumes."""
    local = pl.col("ts").dt.convert_time_zone("America/New_York").dt.replace_time_zone(None)
    bars.with_columns(local, pl.col("volume").cast(pl.Int64)).write_parquet(path)
    return path


def test_times_are_those_of_the_asset_class(tmp_path: Path) -> None:
    bars = make_bars(40, "1h").with_columns(pl.col("volume").floor())
    path = write_version_1(tmp_path / "1h.parquet", bars)

    read, read_as = read_version_1([path], "AAA", "1h", MARKETS["US_EQUITY"])
    unknown, _ = read_version_1([path], "AAA", "1h", None)

    assert read.equals(bars)
    assert "America/New_York" in read_as
    assert unknown["ts"][0] != bars["ts"][0]


def test_of_a_repeated_bar_the_last_row_counts(tmp_path: Path) -> None:
    bars = make_bars(40, "1h").with_columns(pl.col("volume").floor())
    twice = pl.concat([bars.with_columns(close=pl.col("close") + 1).head(1), bars])
    path = write_version_1(tmp_path / "1h.parquet", twice)

    read, read_as = read_version_1([path], "AAA", "1h", MARKETS["US_EQUITY"])

    assert read.equals(bars)
    assert "1 bars occur again" in read_as


@pytest.mark.parametrize("form", ["zoned", "damaged", "missing"])
def test_other_files_are_not_of_version_1(tmp_path: Path, form: str) -> None:
    bars, path = make_bars(5), tmp_path / "1day.parquet"
    assert is_version_1(write_version_1(tmp_path / "old.parquet", bars))
    if form == "zoned":
        bars.write_parquet(path)
    elif form == "damaged":
        path.write_bytes(b"no parquet")

    assert not is_version_1(path)


def test_instants_in_place_of_local_times_are_refused(tmp_path: Path) -> None:
    make_bars(5).write_parquet(tmp_path / "1day.parquet")

    with raises(BarsError, "not-version-1"):
        read_version_1([tmp_path / "1day.parquet"], "AAA", "1day", MARKETS["US_EQUITY"])
