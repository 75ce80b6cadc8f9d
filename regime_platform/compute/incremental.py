"""Computes the rows that new bars add, from the new bars and the stored results before them.

The result has the same bits as `engine.compute_series` over all bars. A metric depends on the bars
of its windows, so a tail of the series suffices. Only the EMAs depend on all earlier bars; they
continue from their value at the start of the tail. A percentile ranks a new value among all stored
ones. Forward labels look ahead, so those of the last ``horizon`` old bars are computed again.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from regime_platform.compute.engine import (
    bar_arrays,
    components_of,
    microseconds,
    require_ascending,
    run_start,
    state_columns,
)
from regime_platform.compute.eras.eras import Era
from regime_platform.compute.escalation import (
    Components,
    escalation_columns,
    escalation_series,
    raw_components,
)
from regime_platform.compute.kernels import Codes, Floats, Indices, compile_kernels, kernel_array
from regime_platform.compute.labels import forward_labels, forward_returns
from regime_platform.compute.metrics.metrics import compute_metrics
from regime_platform.compute.params import (
    DEFAULT_PARAMS,
    ESCALATION_WINDOWS,
    FIRST_BARS,
    WINDOWS,
    Params,
)
from regime_platform.compute.primitives import ema
from regime_platform.compute.results import ESCALATION, LABELS, STATE, Rows, SeriesResult

#: Bars before the first new one that its metrics and escalation components depend on.
LOOK_BACK = FIRST_BARS.risk_level + WINDOWS.liquidity_trend + ESCALATION_WINDOWS.first_component


@dataclass(frozen=True)
class Past:
    """Results of the bars before the first new one, as far as later rows depend on them."""

    bars: int
    ema_fast: float  # EMA_20 at bar ``bars - LOOK_BACK``
    ema_slow: float  # EMA_100 at the same bar
    components: Components  # raw components of the bars from 20 on
    esc_raw: Floats  # per bar
    forward: Floats  # fwd_absret_h of the bars whose horizon has passed
    last_label: int  # code of regime_label at the last of these bars
    label_first: int  # bar at which the unbroken run of that label began


def why_not(past_bars: int, params: Params, timeframe: str) -> str:
    """Why a series with so many unchanged bars cannot be extended; empty where it can.

    Until escalation is complete there are no results to continue from.
    """
    gate = params.at(timeframe).escalation_gate
    if past_bars < max(gate, LOOK_BACK + 1):
        return f"only {past_bars} bars are unchanged, fewer than the {gate} that escalation needs"
    return ""


def past_of(
    close: Floats,
    states: tuple[Floats, Floats, Floats],
    esc_raw: Floats,
    labels: Codes,
    horizon: int,
) -> Past:
    """The past from stored columns, without the rows that are computed again.

    ``states`` are downside_shock_risk, instability_index and structural_score; these and ``labels``
    (codes of regime_label) begin at bar 20. ``horizon``: bars that a forward label looks ahead.
    """
    compile_kernels()
    close = kernel_array(close)
    slow = ema(close, WINDOWS.slow)
    fast = ema(close, WINDOWS.fast)
    unused = np.full(FIRST_BARS.state, np.nan)
    shock, instability, structure = (np.concatenate((unused, state)) for state in states)
    at = len(close) - LOOK_BACK
    return Past(
        bars=len(close),
        ema_fast=float(fast[at]),
        ema_slow=float(slow[at]),
        components=raw_components(shock, instability, structure, close, slow),
        esc_raw=kernel_array(esc_raw),
        # computing it is as fast as reading it
        forward=forward_returns(close, horizon)[: len(close) - horizon],
        last_label=int(labels[-1]),
        label_first=FIRST_BARS.state + run_start(labels),
    )


def extend_series(  # noqa: PLR0913 - the parameters of compute_series, and the past
    bars: pl.DataFrame,
    past: Past,
    *,
    symbol: str,
    timeframe: str,
    eras: tuple[Era, ...],
    params: Params = DEFAULT_PARAMS,
) -> SeriesResult | None:
    """The rows from bar ``past.bars`` on, and the forward labels that the new bars change.

    Args:
        bars: ``BAR_SCHEMA``, all bars of the series, ascending, each with a close; the first
            ``past.bars`` of them are those of ``past``.
        past: see `past_of`; from results with the same ``eras`` and ``params``.
        symbol: value of the symbol column.
        timeframe: a canonical name.
        eras: in which escalation is ranked.
        params: the constants.

    Returns:
        None where the new bars change earlier rows too: an era with fewer than ``short_list`` bars
        ranks missing values by another rule than a longer one (section 8).

    Raises:
        BarsError: the bars are not ascending, or a range is extreme against its close.
    """
    compile_kernels()
    opens, tail = bars["ts"], bars[past.bars - LOOK_BACK :]
    require_ascending(tail["ts"], symbol, timeframe)
    ts_us = microseconds(opens)
    if _changes_earlier_rows(past, ts_us, timeframe, eras, params):
        return None
    constants, count = params.at(timeframe), len(opens) - past.bars
    arrays = bar_arrays(tail)
    metrics = compute_metrics(arrays, constants, (past.ema_fast, past.ema_slow))
    c_1, c_2, c_3, c_4, c_5 = (values[-count:] for values in components_of(metrics, arrays.close))
    series = escalation_series((c_1, c_2, c_3, c_4, c_5), count, timeframe, params, past.components)
    ranked = escalation_columns(series["esc_raw"], ts_us, timeframe, eras, params, past.esc_raw)
    states = state_columns(arrays.close, metrics, count, ranked["esc_bucket"])
    changed = arrays.close[LOOK_BACK - constants.horizon :]
    rows = {
        ESCALATION: Rows(past.bars, {**series, **ranked}),
        LABELS: Rows(len(past.forward), forward_labels(changed, timeframe, params, past.forward)),
        STATE: Rows(past.bars, states),
    }
    start = run_start(states["regime_label"])
    goes_on = start == 0 and states["regime_label"][0] == past.last_label
    since = past.label_first if goes_on else past.bars + start
    return SeriesResult(symbol, timeframe, "complete", "", opens, rows, since)


def _changes_earlier_rows(
    past: Past, ts_us: Indices, timeframe: str, eras: tuple[Era, ...], params: Params
) -> bool:
    """True if new bars lie in an era so short that its missing values rank by another rule."""
    members = params.at(timeframe).min_members
    for era in eras:
        start, stop = np.searchsorted(ts_us, (era.start_us, era.end_us))
        stored = past.esc_raw[start:]
        is_short = stop > past.bars and len(stored) < params.short_list
        if is_short and np.isnan(stored[members:]).any():
            return True
    return False
