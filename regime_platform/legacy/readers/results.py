"""The results of the old engine: one SQLite file per symbol, for comparisons and for questions.

Keys are text: a date where all bars of a timeframe are at midnight, else a time without a zone. A
file may hold rows of both forms, left behind by runs that saw other bars.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

from regime_platform.errors import BarsError, UsageError
from regime_platform.legacy.readers.source import known_timeframe, zone_of
from regime_platform.legacy.readers.times import local_times, opens
from regime_platform.sources.files.steady_files import SteadyFiles

ESCALATION = "escalation_history_v3"
STATE = "state_history"
LATEST = "latest_state"
OldResults = dict[str, dict[str, pl.DataFrame]]

_AT_ONCE = 5000  # rows as Python objects: a state of them is 5 kB
_DATE = len("2024-07-05")
_FOLDERS = (".", "*", "assets/*", "data/assets/*")


def find_results(place: Path) -> dict[str, Path]:
    """Symbol -> its old compute.db; of a file that cannot be read, the name of its folder.

    Raises:
        UsageError: there is none.
    """
    files = [place] if place.is_file() else []
    files += sorted({one for at in _FOLDERS for one in place.glob(f"{at}/compute.db")})
    if not files:
        raise UsageError(f"{place} has no compute.db; --from names the folder of the old assets")
    found: dict[str, Path] = {}
    for path in files:
        try:
            rows = list(_rows(path, f"SELECT DISTINCT symbol FROM {STATE}"))  # noqa: S608 - fixed
        except BarsError:  # told again when it is to be compared
            rows = [{"symbol": path.parent.name}]
        for row in rows:
            found[str(row["symbol"]).upper()] = path
    return found


def stated_versions(path: Path) -> list[str]:
    """What the file says of its version; nothing where it has no such table.

    Raises:
        BarsError: the file is damaged; names it.
    """
    tables = "SELECT name FROM sqlite_master WHERE name = 'schema_version'"
    if not list(_rows(path, tables)):
        return []
    return [str(row["version"]) for row in _rows(path, "SELECT version FROM schema_version")]


def read_results(
    path: Path, symbol: str, asset_class: str, wanted: str | None = None
) -> OldResults:
    """Table -> timeframe -> its rows, with ``ts`` in UTC and without a zone, in the file's order.

    States come flat: nested parts with dots between them, lists as they are. A key that cannot be
    understood has no ``ts``. Of ``latest_state``, what else it tells stands beside the state.

    Args:
        path: the file.
        symbol: in upper case.
        asset_class: tells the zone of its times.
        wanted: only this timeframe.

    Raises:
        BarsError: the file is damaged; names it.
    """
    tables: OldResults = {}
    for table in (ESCALATION, STATE, LATEST):
        asked = (
            f"SELECT * FROM {table} WHERE upper(symbol) = ? "  # noqa: S608 - a constant
            "AND coalesce(known_timeframe(timeframe) = ?, TRUE)"
        )
        pieces: dict[str, list[pl.DataFrame]] = {}
        found = _rows(path, asked, symbol, wanted)
        while batch := list(islice(found, _AT_ONCE)):
            for timeframe, rows in _by_timeframe(batch, table, path).items():
                pieces.setdefault(timeframe, []).append(rows)
        tables[table] = {
            timeframe: _keyed(pl.concat(rows, how="diagonal_relaxed"), timeframe, asset_class)
            for timeframe, rows in pieces.items()
        }
    return tables


def in_last_form(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows whose key has the form that the last run gave to all: other forms are older."""
    known = rows.filter(pl.col("ts").is_not_null())
    has_times = (known["ts"].dt.truncate("1d") != known["ts"]).any()
    return known.filter((pl.col("asof").str.len_chars() > _DATE) == pl.lit(has_times))


def _by_timeframe(
    batch: Sequence[dict[str, Any]], table: str, path: Path
) -> dict[str, pl.DataFrame]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in batch:
        timeframe = known_timeframe(str(row["timeframe"]))
        if timeframe is None:
            continue
        try:
            found.setdefault(timeframe, []).append(_plain(row, table))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            where = f"{row['symbol']} {row['timeframe']} {row['asof']}"
            raise BarsError(f"{path}: the state of {where} is not readable ({error!r})") from error
    return {name: pl.DataFrame(rows, infer_schema_length=None) for name, rows in found.items()}


def _rows(path: Path, question: str, *values: str | None) -> Iterator[dict[str, Any]]:
    try:
        with (
            SteadyFiles().address(path) as address,
            closing(sqlite3.connect(address, uri=True)) as connection,
        ):
            connection.row_factory = sqlite3.Row
            connection.create_function("known_timeframe", 1, known_timeframe, deterministic=True)
            for row in connection.execute(question, values):
                yield dict(row)
    except sqlite3.Error as error:
        raise BarsError(f"{path}: no readable results of the old engine ({error})") from error


def _plain(row: dict[str, Any], table: str) -> dict[str, Any]:
    if table == ESCALATION:
        return row
    told = row.get("state_json")
    state = {} if told is None else dict(_flat(json.loads(told), ""))
    beside = {} if table == STATE else {name: row[name] for name in row if name != "state_json"}
    return {"asof": row["asof"], **state, **beside}


def _flat(node: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
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
    for plural, side in (("supports", "support"), ("resistances", "resistance")):
        held = levels.get(plural, [])
        for rank in (1, 2, 3):
            for what in ("price", "strength"):
                value = held[rank - 1][what] if rank <= len(held) else None
                yield f"key_levels.{side}_{rank}_{what}", value


def _keyed(rows: pl.DataFrame, timeframe: str, asset_class: str) -> pl.DataFrame:
    times = local_times(rows["asof"], zone_of(asset_class, timeframe))
    ts = opens(times, order_tells=False, needs_time=False).ts
    return rows.with_columns(ts.dt.replace_time_zone(None).alias("ts"))
