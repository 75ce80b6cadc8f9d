"""One series of bars into the rows of its tables: the only way to these numbers.

`compute_series` says in its result how much the history sufficed for; what to do about a series
that is too short is for the caller to decide.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from regime_platform.compute.classifier import CODE_INPUTS, FLOAT_INPUTS, classify
from regime_platform.compute.eras import FIXED_ERAS, Era
from regime_platform.compute.escalation import escalation_columns, escalation_series
from regime_platform.compute.jit import compile_kernels, kernel_array
from regime_platform.compute.labels import forward_labels
from regime_platform.compute.metrics import BarArrays, Metrics, compute_metrics, valid_metrics
from regime_platform.compute.params import DEFAULT_PARAMS, FIRST_BARS, Params
from regime_platform.errors import BarsError
from regime_platform.model import result_schema
from regime_platform.model.bar_schema import BAR_SCHEMA
from regime_platform.model.result_schema import (
    ESCALATION_SCHEMA,
    LABEL_SCHEMA,
    LATEST_SCHEMA,
    STATE_SCHEMA,
)

Status = Literal["complete", "state_only", "too_short"]

_WORDS = {
    "vol_label": result_schema.VOL_LABELS,
    "vol_trend": result_schema.VOL_TRENDS,
    "momentum_state": result_schema.MOMENTUM_STATES,
    "lq_label": result_schema.LIQUIDITY_LABELS,
    "lq_trend": result_schema.LIQUIDITY_TRENDS,
}
_LEVEL_COLUMNS = [name for name in STATE_SCHEMA if name.startswith(("support_", "resistance_"))]


@dataclass(frozen=True)
class SeriesResult:
    """What one symbol and timeframe gave; frames without rows where the history is too short."""

    symbol: str
    timeframe: str
    status: Status
    reason: str  # why it is not complete, "" if it is
    bars_used: int  # bars with a close
    escalation: pl.DataFrame  # ESCALATION_SCHEMA, one row per bar
    labels: pl.DataFrame  # LABEL_SCHEMA, one row per bar; looks ahead
    state: pl.DataFrame  # STATE_SCHEMA, one row per bar from bar 20 on


def compute_series(
    bars: pl.DataFrame,
    *,
    symbol: str,
    timeframe: str,
    eras: tuple[Era, ...],
    params: Params = DEFAULT_PARAMS,
) -> SeriesResult:
    """All rows of one series; rows in escalation and state use no bar after their own.

    Args:
        bars: ``BAR_SCHEMA``, ascending; rows without a close are left out first.
        symbol: written into every row.
        timeframe: a canonical name.
        eras: the eras of the symbol, see `compute.eras`.
        params: the constants.

    Raises:
        BarsError: the bars are not ascending, or are out of all proportion.
    """
    compile_kernels()
    used = bars.filter(pl.col("close").is_not_null() & pl.col("close").is_not_nan())
    _require_ascending(used, symbol, timeframe)
    status, reason = _status(used.height, timeframe, params)
    escalation, labels, state = (
        schema.to_frame() for schema in (ESCALATION_SCHEMA, LABEL_SCHEMA, STATE_SCHEMA)
    )
    if status != "too_short":
        arrays = _arrays(used)
        metrics = compute_metrics(arrays, params.at(timeframe))
        key = _key_columns(used, symbol, timeframe)
        if status == "complete":
            escalation = _escalation_frame(key, arrays, metrics, eras, params)
            future = forward_labels(arrays.close, timeframe, params)
            labels = _shaped(key.with_columns(**_columns(future)), LABEL_SCHEMA)
        state = _state_frame(key, arrays, metrics, escalation)
    return SeriesResult(symbol, timeframe, status, reason, used.height, escalation, labels, state)


def latest_state(results: Mapping[str, SeriesResult]) -> pl.DataFrame:
    """The last state row of every timeframe of one symbol that has one, in ``LATEST_SCHEMA``.

    hazard_score = clamp(100 esc_pctl, 0, 100); cross_tf_consensus = mean of the latest esc_pctl of
    all timeframes that have one. Both are null for a timeframe without escalation (section 13).
    """
    latest = [_latest_row(result) for result in results.values() if result.state.height]
    if not latest:
        return LATEST_SCHEMA.to_frame()
    known = [row["esc_pctl"][0] for row in latest if row["esc_pctl"][0] is not None]
    consensus = sum(known) / len(known) if known else None
    rows = pl.concat(latest).with_columns(
        hazard_score=(100.0 * pl.col("esc_pctl")).clip(0.0, 100.0),
        cross_tf_consensus=pl.when("has_escalation").then(pl.lit(consensus, pl.Float64)),
    )
    return _shaped(rows, LATEST_SCHEMA)


def warm_up() -> None:
    """Compiles or loads every kernel and runs the whole engine once on a few made-up bars."""
    count = DEFAULT_PARAMS.at("1day").escalation_gate
    wave = 100.0 + 5.0 * np.sin(np.arange(count) / 7.0)
    start = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
    opens = [start + dt.timedelta(days=day) for day in range(count)]
    bars = pl.DataFrame(
        {"ts": opens, "open": wave, "high": wave + 1.0, "low": wave - 1.0, "close": wave},
    ).with_columns(volume=pl.lit(1.0))
    result = compute_series(
        bars.cast(BAR_SCHEMA), symbol="WARM-UP", timeframe="1day", eras=FIXED_ERAS
    )
    latest_state({"1day": result})


def _status(count: int, timeframe: str, params: Params) -> tuple[Status, str]:
    gates = params.at(timeframe)
    if count < gates.state_gate:
        return "too_short", f"{count} bars; state needs {gates.state_gate}"
    if count < gates.escalation_gate:
        return "state_only", f"{count} bars; escalation needs {gates.escalation_gate}"
    return "complete", ""


def _require_ascending(bars: pl.DataFrame, symbol: str, timeframe: str) -> None:
    follows = bars["ts"].diff().dt.total_microseconds() <= 0
    if follows.any():
        row = follows.arg_true()[0]
        raise BarsError(
            f"{symbol} {timeframe}: the bar at {bars['ts'][row]} does not follow the one before "
            "it; compute takes one bar per ts, ascending"
        )


def _arrays(bars: pl.DataFrame) -> BarArrays:
    # one contiguous, writable copy of each column: the one type the kernels are compiled for
    columns = (
        kernel_array(bars[name].fill_null(float("nan")).to_numpy())
        for name in ("open", "high", "low", "close", "volume")
    )
    return BarArrays(*columns)


def _key_columns(bars: pl.DataFrame, symbol: str, timeframe: str) -> pl.DataFrame:
    return bars.select(
        pl.lit(symbol).alias("symbol"),
        pl.lit(timeframe, STATE_SCHEMA["timeframe"]).alias("timeframe"),
        pl.col("ts").cast(STATE_SCHEMA["ts"]),
    )


def _escalation_frame(
    key: pl.DataFrame,
    bars: BarArrays,
    metrics: Metrics,
    eras: tuple[Era, ...],
    params: Params,
) -> pl.DataFrame:
    timeframe = key["timeframe"][0]
    series = escalation_series(
        metrics.downside_shock_risk,
        metrics.instability_index,
        metrics.structural_score,
        bars.close,
        metrics.ema_slow,
        timeframe,
        params,
    )
    ts_us = kernel_array(key["ts"].to_physical().to_numpy(), np.int64)
    ranked = escalation_columns(series["esc_raw"], ts_us, timeframe, eras, params)
    return _shaped(key.with_columns(**_columns(series | ranked)), ESCALATION_SCHEMA)


def _state_frame(
    key: pl.DataFrame, bars: BarArrays, metrics: Metrics, escalation: pl.DataFrame
) -> pl.DataFrame:
    rows = slice(FIRST_BARS.state, None)
    computed = {name: value[rows] for name, value in vars(metrics).items() if name != "key_levels"}
    classified = classify({name: computed[name] for name in (*FLOAT_INPUTS, *CODE_INPUTS)})
    values: dict[str, npt.NDArray[Any] | pl.Series] = {**computed}
    for name, words in _WORDS.items():
        values[name] = pl.Series(computed[name]).cat.to(pl.Enum(words))
    for name, level in zip(_LEVEL_COLUMNS, metrics.key_levels, strict=True):
        values[name] = level[rows]
    values["price"] = bars.close[rows]
    values["valid_metrics"] = valid_metrics(key.height)[rows]
    bucket = pl.lit("NA") if escalation.is_empty() else escalation["esc_bucket"][rows]
    frame = key[rows].with_columns(**_columns(values), escalation_bucket=bucket)
    return _shaped(frame.hstack(classified), STATE_SCHEMA)


def _columns(values: Mapping[str, npt.NDArray[Any] | pl.Series]) -> dict[str, pl.Series]:
    return {name: pl.Series(name, column) for name, column in values.items()}


def _shaped(frame: pl.DataFrame, schema: pl.Schema) -> pl.DataFrame:
    """Columns, order and types of ``schema``; NaN becomes null."""
    return frame.select(pl.col(name).cast(dtype) for name, dtype in schema.items()).fill_nan(None)


def _latest_row(result: SeriesResult) -> pl.DataFrame:
    labels = result.state["regime_label"].to_physical()
    other = (labels != labels[-1]).arg_true()
    first = int(other[-1]) + 1 if len(other) else 0
    known = not result.escalation.is_empty()
    return result.state.tail(1).with_columns(
        esc_pctl=pl.lit(result.escalation["esc_pctl"][-1] if known else None, pl.Float64),
        has_escalation=pl.lit(known),
        regime_since=pl.lit(result.state["ts"][first]),
        regime_bars=pl.lit(labels.len() - first, pl.Int32),
    )
