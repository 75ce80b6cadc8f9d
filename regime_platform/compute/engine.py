"""Computes all result rows of one series (symbol + timeframe) from its bars.

Every caller computes through `compute_series`, or through `incremental.extend_series`, which gives
the same bits. The status of the result states whether the history was long enough for state rows
and for escalation.
"""

import datetime as dt

import numpy as np
import polars as pl

from regime_platform.compute.classifier.classifier import classify
from regime_platform.compute.classifier.quality import Bar, BarCodes
from regime_platform.compute.eras.eras import FIXED_ERAS, Era
from regime_platform.compute.escalation import (
    Components,
    escalation_columns,
    escalation_series,
    raw_components,
)
from regime_platform.compute.kernels import Codes, Floats, Indices, compile_kernels, kernel_array
from regime_platform.compute.labels import forward_labels
from regime_platform.compute.metrics.metrics import (
    Metrics,
    compute_metrics,
    valid_metrics,
)
from regime_platform.compute.metrics.shared import BarArrays
from regime_platform.compute.params import DEFAULT_PARAMS, FIRST_BARS, Params
from regime_platform.compute.results import (
    ESCALATION,
    LABELS,
    STATE,
    Columns,
    Rows,
    SeriesResult,
    Status,
    latest_state,
)
from regime_platform.errors import BarsError
from regime_platform.model.bar_schema import BAR_SCHEMA, PRICE_COLUMNS
from regime_platform.model.result_schema import ESCALATION_BUCKETS, STATE_SCHEMA

_LEVEL_COLUMNS = tuple(
    name for name in STATE_SCHEMA if name.startswith(("support_", "resistance_"))
)
_NA = ESCALATION_BUCKETS.index("NA")


def compute_series(
    bars: pl.DataFrame,
    *,
    symbol: str,
    timeframe: str,
    eras: tuple[Era, ...],
    params: Params = DEFAULT_PARAMS,
) -> SeriesResult:
    """All rows of one series. Escalation and state rows use no bar after their own (causal).

    Of the bars (``BAR_SCHEMA``), `computed_bars` are used.

    Raises:
        BarsError: the bars are not ascending, or a range is extreme against its close.
    """
    compile_kernels()
    used = computed_bars(bars)
    require_ascending(used["ts"], symbol, timeframe)
    status, reason = _status(used.height, timeframe, params)
    if left_out := bars.height - used.height:
        left = f"left out {left_out} of {bars.height} bars: no close, or a price of 0 or less"
        reason = "; ".join(filter(None, (reason, left)))
    if status == "too_short":
        return SeriesResult(symbol, timeframe, status, reason, used["ts"], {})
    arrays = bar_arrays(used)
    metrics = compute_metrics(arrays, params.at(timeframe))
    rows = {}
    buckets = None
    if status == "complete":
        raw = components_of(metrics, arrays.close)
        series = escalation_series(raw, used.height, timeframe, params)
        ranked = escalation_columns(
            series["esc_raw"], microseconds(used["ts"]), timeframe, eras, params
        )
        rows[ESCALATION] = Rows(0, {**series, **ranked})
        rows[LABELS] = Rows(0, forward_labels(arrays.close, timeframe, params))
        buckets = ranked["esc_bucket"][FIRST_BARS.state :]
    states = state_columns(arrays.close, metrics, used.height - FIRST_BARS.state, buckets)
    rows[STATE] = Rows(FIRST_BARS.state, states)
    since = FIRST_BARS.state + run_start(states["regime_label"])
    return SeriesResult(symbol, timeframe, status, reason, used["ts"], rows, since)


def components_of(metrics: Metrics, close: Floats) -> Components:
    """The raw components of escalation from the metrics of the same bars as ``close``."""
    return raw_components(
        metrics.downside_shock_risk,
        metrics.instability_index,
        metrics.structural_score,
        close,
        metrics.ema_slow,
    )


def state_columns(close: Floats, metrics: Metrics, count: int, buckets: Codes | None) -> Columns:
    """Every column of state_history for the last ``count`` bars, without the key.

    ``close`` and ``metrics`` are of the same bars; ``buckets`` are those of the rows, or None where
    there is no escalation.
    """
    before = len(close) - count
    computed = {
        name: value[before:] for name, value in vars(metrics).items() if name != "key_levels"
    }
    levels = zip(_LEVEL_COLUMNS, metrics.key_levels[:, before:], strict=True)
    return {
        **computed,
        **dict(levels),
        **classify({name: computed[name] for name in (*Bar._fields, *BarCodes._fields)}),
        "price": close[before:],
        "valid_metrics": valid_metrics(len(close))[before:],
        "escalation_bucket": np.full(count, _NA, np.uint8) if buckets is None else buckets,
    }


def run_start(labels: Codes) -> int:
    """Position at which the unbroken run of the last label began."""
    other = np.flatnonzero(labels != labels[-1])
    return int(other[-1]) + 1 if len(other) else 0


def warm_up() -> None:
    """Runs the whole engine once on synthetic bars; takes half a minute, once per machine."""
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


def computed_bars(bars: pl.DataFrame) -> pl.DataFrame:
    """The bars that compute uses: with a close, neither null nor NaN, and no price of 0 or less.

    A return from or to such a price has no logarithm, and every window with it would be NaN. The
    gate lets such a bar pass only where an operator accepts it.
    """
    close, least = bars["close"], bars.select(pl.min_horizontal(PRICE_COLUMNS).min()).item()
    if close.null_count() == 0 and not close.is_nan().any() and (least is None or least > 0):
        return bars
    is_positive = pl.all_horizontal((pl.col(PRICE_COLUMNS) > 0).fill_null(value=True))
    return bars.filter(close.is_not_null() & close.is_not_nan(), is_positive)


def require_ascending(opens: pl.Series, symbol: str, timeframe: str) -> None:
    """Raises `BarsError` for the first open that is not after the one before it."""
    steps = np.diff(microseconds(opens))
    if (steps <= 0).any():
        row = int(np.flatnonzero(steps <= 0)[0]) + 1
        raise BarsError(
            f"{symbol} {timeframe}: the bar at {opens[row]} does not follow the one before it; "
            "compute takes one bar per ts, ascending",
            code="bars-not-ascending",
        )


def bar_arrays(bars: pl.DataFrame) -> BarArrays:
    """Each column as the contiguous, writable float64 array that kernels take."""
    columns = (
        kernel_array(bars[name].to_numpy())  # null becomes NaN
        for name in ("open", "high", "low", "close", "volume")
    )
    return BarArrays(*columns)


def microseconds(opens: pl.Series) -> Indices:
    """Opens (Datetime[us], UTC) as integer microseconds since 1970."""
    return opens.to_numpy().view(np.int64)


def _status(count: int, timeframe: str, params: Params) -> tuple[Status, str]:
    constants = params.at(timeframe)
    if count < constants.state_gate:
        return "too_short", f"{count} bars; state needs {constants.state_gate}"
    if count < constants.escalation_gate:
        return "state_only", f"{count} bars; escalation needs {constants.escalation_gate}"
    return "complete", ""
