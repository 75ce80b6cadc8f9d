"""Converts rows of version 1 to the current tables.

Columns that version 1 lacks are null: the five component percentiles and the validity bits. Forward
labels, which version 1 stores beside the escalation, get their own table; the age of the latest
regime is counted in the history.
"""

from collections.abc import Sequence

import polars as pl

from regime_platform.compute.params import DEFAULT_PARAMS
from regime_platform.legacy.readers.results import (
    ESCALATION,
    LATEST,
    STATE,
    LegacyResults,
    in_last_form,
)
from regime_platform.model.result_schema import (
    ESCALATION_SCHEMA,
    LABEL_SCHEMA,
    LATEST_SCHEMA,
    STATE_SCHEMA,
)
from regime_platform.model.state_form import CODE_COLUMNS, names_of
from regime_platform.model.timeframes import TIMEFRAMES

_CODES = pl.List(pl.String)
_SCORES = ("hazard_score", "cross_tf_consensus")  # columns of latest_state beside the state


def current_tables(legacy: LegacyResults, symbol: str) -> tuple[dict[str, pl.DataFrame], int]:
    """Every table of ``TABLES``, and how many rows of the history are left out.

    Left out are rows whose key is no instant, or has another format than the last run wrote.

    Raises:
        polars.exceptions.InvalidOperationError, polars.exceptions.ComputeError: a value is
            not a number, or not a word of its column.
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
    facts = [
        pl.lit(ranks[-1], pl.Float64).alias("esc_pctl"),
        pl.lit(since, LATEST_SCHEMA["regime_since"]).alias("regime_since"),
        pl.lit(bars, pl.Int32).alias("regime_bars"),
    ]
    return _filled(last.with_columns(facts), LATEST_SCHEMA.names())


def _run(last: pl.DataFrame, states: pl.DataFrame) -> tuple[object, int]:
    """First bar and length of the unbroken run of the latest label, that bar included."""
    before = states.filter(pl.col("ts") < last["ts"][0])
    others = before["regime_label"].ne_missing(last["regime_label"][0]).arg_true()
    run = before[int(others[-1]) + 1 if others.len() else 0 :]
    return (run["ts"][0] if run.height else last["ts"][0]), run.height + 1


def _filled(rows: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    missing = [
        pl.lit(None, LATEST_SCHEMA[name]).alias(name) for name in names if name not in rows.columns
    ]
    return rows.with_columns(missing).select(names)
