"""Results of the legacy engine: one SQLite file per symbol, for comparisons and queries.

Keys are text: a date where all bars of a timeframe are at midnight, else a time without a zone. A
file may hold rows of both forms, left by runs on other bars.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

from regime_platform.errors import BarsError, UsageError
from regime_platform.json_text import load_json
from regime_platform.legacy.sqlite import FOLDERS, SqliteFiles
from regime_platform.legacy.times import legacy_times, zone_of
from regime_platform.model.markets import Market
from regime_platform.model.timeframes import known_timeframe

ESCALATION = "escalation_history_v3"
STATE = "state_history"
LATEST = "latest_state"
LegacyResults = dict[str, dict[str, pl.DataFrame]]

_BATCH = 5000  # rows as Python objects; a state is 5 kB
_DATE = len("2024-07-05")


def find_results(place: Path) -> dict[str, Path]:
    """Each symbol's legacy compute.db; an unreadable file has the name of its folder.

    Raises ``UsageError`` where there is none.
    """
    files = [place] if place.is_file() else []
    files += sorted({path for folder in FOLDERS for path in place.glob(f"{folder}/compute.db")})
    if not files:
        message = f"{place} has no compute.db; --from names the folder of the legacy assets"
        raise UsageError(message, code="no-legacy-store")
    results: dict[str, Path] = {}
    for path in files:
        try:
            rows = list(_rows(path, f"SELECT DISTINCT symbol FROM {STATE}"))  # noqa: S608 - fixed
        except BarsError:  # reported when the symbol is compared
            rows = [{"symbol": path.parent.name}]
        results |= {str(row["symbol"]).upper(): path for row in rows}
    return results


def stated_versions(path: Path) -> list[str]:
    """Versions stored in the file, none without such a table; ``BarsError`` names a damaged one."""
    tables = "SELECT name FROM sqlite_master WHERE name = 'schema_version'"
    if not list(_rows(path, tables)):
        return []
    return [str(row["version"]) for row in _rows(path, "SELECT version FROM schema_version")]


def read_results(
    path: Path, symbol: str, market: Market, wanted: str | None = None
) -> LegacyResults:
    """Table -> timeframe -> its rows, with ``ts`` in UTC and without a zone, in the file's order.

    States are flattened: nested keys joined by dots, lists as JSON. A key that cannot be parsed has
    a null ``ts``. The other columns of ``latest_state`` are kept beside its state. ``wanted`` is
    the only timeframe; None means all. ``BarsError`` names a damaged file.
    """
    tables: LegacyResults = {}
    for table in (ESCALATION, STATE, LATEST):
        query = (
            f"SELECT * FROM {table} WHERE upper(symbol) = ? "  # noqa: S608 - a constant
            "AND coalesce(known_timeframe(timeframe) = ?, TRUE)"
        )
        pieces: dict[str, list[pl.DataFrame]] = {}
        rows = _rows(path, query, symbol, wanted)
        while batch := list(islice(rows, _BATCH)):
            grouped: dict[str, list[dict[str, Any]]] = {}
            for row in batch:
                if timeframe := known_timeframe(str(row["timeframe"])):
                    grouped.setdefault(timeframe, []).append(_plain(row, table, path))
            for timeframe, plain in grouped.items():
                frame = pl.DataFrame(plain, infer_schema_length=None)
                pieces.setdefault(timeframe, []).append(frame)
        tables[table] = {
            timeframe: _keyed(pl.concat(frames, how="diagonal_relaxed"), timeframe, market)
            for timeframe, frames in pieces.items()
        }
    return tables


def in_last_form(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows whose key has the format of the last run; rows in the other format are older."""
    known = rows.filter(pl.col("ts").is_not_null())
    has_times = (known["ts"].dt.truncate("1d") != known["ts"]).any()
    return known.filter((pl.col("asof").str.len_chars() > _DATE) == pl.lit(has_times))


def _rows(path: Path, query: str, *values: str | None) -> Iterator[dict[str, Any]]:
    try:
        with SqliteFiles().connection(path) as connection:
            connection.row_factory = sqlite3.Row
            connection.create_function("known_timeframe", 1, known_timeframe, deterministic=True)
            for row in connection.execute(query, values):
                yield dict(row)
    except sqlite3.Error as error:
        message = f"{path}: no readable results of the legacy engine ({error})"
        raise BarsError(message, code="legacy-results-damaged") from error


def _plain(row: dict[str, Any], table: str, path: Path) -> dict[str, Any]:
    if table == ESCALATION:
        return row
    try:
        text = row.get("state_json")
        state = {} if text is None else dict(_flat(load_json(text)))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        where = f"{row['symbol']} {row['timeframe']} {row['asof']}"
        message = f"{path}: the state of {where} is not readable ({error!r})"
        raise BarsError(message, code="legacy-results-damaged") from error
    beside = {} if table == STATE else {name: row[name] for name in row if name != "state_json"}
    return {"asof": row["asof"], **state, **beside}


def _flat(node: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in node.items():
        if name == "key_levels":
            yield from _levels(value)
        elif isinstance(value, dict) and not name.startswith("escalation_"):
            yield from _flat(value, f"{prefix}{name}.")
        elif isinstance(value, dict | list):
            yield f"{prefix}{name}", json.dumps(value)
        elif name != "asof":
            yield f"{prefix}{name}", value


def _levels(levels: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for side in ("support", "resistance"):
        ranked = levels.get(f"{side}s", [])
        for rank in (1, 2, 3):
            for what in ("price", "strength"):
                value = ranked[rank - 1][what] if rank <= len(ranked) else None
                yield f"key_levels.{side}_{rank}_{what}", value


def _keyed(rows: pl.DataFrame, timeframe: str, market: Market) -> pl.DataFrame:
    ts = legacy_times(rows["asof"], zone_of(market, timeframe)).ts
    return rows.with_columns(ts.dt.replace_time_zone(None).alias("ts"))
