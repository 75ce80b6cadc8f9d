"""Series of studies from closes and the bars that have a signal."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from regime_platform.model.result_schema import ESCALATION_BUCKETS, REGIME_LABELS
from regime_platform.studies.series import StudySeries

LOW, HIGH = ESCALATION_BUCKETS.index("LOW"), ESCALATION_BUCKETS.index("HIGH")
BULL = REGIME_LABELS.index("TRENDING_BULL")


def small_series(
    close: Sequence[float] | npt.NDArray[Any],
    high: npt.NDArray[np.bool_] | Sequence[int] = (),
    *,
    first: str = "2000-01-03",
    symbol: str = "SMALL",
    **arrays: npt.NDArray[Any],
) -> StudySeries:
    """Daily bars of business days with these closes: HIGH where ``high`` is, LOW elsewhere.

    ``arrays`` replace whole columns.
    """
    closes = np.asarray(close, float)
    count = len(closes)
    is_high = np.zeros(count, bool)
    is_high[np.asarray(high, dtype=bool if len(high) == count else int)] = True
    opens = np.busday_offset(first, np.arange(count), roll="forward").astype("datetime64[us]")
    columns: dict[str, npt.NDArray[Any]] = {
        "ts": opens,
        **dict.fromkeys(("open", "high", "low", "close"), closes),
        "regime": np.full(count, BULL, np.int8),
        "posture": np.zeros(count, np.int8),
        "bucket": np.where(is_high, HIGH, LOW).astype(np.int8),
        "rank": np.where(is_high, 0.9, 0.3),
        "raw": np.where(is_high, 0.9, 0.3),
        "is_immature": np.zeros(count, bool),
        "era": np.zeros(count, np.int64),
        **arrays,
    }
    return StudySeries(symbol, "1day", "US_EQUITY", **columns)


def random_closes(seed: int, count: int, deviation: float = 0.01) -> npt.NDArray[np.float64]:
    """Closes of a random walk without drift."""
    returns = deviation * np.random.default_rng(seed).standard_normal(count)
    return 100 * np.exp(np.cumsum(returns))


def runs(seed: int, count: int, length: int, share: float) -> npt.NDArray[np.bool_]:
    """A signal in blocks of ``length`` bars, on in about this share of them."""
    rng = np.random.default_rng(seed)
    blocks = rng.random(-(-count // length)) < share
    return np.repeat(blocks, length)[:count]
