"""The results of the old engine: one SQLite file per symbol, read for comparison only.

Keys are text: a date where all bars of a timeframe are at midnight, else a time without a zone. A
file may hold rows of both forms, left behind by runs that saw other bars.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl

from regime_platform.errors import BarsError, UsageError
from regime_platform.sources.legacy import known_timeframe, zone_of
from regime_platform.sources.legacy_times import local_times, opens
from regime_platform.sources.steady_files import SteadyFiles

ESCALATION = "escalation_history_v3"
STATE = "state_history"
LATEST = "latest_state"
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


def read_results(path: Path, symbol: str, asset_class: str) -> dict[str, dict[str, pl.DataFrame]]:
    """Table -> timeframe -> its rows, with ``ts`` in UTC and without a zone, in the file's order.

    States come flat: nested parts with dots between them, lists as they are. A key that cannot be
    understood has no ``ts``.

    Raises:
        BarsError: the file is damaged; names it.
    """
    tables: dict[str, dict[str, pl.DataFrame]] = {}
    for table in (ESCALATION, STATE, LATEST):
        asked = f"SELECT * FROM {table} WHERE upper(symbol) = ?"  # noqa: S608 - a constant
        by_timeframe: dict[str, list[dict[str, Any]]] = {}
        for row in _rows(path, asked, symbol):
            timeframe = known_timeframe(str(row["timeframe"]))
            if timeframe is not None:
                by_timeframe.setdefault(timeframe, []).append(_plain(row, table))
        tables[table] = {
            timeframe: _keyed(pl.DataFrame(rows, infer_schema_length=None), timeframe, asset_class)
            for timeframe, rows in by_timeframe.items()
        }
    return tables


def _rows(path: Path, question: str, *values: str) -> Iterator[dict[str, Any]]:
    try:
        with (
            SteadyFiles().address(path) as address,
            closing(sqlite3.connect(address, uri=True)) as connection,
        ):
            connection.row_factory = sqlite3.Row
            for row in connection.execute(question, values):
                yield dict(row)
    except sqlite3.Error as error:
        raise BarsError(f"{path}: no readable results of the old engine ({error})") from error


def _plain(row: dict[str, Any], table: str) -> dict[str, Any]:
    if table != STATE:
        return row
    return {"asof": row["asof"], **dict(_flat(json.loads(row["state_json"]), ""))}


def _flat(node: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in node.items():
        if name == "key_levels":
            yield from _levels(value)
        elif isinstance(value, Mapping) and not name.startswith("escalation_"):
            yield from _flat(value, f"{prefix}{name}.")
        elif isinstance(value, Mapping | list):
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
