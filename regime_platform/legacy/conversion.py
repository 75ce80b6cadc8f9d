"""Reads a compute.db of the current version or of version 1, the SQLite file of the legacy engine.

Rows of version 1 are put into the current tables, in memory, for one query; columns that it lacks
are null. Compute, updates and verification accept the current version only.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from regime_platform.compute.params import DEFAULT_PARAMS
from regime_platform.compute_db.connection import IN_MEMORY, attached, is_sqlite, transaction
from regime_platform.compute_db.reader import ResultsReader, reading
from regime_platform.compute_db.schema import create_tables
from regime_platform.compute_db.store import fill_tables
from regime_platform.errors import BarsError, ResultsError
from regime_platform.legacy.results import (
    ESCALATION,
    LATEST,
    STATE,
    LegacyResults,
    in_last_form,
    read_results,
    stated_versions,
)
from regime_platform.legacy.times import zone_of
from regime_platform.model.instruments import Instrument
from regime_platform.model.result_schema import (
    CODE_COLUMNS,
    ESCALATION_SCHEMA,
    LABEL_SCHEMA,
    LATEST_SCHEMA,
    RESULT_SCHEMA_VERSION,
    STATE_SCHEMA,
    names_of,
)
from regime_platform.model.timeframes import TIMEFRAMES, is_intraday

PREVIOUS = 1
_CODES = pl.List(pl.String)
_SCORES = ("hazard_score", "cross_tf_consensus")  # columns of latest_state beside the state
#: Raised by a value that is not a number, or not a word of its column.
_UNREADABLE = (pl.exceptions.InvalidOperationError, pl.exceptions.ComputeError)


@contextmanager
def reading_any(
    path: Path, instrument: Instrument, timeframe: str | None = None
) -> Iterator[ResultsReader]:
    """Open a compute.db of either version; ``read_as`` describes the conversion of version 1.

    ``timeframe`` is the only one to read from version 1; None for all.

    Raises:
        ResultsError: the file is missing, damaged, of another version, or being written for long.
    """
    if not is_sqlite(path):
        with reading(path) as reader:
            yield reader
        return
    try:
        _require_version(path)
        legacy = read_results(path, instrument.symbol, instrument.market, timeframe)
        tables, left_out = _current_tables(legacy, instrument.symbol)
    except (BarsError, *_UNREADABLE) as error:
        raise _unreadable(path, error) from error
    if not any(legacy[table] for table in (ESCALATION, STATE)):
        message = f"{path}, of version {PREVIOUS}, has no results of {instrument.symbol}"
        raise ResultsError(message, code="no-results")
    with attached(IN_MEMORY, read_only=False) as connection:
        try:
            create_tables(connection)
            with transaction(connection):
                digests = fill_tables(connection, tables)
        except ResultsError as error:
            raise _unreadable(path, error) from error
        yield ResultsReader(connection, _read_as(path, instrument, legacy, left_out), digests)


def _unreadable(path: Path, error: Exception) -> ResultsError:
    message = f"{path} is not readable as version {PREVIOUS}: {error}"
    return ResultsError(message, code="legacy-results-damaged")


def _require_version(path: Path) -> None:
    for version in stated_versions(path):
        if version.lower().removeprefix("v") != str(PREVIOUS):
            raise ResultsError(
                f"{path} is a SQLite file of version {version}; readable are version {PREVIOUS} "
                f"in SQLite and version {RESULT_SCHEMA_VERSION}; use the release that wrote it",
                code="unknown-version",
            )


def _read_as(path: Path, instrument: Instrument, legacy: LegacyResults, left_out: int) -> str:
    timeframes = {timeframe for table in (ESCALATION, STATE) for timeframe in legacy[table]}
    intraday = [timeframe for timeframe in timeframes if is_intraday(timeframe)]
    zones = {zone_of(instrument.market, timeframe) for timeframe in intraday}
    times = f": times read as {', '.join(sorted(zones))}" if zones else ""
    lost = f"; {left_out:,} rows whose key names no instant are left out" if left_out else ""
    return (
        f"{path} is of version {PREVIOUS}, the legacy engine{times}{lost}; "
        "`regime migrate` and `regime run` replace it"
    )


def _current_tables(legacy: LegacyResults, symbol: str) -> tuple[dict[str, pl.DataFrame], int]:
    """Every table of ``TABLES``, and how many rows of the history are left out.

    Left out are rows whose key is no instant, or has another format than the last run wrote.
    """
    escalation, state, labels, latest = [], [], [], []
    for timeframe in TIMEFRAMES:
        ranked, states = (_usable(legacy[table].get(timeframe)) for table in (ESCALATION, STATE))
        key = _key(symbol, timeframe)
        escalation.append(_shaped(ranked, key, ESCALATION_SCHEMA))
        labels.append(_labels(ranked, key, timeframe))
        state.append(_shaped(states, key, STATE_SCHEMA))
        latest.append(_latest(legacy[LATEST].get(timeframe), key, state[-1], escalation[-1]))
    tables = {
        "escalation_history_v3": pl.concat(escalation),
        "forward_labels": pl.concat(labels),
        "state_history": pl.concat(state),
        "latest_state": pl.concat(latest),
    }
    stored = sum(rows.height for table in (ESCALATION, STATE) for rows in legacy[table].values())
    kept = tables["escalation_history_v3"].height + tables["state_history"].height
    return tables, stored - kept


def _usable(rows: pl.DataFrame | None) -> pl.DataFrame:
    return pl.DataFrame() if rows is None else in_last_form(rows).sort("ts")


def _key(symbol: str, timeframe: str) -> dict[str, pl.Expr]:
    return {
        "symbol": pl.lit(symbol, pl.String),
        "timeframe": pl.lit(timeframe, STATE_SCHEMA["timeframe"]),
        "ts": pl.col("ts").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
    }


def _shaped(rows: pl.DataFrame, key: dict[str, pl.Expr], schema: pl.Schema) -> pl.DataFrame:
    if rows.is_empty():
        return schema.to_frame()
    return rows.select(
        key.get(name, _column(rows, name, dtype)).alias(name) for name, dtype in schema.items()
    )


def _column(rows: pl.DataFrame, name: str, dtype: pl.DataType) -> pl.Expr:
    present = [column for column in (name, *names_of(name)) if column in rows.columns]
    if not present:
        return pl.lit(None, dtype)
    if name in CODE_COLUMNS:
        return pl.col(present[0]).cast(pl.String).str.json_decode(_CODES).list.join(",")
    return pl.coalesce(present).cast(dtype)


def _labels(rows: pl.DataFrame, key: dict[str, pl.Expr], timeframe: str) -> pl.DataFrame:
    if "fwd_absret_h" not in rows.columns:
        return LABEL_SCHEMA.to_frame()
    following = pl.len() - 1 - pl.int_range(pl.len())
    horizon = DEFAULT_PARAMS.at(timeframe).horizon
    return _shaped(rows.with_columns(is_mature=following >= horizon), key, LABEL_SCHEMA)


def _latest(
    stored: pl.DataFrame | None,
    key: dict[str, pl.Expr],
    states: pl.DataFrame,
    escalation: pl.DataFrame,
) -> pl.DataFrame:
    """The row of latest_state; where it has no state, the state of the history with its key."""
    latest = LATEST_SCHEMA.to_frame()
    if stored is not None and not stored["ts"].null_count():
        latest = _shaped(stored.tail(1), key, LATEST_SCHEMA)
    last = latest.select(*STATE_SCHEMA, *_SCORES)
    if last["regime_label"].null_count() or last.is_empty():
        last = states.join(last.select("ts", *_SCORES), on="ts", how="inner")
    last = states.tail(1) if last.is_empty() else last
    if last.is_empty():
        return LATEST_SCHEMA.to_frame()
    ranks = escalation.filter(pl.col("ts") == last["ts"][0])["esc_pctl"].to_list() or [None]
    since, bars = _run(last, states)
    facts = {
        "esc_pctl": pl.lit(ranks[-1], pl.Float64),
        "regime_since": pl.lit(since, LATEST_SCHEMA["regime_since"]),
        "regime_bars": pl.lit(bars, pl.Int32),
    }
    return pl.concat([LATEST_SCHEMA.to_frame(), last.with_columns(**facts)], how="diagonal")


def _run(last: pl.DataFrame, states: pl.DataFrame) -> tuple[object, int]:
    """First bar and length of the unbroken run of the latest label, that bar included."""
    before = states.filter(pl.col("ts") < last["ts"][0])
    others = before["regime_label"].ne_missing(last["regime_label"][0]).arg_true()
    run = before[int(others[-1]) + 1 if others.len() else 0 :]
    return (run["ts"][0] if run.height else last["ts"][0]), run.height + 1
