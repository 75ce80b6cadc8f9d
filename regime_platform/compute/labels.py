"""Forward labels (canonical compute, section 12): what happened after a bar.

They look ahead by definition, exist for evaluation only and feed no signal; nothing else in this
package imports this module but the engine, which stores them in a table of their own.
"""

import numpy as np
import numpy.typing as npt

from regime_platform.compute.escalation.percentiles import expanding_percentile
from regime_platform.compute.frames import NO_CODE, Columns
from regime_platform.compute.kernels import kernel, kernel_array
from regime_platform.compute.params import DEFAULT_PARAMS, EVENT_EDGES, Params
from regime_platform.model.result_schema import EVENT_SEVERITIES

Floats = npt.NDArray[np.float64]

_EDGES = dict(zip(EVENT_SEVERITIES, EVENT_EDGES, strict=True))


def forward_labels(close: Floats, timeframe: str, params: Params = DEFAULT_PARAMS) -> Columns:
    """The columns of forward_labels for all bars; the last ``horizon`` rows are provisional.

    fwd_absret_h(i) = max over the next H = 20 bars of abs(C_j/C_i - 1), over fewer at the end and
    NaN at the last bar or where C_i is 0 or not finite. event_flag and event_severity grade its
    expanding percentile: null flag where there is no return, null severity below MILD, which does
    not raise the flag. is_mature tells that all H bars have been seen, so the row is final.
    """
    constants = params.at(timeframe)
    forward = forward_returns(close, constants.horizon)
    rank = expanding_percentile(forward, constants.min_members, params.short_list)
    return label_columns(forward, rank, constants.horizon)


def forward_returns(close: Floats, horizon: int) -> Floats:
    """fwd_absret_h of every bar."""
    return _largest_forward_return(kernel_array(close), horizon)


def label_columns(forward: Floats, rank: Floats, horizon: int) -> Columns:
    """The columns of the last bars of a series from their returns and the percentiles of these."""
    raised = np.where(np.isnan(forward), np.nan, rank >= EVENT_EDGES.moderate)
    severity = np.full(len(rank), NO_CODE, np.uint8)
    for code, name in enumerate(EVENT_SEVERITIES):  # mildest first, so that the worst stays
        severity[rank >= _EDGES[name]] = code
    following = np.arange(len(forward))[::-1]
    return {
        "fwd_absret_h": forward,
        "event_flag": raised,
        "event_severity": severity,
        "is_mature": following >= horizon,
    }


@kernel("float64[::1](float64[::1], int64)")
def _largest_forward_return(close: Floats, horizon: int) -> Floats:
    count = close.shape[0]
    out = np.full(count, np.nan)
    for i in range(count):
        if close[i] == 0.0 or not np.isfinite(close[i]):
            continue
        high, low = -np.inf, np.inf
        for j in range(i + 1, min(i + horizon + 1, count)):
            high, low = np.fmax(high, close[j]), np.fmin(low, close[j])  # NaN is passed over
        if low <= high:
            # rounding keeps order, so the largest move is one of these two, to the last bit
            out[i] = max(abs(high / close[i] - 1.0), abs(low / close[i] - 1.0))
    return out
