"""Forward labels (canonical compute, section 12): the largest move within the bars after a bar.

They look ahead by definition and serve evaluation only; no signal depends on them. They are stored
in a table of their own.
"""

import numpy as np

from regime_platform.compute.kernels import Floats, kernel, kernel_array
from regime_platform.compute.params import DEFAULT_PARAMS, EVENT_EDGES, Params
from regime_platform.compute.percentiles import ranks_of
from regime_platform.compute.results import NO_CODE, Columns
from regime_platform.model.result_schema import EVENT_SEVERITIES

_EDGES = dict(zip(EVENT_SEVERITIES, EVENT_EDGES, strict=True))


def forward_labels(
    close: Floats,
    timeframe: str,
    params: Params = DEFAULT_PARAMS,
    history: Floats | None = None,
) -> Columns:
    """The columns of forward_labels for all bars; the last ``horizon`` rows are provisional.

    fwd_absret_h(i) = max of abs(C_j/C_i - 1) over the next H = 20 bars j, a fraction of the price;
    over fewer bars at the end of the series, NaN at the last bar or where C_i is 0 or not finite.
    event_severity grades its expanding percentile, null below MILD; event_flag is set from MODERATE
    on and null without a return. is_mature is True once all H bars exist, so that the row is final.

    With the fwd_absret_h of earlier bars as ``history``, ``close`` is of the bars after them.
    """
    constants = params.at(timeframe)
    forward = forward_returns(close, constants.horizon)
    rank = ranks_of(forward, history).expanding(constants.min_members, params.short_list)
    severity = np.full(len(rank), NO_CODE, np.uint8)
    for code, name in enumerate(EVENT_SEVERITIES):  # mildest first, so that the most severe remains
        severity[rank >= _EDGES[name]] = code
    return {
        "fwd_absret_h": forward,
        "event_flag": np.where(np.isnan(forward), np.nan, rank >= EVENT_EDGES.moderate),
        "event_severity": severity,
        "is_mature": np.arange(len(forward))[::-1] >= constants.horizon,
    }


def forward_returns(close: Floats, horizon: int) -> Floats:
    """fwd_absret_h of every bar."""
    return _largest_forward_return(kernel_array(close), horizon)


@kernel()
def _largest_forward_return(close: Floats, horizon: int) -> Floats:
    count = close.shape[0]
    out = np.full(count, np.nan)
    for i in range(count):
        if close[i] == 0.0 or not np.isfinite(close[i]):
            continue
        high, low = -np.inf, np.inf
        for j in range(i + 1, min(i + horizon + 1, count)):
            high, low = np.fmax(high, close[j]), np.fmin(low, close[j])  # NaN is skipped
        if low <= high:
            # rounding is monotonic, so the largest move is exactly one of these two
            out[i] = max(abs(high / close[i] - 1.0), abs(low / close[i] - 1.0))
    return out
