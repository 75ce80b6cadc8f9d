"""Escalation: five components, their percentiles, and the percentiles of their mean.

Canonical compute, sections 9 to 11. All values are percentiles in [0, 1]: 1 means that no earlier
value was higher. Percentiles of components count bars from the first state row (bar 20) on;
percentiles of esc_raw count all bars.
"""

from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import Any

import numpy as np

from regime_platform.compute.eras.eras import Era
from regime_platform.compute.kernels import Codes, Floats, Indices, kernel, kernel_array
from regime_platform.compute.params import (
    BUCKETS,
    DEFAULT_PARAMS,
    ESCALATION_NUMBERS,
    ESCALATION_WINDOWS,
    FIRST_BARS,
    Params,
)
from regime_platform.compute.percentiles import ranks_of
from regime_platform.model.result_schema import ESCALATION_BUCKETS, ESCALATION_SCHEMA

Components = tuple[Floats, Floats, Floats, Floats, Floats]

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
_ROLLING_COLUMNS = {
    int(name.rpartition("_")[2]): name
    for name in ESCALATION_SCHEMA
    if name.startswith("esc_pctl_") and name.rpartition("_")[2].isdigit()
}
_BLOCK = 1024  # bars whose partial sums stay in the nearest cache


def escalation_series(
    raw: Components,
    count: int,
    timeframe: str = "1day",
    params: Params = DEFAULT_PARAMS,
    history: Sequence[Floats] | None = None,
) -> dict[str, Floats]:
    """esc_raw and the five component percentiles of the last ``count`` bars, NaN where undefined.

    Section 9: p_k = P_exp(c_k, 252) over the bars from 20 on, esc_raw = (p_1 + .. + p_5)/5, clipped
    to 0..1. First defined at bar 272.

    ``raw`` are the `raw_components` of the bars to rank, ``history`` those of the bars before; None
    where ``raw`` begins at bar 20.
    """
    members = params.at(timeframe).component_min_members
    series = {}
    for name, values, before in zip(COMPONENTS, raw, history or repeat(None, 5), strict=True):
        ranked = ranks_of(values, before).expanding(members, params.short_list)
        series[name] = np.full(count, np.nan)
        series[name][count - len(ranked) :] = ranked
    return {"esc_raw": mean_of(series), **series}


def mean_of(series: Mapping[str, Floats]) -> Floats:
    """esc_raw from the percentiles of the five ``COMPONENTS``."""
    p_1, p_2, p_3, p_4, p_5 = (series[name] for name in COMPONENTS)
    # any other order or a second division would round equal means apart
    return np.clip((p_1 + p_2 + p_3 + p_4 + p_5) / 5, 0.0, 1.0)


def escalation_columns(  # noqa: PLR0913, PLR0917 - the series and the constants
    esc_raw: Floats,
    ts_us: Indices,
    timeframe: str,
    eras: tuple[Era, ...],
    params: Params = DEFAULT_PARAMS,
    history: Floats | None = None,
) -> dict[str, Any]:
    """The esc_pctl columns (NaN where undefined) and esc_bucket (codes), sections 9 to 11.

    The production signal is esc_pctl = 0.5 + (percentile within the era - 0.5) x confidence, where
    confidence is the bars of the era so far over the bars of a year, at most 1.

    ``ts_us`` are the opens of all bars in microseconds since 1970 UTC. Of two overlapping eras the
    later wins. ``history`` is esc_raw of the bars before those to rank, if any.
    """
    constants, first = params.at(timeframe), 0 if history is None else len(history)
    ranks, members = ranks_of(esc_raw, history), constants.min_members
    absent = np.full(len(esc_raw), np.nan)
    windows = constants.rolling_windows
    rolling = dict(zip(windows, ranks.rolling(windows), strict=True))
    in_era, confidence = absent.copy(), absent.copy()
    for era in eras:
        start, stop = map(int, np.searchsorted(ts_us, (era.start_us, era.end_us)))
        if max(start, first) < stop:
            inside = slice(max(start - first, 0), stop - first)
            in_era[inside] = ranks.expanding(members, params.short_list, start, stop)
            seen = np.arange(max(start, first), stop) - start + 1
            confidence[inside] = np.minimum(seen / constants.year_bars, 1.0)
    adjusted = 0.5 + (in_era - 0.5) * confidence
    return {
        "esc_pctl_expanding": ranks.expanding(members, params.short_list),
        **{name: rolling.get(window, absent) for window, name in _ROLLING_COLUMNS.items()},
        "esc_pctl_era": in_era,
        "esc_pctl_era_confidence": confidence,
        "esc_pctl_era_adj": adjusted,
        "esc_pctl": adjusted,
        "esc_bucket": buckets(adjusted),
    }


def buckets(esc_pctl: Floats) -> Codes:
    """The bucket code (position in ``ESCALATION_BUCKETS``) of every percentile, NA for NaN."""
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


def raw_components(
    dsr: Floats, iix: Floats, ss: Floats, close: Floats, ema_slow: Floats
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """The raw components c_1 .. c_5, one value per bar from bar 20 on; NaN before bar 31.

    c_1 = DSR, c_2 = blend_10(DSR), c_3 = blend_5(IIX), c_4 = pos(avg_10(SS) - SS),
    c_5 = blend_5(abs(C - E100)/max(E100, 1e-12)), all >= 0. A constant series gives exactly 0 in
    c_2 to c_5, so that its values are ties.

    All arguments have one value per bar; ``ema_slow`` is EMA_100 of the close.
    """
    state = slice(FIRST_BARS.state, None)
    shock, instability, structure = (kernel_array(series[state]) for series in (dsr, iix, ss))
    slow = ema_slow[state]
    divergence = np.abs(close[state] - slow) / np.maximum(slow, ESCALATION_NUMBERS.smallest_ema)
    windows = ESCALATION_WINDOWS
    components = (
        shock.copy(),
        _rise(shock, windows.shock_rise),
        _rise(instability, windows.instability_rise),
        _fall(structure, windows.structure_fall),
        _rise(kernel_array(divergence), windows.divergence_rise),
    )
    for component in components:
        component[: windows.first_component] = np.nan
    return components


@kernel(inline="always")
def _positive(value: float) -> float:
    if value > 0.0:
        return value
    return 0.0  # NaN too


@kernel()
def _before(values: Floats, window: int) -> tuple[Floats, Floats]:
    """Mean and minimum of the ``window`` bars before each bar; NaN while there are fewer."""
    count = values.shape[0]
    mean, low, high = np.full(count, np.nan), np.full(count, np.nan), np.empty(count)
    for start in range(window, count, _BLOCK):
        stop = min(start + _BLOCK, count)
        total, least, most = mean[start:stop], low[start:stop], high[start:stop]
        for member in range(window):
            seen = values[start - window + member : stop - window + member]
            for t in range(seen.shape[0]):
                total[t] = seen[t] if member == 0 else total[t] + seen[t]
                least[t] = seen[t] if member == 0 else min(least[t], seen[t])
                most[t] = seen[t] if member == 0 else max(most[t], seen[t])
        for t in range(stop - start):
            # equal values need not average to themselves in floating point
            total[t] = least[t] if least[t] == most[t] else total[t] / window
    return mean, low


@kernel()
def _rise(values: Floats, window: int) -> Floats:
    """blend_w of section 9: 0.35 pos(x - mean) + 0.65 pos(x - minimum) of the bars before."""
    mean, low = _before(values, window)
    out = np.empty(values.shape[0])
    for t in range(values.shape[0]):
        out[t] = ESCALATION_NUMBERS.rise_over_mean * _positive(
            values[t] - mean[t]
        ) + ESCALATION_NUMBERS.rise_over_low * _positive(values[t] - low[t])
    return out


@kernel()
def _fall(values: Floats, window: int) -> Floats:
    """pos(mean - x), with the mean of the bars before."""
    mean, _ = _before(values, window)
    out = np.empty(values.shape[0])
    for t in range(values.shape[0]):
        out[t] = _positive(mean[t] - values[t])
    return out
