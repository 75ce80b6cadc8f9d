"""Computes the rows that new bars add, from the new bars and the stored results before them.

The result has the same bits as `engine.compute_series` over all bars. A metric depends on the bars
of its windows, so a tail of the series suffices. Only the EMAs depend on all earlier bars; they
continue from their value at the start of the tail. A percentile ranks a new value among all stored
ones. Forward labels look ahead, so those of the last ``horizon`` old bars are computed again.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from regime_platform.compute.engine import (
    bar_arrays,
    microseconds,
    require_ascending,
)
from regime_platform.compute.eras.eras import Era
from regime_platform.compute.escalation.components import raw_components
from regime_platform.compute.escalation.escalation import (
    COMPONENTS,
    ROLLING_COLUMNS,
    mean_of,
    signal_columns,
)
from regime_platform.compute.escalation.late_ranks import late_expanding, late_rolling
from regime_platform.compute.frames import Columns
from regime_platform.compute.kernels import compile_kernels, kernel_array
from regime_platform.compute.labels import forward_returns, label_columns
from regime_platform.compute.metrics.metrics import Metrics, compute_metrics
from regime_platform.compute.params import (
    DEFAULT_PARAMS,
    ESCALATION_WINDOWS,
    FIRST_BARS,
    WINDOWS,
    Params,
    TimeframeParams,
)
from regime_platform.compute.primitives import Floats, ema
from regime_platform.compute.results import ESCALATION, LABELS, STATE, Rows, SeriesResult
from regime_platform.compute.states import run_start, state_columns

#: Bars before the first new one that its metrics and escalation components depend on.
LOOK_BACK = FIRST_BARS.risk_level + WINDOWS.liquidity_trend + ESCALATION_WINDOWS.first_component


@dataclass(frozen=True)
class Past:
    """Results of the bars before the first new one, as far as later rows depend on them."""

    bars: int
    ema_fast: float  # EMA_20 at bar ``bars - LOOK_BACK``
    ema_slow: float  # EMA_100 at the same bar
    components: tuple[Floats, ...]  # raw components of the bars from 20 on
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
    labels: npt.NDArray[np.uint8],
    horizon: int,
) -> Past:
    """The past from stored columns, without the rows that are computed again.

    Args:
        close: close of every bar.
        states: downside_shock_risk, instability_index and structural_score from bar 20 on.
        esc_raw: per bar.
        labels: codes of regime_label from bar 20 on.
        horizon: bars that a forward label looks ahead.
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
        past: see `past_of`.
        symbol: value of the symbol column.
        timeframe: a canonical name.
        eras: the same as for the stored rows, like ``params``.
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
    arrays = bar_arrays(tail)
    ranking = _Ranking(past, params.at(timeframe), params.short_list)
    metrics = compute_metrics(arrays, ranking.constants, (past.ema_fast, past.ema_slow))
    series = ranking.series(arrays.close, metrics)
    in_era = ranking.within_eras(series["esc_raw"], microseconds(opens), eras)
    if in_era is None:
        return None
    ranked = {**ranking.percentiles(series["esc_raw"]), **signal_columns(*in_era)}
    count = len(opens) - past.bars
    states = state_columns(arrays.close, metrics, count, ranked["esc_bucket"])
    rows = {
        ESCALATION: Rows(past.bars, {**series, **ranked}),
        LABELS: Rows(len(past.forward), ranking.labels(arrays.close)),
        STATE: Rows(past.bars, states),
    }
    since = _regime_first(past, states["regime_label"])
    return SeriesResult(symbol, timeframe, "complete", "", opens, rows, since)


@dataclass(frozen=True)
class _Ranking:
    """Ranks new values among the stored ones."""

    past: Past
    constants: TimeframeParams
    short_list: int

    def series(self, close: Floats, metrics: Metrics) -> dict[str, Floats]:
        """esc_raw and the component percentiles of the new bars, from the metrics of the tail."""
        raw = raw_components(
            metrics.downside_shock_risk,
            metrics.instability_index,
            metrics.structural_score,
            close,
            metrics.ema_slow,
        )
        count = len(close) - LOOK_BACK
        members = self.constants.component_min_members
        series = {
            name: late_expanding(stored, values[-count:], members, self.short_list)
            for name, stored, values in zip(COMPONENTS, self.past.components, raw, strict=True)
        }
        return {"esc_raw": mean_of(series), **series}

    def percentiles(self, esc_raw: Floats) -> dict[str, Floats]:
        """The percentiles over all bars and over windows."""
        stored, members = self.past.esc_raw, self.constants.min_members
        columns = {"esc_pctl_expanding": late_expanding(stored, esc_raw, members, self.short_list)}
        for window, name in ROLLING_COLUMNS.items():
            rolls = window in self.constants.rolling_windows
            absent = np.full_like(esc_raw, np.nan)
            columns[name] = late_rolling(stored, esc_raw, window) if rolls else absent
        return columns

    def within_eras(
        self, esc_raw: Floats, ts_us: npt.NDArray[np.int64], eras: tuple[Era, ...]
    ) -> tuple[Floats, Floats] | None:
        """Percentile within the era and its confidence, as `signal_columns` takes them.

        None where an era is so short that its earlier rows may change.
        """
        first, members = self.past.bars, self.constants.min_members
        in_era, confidence = np.full_like(esc_raw, np.nan), np.full_like(esc_raw, np.nan)
        for era in eras:  # in order, so that the later of two overlapping eras wins
            start, stop = map(int, np.searchsorted(ts_us, (era.start_us, era.end_us)))
            if stop <= first:
                continue
            stored = self.past.esc_raw[start:]
            if len(stored) < self.short_list and np.isnan(stored[members:]).any():
                return None
            inside = slice(max(start - first, 0), stop - first)
            in_era[inside] = late_expanding(stored, esc_raw[inside], members, self.short_list)
            seen = np.arange(max(start, first), stop) - start + 1
            confidence[inside] = np.minimum(seen / self.constants.year_bars, 1.0)
        return in_era, confidence

    def labels(self, close: Floats) -> Columns:
        """Forward labels from the first bar on that the new bars change."""
        stored, horizon = self.past.forward, self.constants.horizon
        count = len(close) - LOOK_BACK + self.past.bars - len(stored)
        forward = forward_returns(close, horizon)[-count:]
        rank = late_expanding(stored, forward, self.constants.min_members, self.short_list)
        return label_columns(forward, rank, horizon)


def _regime_first(past: Past, labels: npt.NDArray[np.uint8]) -> int:
    start = run_start(labels)
    if start == 0 and labels[0] == past.last_label:
        return past.label_first
    return past.bars + start
