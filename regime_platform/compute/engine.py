"""Computes all result rows of one series (symbol + timeframe) from its bars.

Every caller computes through `compute_series`, or through `incremental.extend_series`, which gives
the same bits. The status of the result states whether the history was long enough for state rows
and for escalation.
"""

import numpy as np
import numpy.typing as npt
import polars as pl

from regime_platform.compute.eras.eras import Era
from regime_platform.compute.escalation.escalation import escalation_columns, escalation_series
from regime_platform.compute.kernels import compile_kernels, kernel_array
from regime_platform.compute.labels import forward_labels
from regime_platform.compute.metrics.metrics import BarArrays, compute_metrics
from regime_platform.compute.params import DEFAULT_PARAMS, FIRST_BARS, Params
from regime_platform.compute.results import ESCALATION, LABELS, STATE, Rows, SeriesResult, Status
from regime_platform.compute.states import run_start, state_columns
from regime_platform.errors import BarsError


def compute_series(
    bars: pl.DataFrame,
    *,
    symbol: str,
    timeframe: str,
    eras: tuple[Era, ...],
    params: Params = DEFAULT_PARAMS,
) -> SeriesResult:
    """All rows of one series. Escalation and state rows use no bar after their own (causal).

    Args:
        bars: ``BAR_SCHEMA``, ascending; bars without a close are skipped.
        symbol: value of the symbol column.
        timeframe: a canonical name.
        eras: the eras in which escalation is ranked, see `compute.eras.eras`.
        params: the constants.

    Raises:
        BarsError: the bars are not ascending, or a range is extreme against its close.
    """
    compile_kernels()
    used = bars_with_close(bars)
    require_ascending(used["ts"], symbol, timeframe)
    status, reason = _status(used.height, timeframe, params)
    if status == "too_short":
        return SeriesResult(symbol, timeframe, status, reason, used["ts"], {})
    arrays = bar_arrays(used)
    metrics = compute_metrics(arrays, params.at(timeframe))
    rows = {}
    buckets = None
    if status == "complete":
        inputs = (metrics.downside_shock_risk, metrics.instability_index, metrics.structural_score)
        series = escalation_series(*inputs, arrays.close, metrics.ema_slow, timeframe, params)
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


def bars_with_close(bars: pl.DataFrame) -> pl.DataFrame:
    """The bars that have a close: neither null nor NaN."""
    close = bars["close"]
    if close.null_count() == 0 and not close.is_nan().any():
        return bars
    return bars.filter(close.is_not_null() & close.is_not_nan())


def require_ascending(opens: pl.Series, symbol: str, timeframe: str) -> None:
    """Refuses opens that are not strictly ascending.

    Raises:
        BarsError: names the first such bar.
    """
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


def microseconds(opens: pl.Series) -> npt.NDArray[np.int64]:
    """Opens (Datetime[us], UTC) as integer microseconds since 1970."""
    return opens.to_numpy().view(np.int64)


def _status(count: int, timeframe: str, params: Params) -> tuple[Status, str]:
    constants = params.at(timeframe)
    if count < constants.state_gate:
        return "too_short", f"{count} bars; state needs {constants.state_gate}"
    if count < constants.escalation_gate:
        return "state_only", f"{count} bars; escalation needs {constants.escalation_gate}"
    return "complete", ""
