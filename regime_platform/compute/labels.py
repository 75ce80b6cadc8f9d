"""Forward labels (canonical compute, section 12): what happened after a bar.

They look ahead by definition, exist for evaluation only and feed no signal; nothing else in this
package imports this module but the engine, which stores them in a table of their own.
"""

import numpy as np
import numpy.typing as npt
import polars as pl

from regime_platform.compute.jit import kernel, kernel_array
from regime_platform.compute.params import DEFAULT_PARAMS, EVENT_EDGES, Params
from regime_platform.compute.percentiles import expanding_percentile
from regime_platform.model.result_schema import EVENT_SEVERITIES

Floats = npt.NDArray[np.float64]

_EDGES = dict(zip(EVENT_SEVERITIES, EVENT_EDGES, strict=True))


def forward_labels(
    close: Floats, timeframe: str, params: Params = DEFAULT_PARAMS
) -> dict[str, Floats | pl.Series]:
    """The columns of forward_labels for all bars; the last ``horizon`` rows are provisional.

    fwd_absret_h(i) = max over the next H = 20 bars of abs(C_j/C_i - 1), over fewer at the end and
    NaN at the last bar or where C_i is 0 or not finite. event_flag and event_severity grade its
    expanding percentile: null flag where there is no return, null severity below MILD, which does
    not raise the flag. is_mature tells that all H bars have been seen, so the row is final.
    """
    constants = params.at(timeframe)
    close = kernel_array(close)
    forward = _largest_forward_return(close, constants.horizon)
    rank = expanding_percentile(forward, constants.min_members, params.short_list)
    following = np.arange(len(close))[::-1]
    return {
        "fwd_absret_h": forward,
        "event_flag": _flags(forward, rank),
        "event_severity": _severities(rank),
        "is_mature": pl.Series("is_mature", following >= constants.horizon),
    }


def _flags(forward: Floats, rank: Floats) -> pl.Series:
    flags = pl.Series("event_flag", (rank >= EVENT_EDGES.moderate).astype(np.int8))
    return flags.set(pl.Series(np.isnan(forward)), None)


def _severities(rank: Floats) -> pl.Series:
    graded = pl.Series("event_severity", np.zeros(len(rank), np.uint8))
    for code, name in enumerate(EVENT_SEVERITIES):  # mildest first, so that the worst stays
        graded = graded.set(pl.Series(rank >= _EDGES[name]), code)
    below = pl.Series(~(rank >= _EDGES[EVENT_SEVERITIES[0]]))
    return graded.set(below, None).cat.to(pl.Enum(EVENT_SEVERITIES))


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
