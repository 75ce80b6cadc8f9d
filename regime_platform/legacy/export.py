"""Writes results in the SQLite tables of the legacy engine, for programs that read those.

Tables, columns, text keys and the key order of JSON states are the legacy engine's, but for the
added table `rank_basis`.
"""

import datetime as dt
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from regime_platform.compute.maturity import BASIS_SCHEMA
from regime_platform.compute_db.rank_basis import RANK_BASIS, rank_bases
from regime_platform.compute_db.reader import ResultsReader
from regime_platform.errors import failure_reason
from regime_platform.legacy.conversion import reading_any
from regime_platform.legacy.times import zone_of
from regime_platform.model.instruments import Instrument
from regime_platform.model.markets import Market
from regime_platform.model.timeframes import TIMEFRAMES, is_intraday

VERSION = "v1"
_BATCH = 5000  # rows; with their JSON some 10 MB

_ESCALATION = (
    *("esc_raw", "esc_pctl", "esc_pctl_expanding", "esc_pctl_252", "esc_pctl_504", "esc_pctl_1260"),
    *("esc_pctl_2520", "esc_pctl_52", "esc_pctl_104", "esc_pctl_260", "esc_pctl_era"),
    *("esc_bucket", "fwd_absret_h", "event_flag", "event_severity", "esc_pctl_era_confidence"),
    "esc_pctl_era_adj",
)
_TYPES = {"esc_bucket": "TEXT", "event_severity": "TEXT", "event_flag": "INTEGER"}
_KEY = "symbol TEXT NOT NULL, timeframe TEXT NOT NULL, asof TEXT NOT NULL"
_COLUMNS = ", ".join(f"{name} {_TYPES.get(name, 'REAL')}" for name in _ESCALATION)
_TABLES = {
    "escalation_history_v3": f"{_KEY}, {_COLUMNS}, PRIMARY KEY (symbol, timeframe, asof)",
    "state_history": f"{_KEY}, state_json TEXT NOT NULL, PRIMARY KEY (symbol, timeframe, asof)",
    "latest_state": (
        f"{_KEY}, state_json TEXT, hazard_score REAL, cross_tf_consensus REAL, updated_at TEXT, "
        "updated_utc TEXT, PRIMARY KEY (symbol, timeframe)"
    ),
    # not a table of the legacy engine: what each rank stands on
    RANK_BASIS: (
        f"{_KEY}, {', '.join(f'{name} INTEGER' for name in BASIS_SCHEMA)}, "
        "PRIMARY KEY (symbol, timeframe, asof)"
    ),
}
_VERSIONS = "CREATE TABLE schema_version (version TEXT NOT NULL, updated_at TEXT NOT NULL)"
_ESCALATIONS = (
    f"SELECT ts, {', '.join(_ESCALATION)} FROM escalation_history_v3 "  # noqa: S608 - own names
    "LEFT JOIN forward_labels USING (symbol, timeframe, ts) WHERE timeframe = ? ORDER BY ts"
)
_STATES = 'SELECT ts, "asof", state_json FROM state_json WHERE timeframe = ? ORDER BY ts'

_Key = Callable[[dt.datetime], str]


def fill(
    target: Path, symbols: Iterable[tuple[Instrument, Path]], now: dt.datetime
) -> tuple[dict[str, int], dict[str, str]]:
    """Fill the empty file ``target`` from compute.db files.

    Returns symbol -> rows of history, and symbol -> reason of those that could not be read to their
    end, which have no rows in the file; ``sqlite3.Error`` where the file cannot be written.
    """
    written: dict[str, int] = {}
    failed: dict[str, str] = {}
    stamp = now.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S")
    with closing(sqlite3.connect(target, isolation_level=None)) as connection:
        # the file is not read before it is published, and a crash leaves it unpublished
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN")
        for table, columns in _TABLES.items():
            connection.execute(f"CREATE TABLE {table} ({columns})")
        connection.execute(_VERSIONS)
        for instrument, path in symbols:
            try:
                with reading_any(path, instrument) as reader:
                    written[instrument.symbol] = _add(connection, reader, instrument, stamp)
            except sqlite3.Error:
                raise
            except Exception as error:  # noqa: BLE001 - one damaged symbol must not stop the others
                failed[instrument.symbol] = failure_reason(error, instrument.symbol)
                for table in _TABLES:
                    connection.execute(f"DELETE FROM {table} WHERE symbol = ?", [instrument.symbol])  # noqa: S608
        connection.execute("INSERT INTO schema_version VALUES (?, ?)", (VERSION, stamp))
        connection.execute("COMMIT")
    return written, failed


def _key_of(timeframe: str, market: Market) -> _Key:
    """The function that formats the open of a bar (UTC, naive) as a legacy key."""
    form = "%Y-%m-%d %H:%M:%S" if is_intraday(timeframe) else "%Y-%m-%d"
    zone = ZoneInfo(zone_of(market, timeframe))
    return lambda ts: ts.replace(tzinfo=dt.UTC).astimezone(zone).strftime(form)


def _add(
    connection: sqlite3.Connection, reader: ResultsReader, instrument: Instrument, stamp: str
) -> int:
    symbol, rows = instrument.symbol, 0
    newest: dict[str, tuple[str, str]] = {}
    for timeframe in TIMEFRAMES:
        key = _key_of(timeframe, instrument.market)
        for batch in _batches(reader, _ESCALATIONS, timeframe):
            added = [(symbol, timeframe, key(ts), *values) for ts, *values in batch]
            rows += _insert(connection, "escalation_history_v3", added)
        for batch in _batches(reader, _STATES, timeframe):
            states = [
                # "asof", the second entry of a state, is the key of its row
                (named, text.replace(f'"asof":"{asof}"', f'"asof":"{named}"', 1))
                for named, asof, text in ((key(ts), asof, text) for ts, asof, text in batch)
            ]
            _insert(connection, "state_history", [(symbol, timeframe, *state) for state in states])
            newest[timeframe] = states[-1]
        bases = rank_bases(reader, timeframe).select("ts", *BASIS_SCHEMA).iter_rows()
        added = [(symbol, timeframe, key(ts), *values) for ts, *values in bases]
        _insert(connection, RANK_BASIS, added)
    latest = reader.table(
        "latest_state", columns=["timeframe", "hazard_score", "cross_tf_consensus"]
    )
    latest_rows = [
        (symbol, timeframe, *newest[timeframe], hazard, consensus, stamp, stamp)
        for timeframe, hazard, consensus in latest.iter_rows()
    ]
    _insert(connection, "latest_state", latest_rows)
    return rows


def _batches(reader: ResultsReader, query: str, timeframe: str) -> Iterator[list[tuple[Any, ...]]]:
    cursor = reader.connection.execute(query, [timeframe])
    while batch := cursor.fetchmany(_BATCH):
        yield batch


def _insert(connection: sqlite3.Connection, table: str, rows: Sequence[tuple[Any, ...]]) -> int:
    if rows:
        places = ", ".join("?" * len(rows[0]))
        connection.executemany(f"INSERT INTO {table} VALUES ({places})", rows)  # noqa: S608
    return len(rows)
