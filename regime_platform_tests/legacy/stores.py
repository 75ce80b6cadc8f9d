"""Stores of the legacy engine for tests: SQLite files, day folders and results."""

import datetime as dt
import json
import os
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from regime_platform.legacy.times import zone_of
from regime_platform.model.markets import MARKETS
from regime_platform.model.timeframes import is_intraday

LegacyRow = tuple[
    str, str, str, float | None, float | None, float | None, float | None, float | None
]

_TABLE = (
    "CREATE TABLE IF NOT EXISTS bars (symbol TEXT, timeframe TEXT, ts TEXT, open REAL, high REAL, "
    "low REAL, close REAL, volume REAL, source TEXT, PRIMARY KEY (symbol, timeframe, ts))"
)
_INSERT = "INSERT INTO bars VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'vendor')"
GOLDEN = Path(__file__).parents[1] / "golden"
_LISTS = (
    "classification.strategy_tags",
    "classification.regime_reasons",
    "classification.regime_reasons_top",
    "escalation_bucket_thresholds",
    "escalation_metadata",
    "key_levels",
)
#: Long after the last bar that tests make.
WRITTEN = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)


def legacy_rows(
    symbol: str, timeframe: str, bars: pl.DataFrame, asset_class: str = "US_EQUITY", word: str = ""
) -> list[LegacyRow]:
    """Bars in ``BAR_SCHEMA`` as the legacy engine wrote them: text times, local for intraday."""
    local = bars["ts"].dt.convert_time_zone(zone_of(MARKETS[asset_class], timeframe))
    text = local.dt.strftime("%Y-%m-%d %H:%M:%S" if is_intraday(timeframe) else "%Y-%m-%d")
    values = bars.drop("ts").iter_rows()
    return [(symbol, word or timeframe, ts, *row) for ts, row in zip(text, values, strict=True)]


def write_legacy_db(path: Path, rows: Sequence[LegacyRow], written: dt.datetime = WRITTEN) -> Path:
    """A live.db or frozen database, last written at ``written``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path)
    connection.execute(_TABLE)
    connection.executemany(_INSERT, rows)
    connection.commit()
    connection.close()
    os.utime(path, (written.timestamp(), written.timestamp()))
    return path


def write_legacy_days(  # noqa: PLR0917 - what is written, and how
    folder: Path,
    timeframe: str,
    bars: pl.DataFrame,
    asset_class: str = "US_EQUITY",
    written: dt.datetime = WRITTEN,
    day: str = "date={}",
) -> Path:
    """Bars in ``BAR_SCHEMA`` as one Parquet file per day: naive local times, whole volumes."""
    zone = zone_of(MARKETS[asset_class], timeframe)
    naive = bars["ts"].dt.convert_time_zone(zone).dt.replace_time_zone(None)
    table = bars.with_columns(naive.alias("ts"), pl.col("volume").cast(pl.Int64))
    for (date,), part in table.group_by(pl.col("ts").dt.date(), maintain_order=True):
        target = folder / day.format(date) / "part-0.parquet"
        target.parent.mkdir(parents=True, exist_ok=True)
        part.write_parquet(target, compression="zstd")
        os.utime(target, (written.timestamp(), written.timestamp()))
    return folder


def _state_json(row: dict[str, Any]) -> str:
    """A flat golden row as the legacy engine stores it."""
    state: dict[str, Any] = {"symbol": row["symbol"], "asof": row["asof"]}
    for name, value in row.items():
        if name in ("ts", "symbol", "timeframe", "asof"):
            continue
        node, leaf = state, name.split(".")
        for part in leaf[:-1]:
            node = node.setdefault(part, {})
        node[leaf[-1]] = json.loads(value) if name in _LISTS else value
    return json.dumps({**state, "timeframe": row["timeframe"]}, separators=(",", ":"))


def write_legacy_results(
    path: Path, change: Callable[[sqlite3.Connection], object] | None = None
) -> Path:
    """Write the golden rows to a compute.db of the legacy engine, and apply ``change``."""
    escalation = pl.read_parquet(GOLDEN / "msft_1day.escalation.parquet").drop("ts")
    states = pl.read_parquet(GOLDEN / "msft_1day.state.parquet")
    (latest,) = json.loads((GOLDEN / "msft_1day.latest.json").read_text())
    connection = sqlite3.connect(path)
    marks = ", ".join("?" * escalation.width)
    connection.execute(f"CREATE TABLE escalation_history_v3 ({', '.join(escalation.columns)})")
    insert = f"INSERT INTO escalation_history_v3 VALUES ({marks})"  # noqa: S608 - a constant
    connection.executemany(insert, escalation.iter_rows())
    connection.execute("CREATE TABLE state_history (symbol, timeframe, asof, state_json)")
    rows = [
        (row["symbol"], row["timeframe"], row["asof"], _state_json(row))
        for row in states.iter_rows(named=True)
    ]
    connection.executemany("INSERT INTO state_history VALUES (?, ?, ?, ?)", rows)
    connection.execute(
        "CREATE TABLE latest_state (symbol, timeframe, asof, hazard_score, cross_tf_consensus)"
    )
    names = ("symbol", "timeframe", "asof", "hazard_score", "cross_tf_consensus")
    connection.execute(
        "INSERT INTO latest_state VALUES (?, ?, ?, ?, ?)", [latest[name] for name in names]
    )
    if change is not None:
        change(connection)
    connection.commit()
    connection.close()
    return path
