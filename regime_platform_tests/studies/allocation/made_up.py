"""Series with states as a test sets them."""

from collections.abc import Sequence

import numpy as np

from regime_platform.model.result_schema import ESCALATION_BUCKETS, RISK_POSTURES
from regime_platform.studies.series import StudySeries
from regime_platform_tests.studies.small_series import small_series


def series_of(
    close: Sequence[float],
    buckets: Sequence[str],
    postures: Sequence[str] = (),
    *,
    immature: int = 0,
    symbol: str = "MADE",
) -> StudySeries:
    """Daily bars from 2020-01-01 on; the first ``immature`` ranks are immature."""
    count = len(close)
    prices = np.array(close, float)
    codes = np.array([ESCALATION_BUCKETS.index(name) for name in buckets], np.int8)
    posture = [RISK_POSTURES.index(name) for name in postures] or [1] * count
    rank = np.where(codes == 0, np.nan, codes / 4)
    opens = np.datetime64("2020-01-01", "us") + np.arange(count) * np.timedelta64(1, "D")
    return small_series(
        prices,
        symbol=symbol,
        ts=opens,
        posture=np.array(posture, np.int8),
        bucket=codes,
        rank=rank,
        is_immature=np.arange(count) < immature,
    )


def noise(seed: int, bars: int, harm: float = 0.0, symbol: str = "MADE") -> StudySeries:
    """Prices at random, and a bucket in runs; a bar after HIGH loses ``harm`` more."""
    rng = np.random.default_rng(seed)
    names = rng.choice(("LOW", "LOW", "MED", "HIGH"), -(-bars // 10))
    buckets = np.repeat(names, 10)[:bars]
    returns = rng.normal(0.0005, 0.01, bars)
    returns[1:] -= harm * (buckets[:-1] == "HIGH")
    return series_of((100 * np.cumprod(1 + returns)).tolist(), buckets.tolist(), symbol=symbol)
