"""Stores of the engine this platform replaces, made up for tests: SQLite files and day folders."""

import datetime as dt
import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from regime_platform.legacy.readers.source import zone_of
from regime_platform.model.timeframes import is_intraday

OldRow = tuple[str, str, str, float | None, float | None, float | None, float | None, float | None]

_TABLE = (
    "CREATE TABLE IF NOT EXISTS bars (symbol TEXT, timeframe TEXT, ts TEXT, open REAL, high REAL, "
    "low REAL, close REAL, volume REAL, source TEXT, PRIMARY KEY (symbol, timeframe, ts))"
)
_INSERT = "INSERT INTO bars VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'vendor')"
#: Long after the last bar that tests make.
WRITTEN = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)


def old_rows(
    symbol: str, timeframe: str, bars: pl.DataFrame, asset_class: str = "US_EQUITY", word: str = ""
) -> list[OldRow]:
    """Bars in ``BAR_SCHEMA`` as the old engine wrote them: text times, local where it did so."""
    local = bars["ts"].dt.convert_time_zone(zone_of(asset_class, timeframe))
    text = local.dt.strftime("%Y-%m-%d %H:%M:%S" if is_intraday(timeframe) else "%Y-%m-%d")
    values = bars.drop("ts").iter_rows()
    return [(symbol, word or timeframe, ts, *row) for ts, row in zip(text, values, strict=True)]


def write_old_db(path: Path, rows: Sequence[OldRow], written: dt.datetime = WRITTEN) -> Path:
    """A live.db or frozen database, last written at ``written``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path)
    connection.execute(_TABLE)
    connection.executemany(_INSERT, rows)
    connection.commit()
    connection.close()
    os.utime(path, (written.timestamp(), written.timestamp()))
    return path


def write_old_days(  # noqa: PLR0917 - what is written, and how
    folder: Path,
    timeframe: str,
    bars: pl.DataFrame,
    asset_class: str = "US_EQUITY",
    written: dt.datetime = WRITTEN,
    day: str = "date={}",
) -> Path:
    """Bars in ``BAR_SCHEMA`` as one Parquet file per day: naive local times, whole volumes."""
    zone = zone_of(asset_class, timeframe)
    naive = bars["ts"].dt.convert_time_zone(zone).dt.replace_time_zone(None)
    table = bars.with_columns(naive.alias("ts"), pl.col("volume").cast(pl.Int64))
    for (date,), part in table.group_by(pl.col("ts").dt.date(), maintain_order=True):
        target = folder / day.format(date) / "part-0.parquet"
        target.parent.mkdir(parents=True, exist_ok=True)
        part.write_parquet(target, compression="zstd")
        os.utime(target, (written.timestamp(), written.timestamp()))
    return folder
