"""Timestamps of files are parsed as UTC instants."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from regime_platform.sources.files.series import read_bars_file
from regime_platform_tests.builders import make_bars
from regime_platform_tests.sources.files.csv_files import HEADER, csv_file


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("2024-01-02 14:30", 14),
        ("2024-01-02 14:30:00", 14),
        ("2024-01-02T14:30:00.000", 14),
        ("2024-01-02T14:30:00Z", 14),
        ("2024-01-02 09:30:00-05:00", 14),
        ("2024-01-02T15:30+0100", 14),
    ],
)
def test_naive_times_are_utc_and_offsets_are_applied(tmp_path: Path, text: str, hour: int) -> None:
    bars = read_bars_file(csv_file(tmp_path, f"{HEADER}{text},1,1,1,1,1\n"))

    assert bars["ts"][0] == dt.datetime(2024, 1, 2, hour, 30, tzinfo=dt.UTC)


@pytest.mark.parametrize("dtype", [pl.Datetime("ms"), pl.Datetime("ns", "UTC"), pl.Date])
def test_parquet_times_of_any_kind_become_utc(tmp_path: Path, dtype: pl.DataType) -> None:
    bars = make_bars(20)
    path = tmp_path / "1day.parquet"
    naive = bars.with_columns(pl.col("ts").dt.replace_time_zone(None))
    cast = bars if isinstance(dtype, pl.Datetime) and dtype.time_zone else naive
    cast.with_columns(pl.col("ts").cast(dtype)).write_parquet(path)

    assert read_bars_file(path).equals(bars)
