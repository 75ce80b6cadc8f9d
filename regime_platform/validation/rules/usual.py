"""The usual size of what changes from bar to bar: moves, ranges, volumes.

The usual size at a bar is the mean of up to ``WINDOW`` sizes before it, each capped at ``CAP``
times the median of the series, so that one outlier does not hide the next. Sizes that are 0 or
unknown are left out: a stretch without trades has no usual size. The first ``LEAST`` sizes are
compared with those after them, or with all where these are few.
"""

import numpy as np
import numpy.typing as npt
import polars as pl

WINDOW = 50
LEAST = 10  # sizes of a mean, at least
CAP = 5.0

_Floats = npt.NDArray[np.float64]


def usual(sizes: _Floats) -> _Floats:
    """The usual size at each of ``sizes`` (any unit); NaN at those that are not above 0, and
    everywhere where there are no more than ``LEAST``.
    """
    out = np.full(sizes.size, np.nan)
    is_known = (sizes > 0) & (sizes < np.inf)
    known = sizes if is_known.all() else sizes[is_known]
    if known.size <= LEAST:
        return out
    median = pl.Series(known).quantile(0.5, "midpoint")  # numpy's takes four times as long
    capped = np.minimum(known, CAP * (median or 0.0))
    sums = np.concatenate(([0.0], capped[:-1].cumsum()))  # of those before each
    means = sums.copy()
    means[WINDOW:] -= sums[:-WINDOW]
    means[LEAST:WINDOW] /= np.arange(known.size)[LEAST:WINDOW]
    means[WINDOW:] /= WINDOW
    later = capped[LEAST : LEAST + WINDOW]
    means[:LEAST] = (later if later.size >= LEAST else capped).mean()
    out[is_known] = means
    return out
