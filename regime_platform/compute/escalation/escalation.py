"""Escalation: five components, their percentiles, and the percentiles of their mean.

Canonical compute, sections 9 to 11. All values are percentiles in [0, 1]: 1 means that no earlier
value was higher. Percentiles of components count bars from the first state row (bar 20) on;
percentiles of esc_raw count all bars.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from regime_platform.compute.eras.eras import Era
from regime_platform.compute.escalation.components import raw_components
from regime_platform.compute.escalation.percentiles import Ranks, ranks_of
from regime_platform.compute.params import (
    BUCKETS,
    DEFAULT_PARAMS,
    FIRST_BARS,
    Params,
)
from regime_platform.model.result_schema import ESCALATION_BUCKETS, ESCALATION_SCHEMA

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.uint8]

COMPONENTS = (
    "esc_shock_level",
    "esc_shock_rise",
    "esc_instability_rise",
    "esc_structure_fall",
    "esc_divergence_rise",
)
_NA, _LOW, _MED, _HIGH = map(ESCALATION_BUCKETS.index, ("NA", "LOW", "MED", "HIGH"))
_ACTIONS = {"NA": "NORMAL_SIZE", "LOW": "NORMAL_SIZE", "MED": "REDUCE_40", "HIGH": "HEDGE_OR_CASH"}
#: Window in bars -> column of the percentile over it.
ROLLING_COLUMNS = {
    int(name.rpartition("_")[2]): name
    for name in ESCALATION_SCHEMA
    if name.startswith("esc_pctl_") and name.rpartition("_")[2].isdigit()
}


def escalation_series(  # noqa: PLR0913, PLR0917 - five inputs and the constants
    dsr: Floats,
    iix: Floats,
    ss: Floats,
    close: Floats,
    ema_slow: Floats,
    timeframe: str = "1day",
    params: Params = DEFAULT_PARAMS,
) -> dict[str, Floats]:
    """esc_raw and the five component percentiles, one value per bar, NaN where undefined.

    Section 9: p_k = P_exp(c_k, 252) over the bars from 20 on, esc_raw = (p_1 + .. + p_5)/5, clipped
    to 0..1. First defined at bar 272. Element i uses no bar after i, and none before bar 20.

    Args:
        dsr: downside shock risk per bar.
        iix: instability index per bar.
        ss: structural score per bar.
        close: close per bar.
        ema_slow: EMA_100 of the close per bar.
        timeframe: selects the constants.
        params: the constants.
    """
    raw = raw_components(dsr, iix, ss, close, ema_slow)
    members = params.at(timeframe).component_min_members
    count, first = len(close), FIRST_BARS.state
    series = {}
    for name, values in zip(COMPONENTS, raw, strict=True):
        series[name] = np.full(count, np.nan)
        series[name][first:] = ranks_of(values).expanding(members, params.short_list)
    return {"esc_raw": mean_of(series), **series}


def mean_of(series: Mapping[str, Floats]) -> Floats:
    """esc_raw from the percentiles of the five ``COMPONENTS``."""
    p_1, p_2, p_3, p_4, p_5 = (series[name] for name in COMPONENTS)
    # any other order or a second division would round equal means apart
    return np.clip((p_1 + p_2 + p_3 + p_4 + p_5) / 5, 0.0, 1.0)


def escalation_columns(
    esc_raw: Floats,
    ts_us: npt.NDArray[np.int64],
    timeframe: str,
    eras: tuple[Era, ...],
    params: Params = DEFAULT_PARAMS,
) -> dict[str, Any]:
    """The esc_pctl columns (NaN where undefined) and esc_bucket (codes), sections 9 to 11.

    Args:
        esc_raw: one value per bar, all bars of the series.
        ts_us: opens of the bars, microseconds since 1970 UTC, ascending.
        timeframe: selects windows, members and the length of a year.
        eras: in order; see `compute.eras.eras`.
        params: the constants.
    """
    ranks = ranks_of(esc_raw)
    constants = params.at(timeframe)
    columns: dict[str, Any] = {
        "esc_pctl_expanding": ranks.expanding(constants.min_members, params.short_list)
    }
    windows = constants.rolling_windows
    by_window = dict(zip(windows, ranks.rolling(windows), strict=True))
    for window, name in ROLLING_COLUMNS.items():
        columns[name] = by_window.get(window, np.full(len(esc_raw), np.nan))
    return columns | signal_columns(*_within_eras(ranks, ts_us, timeframe, eras, params))


def signal_columns(in_era: Floats, confidence: Floats) -> dict[str, Any]:
    """The production signal esc_pctl and its bucket (section 10).

    esc_pctl = 0.5 + (percentile within the era - 0.5) x confidence.

    Args:
        in_era: percentile of esc_raw among the bars of its era.
        confidence: bars of the era so far over the bars of a year, at most 1.
    """
    adjusted = 0.5 + (in_era - 0.5) * confidence
    return {
        "esc_pctl_era": in_era,
        "esc_pctl_era_confidence": confidence,
        "esc_pctl_era_adj": adjusted,
        "esc_pctl": adjusted,
        "esc_bucket": buckets(adjusted),
    }


def buckets(esc_pctl: Floats) -> Codes:
    """The bucket code of every percentile, NA where it is NaN (section 11).

    Codes are positions in ``ESCALATION_BUCKETS``.
    """
    codes = np.full(len(esc_pctl), _NA, np.uint8)
    codes[esc_pctl < BUCKETS.med] = _LOW
    codes[esc_pctl >= BUCKETS.med] = _MED
    codes[esc_pctl >= BUCKETS.high] = _HIGH
    return codes


def action(bucket: str) -> str:
    """The action code of a bucket (section 11)."""
    return _ACTIONS[bucket]


def thresholds(bucket: str) -> Mapping[str, str]:
    """The thresholds object of a state row: the edges of its bucket as text (section 11)."""
    med, high = (f"{edge * 100:.0f}" for edge in (BUCKETS.med, BUCKETS.high))
    logic = {"HIGH": f">={high}pct", "MED": f"{med}-{high}pct", "LOW": f"<{med}pct"}
    return {"logic": logic[bucket]} if bucket in logic else {}


def _within_eras(
    ranks: Ranks,
    ts_us: npt.NDArray[np.int64],
    timeframe: str,
    eras: tuple[Era, ...],
    params: Params,
) -> tuple[Floats, Floats]:
    constants = params.at(timeframe)
    in_era, confidence = np.full(len(ts_us), np.nan), np.full(len(ts_us), np.nan)
    for era in eras:  # in order, so that the later of two overlapping eras wins
        start, stop = np.searchsorted(ts_us, (era.start_us, era.end_us))
        if start < stop:
            inside = slice(start, stop)
            in_era[inside] = ranks.expanding(
                constants.min_members, params.short_list, int(start), int(stop)
            )
            seen = np.arange(1, stop - start + 1) / constants.year_bars
            confidence[inside] = np.minimum(seen, 1.0)
    return in_era, confidence
