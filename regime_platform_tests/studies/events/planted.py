"""A series with six crashes at known bars, and signals at known bars before and after them."""

from collections.abc import Iterable

import numpy as np

from regime_platform.model.result_schema import ESCALATION_BUCKETS, REGIME_LABELS
from regime_platform.studies.series import Bools, Floats, StudySeries

BARS = 1_000
#: Each is larger than those before it, so that it is beyond their percentile.
CRASHES = (400, 500, 600, 700, 800, 900)
#: Two to four of five runs come before a crash, one comes at no crash, one after.
HIGH_RUNS = ((390, 395), (485, 490), (560, 563), (795, 800), (905, 908))
PANIC_RUNS = ((398, 400), (650, 655))


def planted_series(
    crashes: Iterable[int] = CRASHES,
    high: Iterable[tuple[int, int]] = HIGH_RUNS,
    panic: Iterable[tuple[int, int]] = PANIC_RUNS,
    *,
    symbol: str = "PLANTED",
    count: int = BARS,
) -> StudySeries:
    """Closes that alternate by a tenth of a percent; crash k takes 2 k + 4 % off at once."""
    close = np.where(np.arange(count) % 2, 100.0, 100.1)
    for number, bar in enumerate(crashes, start=1):
        close[bar:] *= 0.96 - 0.02 * number
    is_high = marks(high, count)
    regime = np.where(marks(panic, count), *_codes("PANIC_RISK", "TRENDING_BULL"))
    opens = np.datetime64("2001-01-01") + np.arange(count)
    return StudySeries(
        symbol=symbol,
        timeframe="1day",
        asset_class="US_EQUITY",
        ts=opens.astype("datetime64[us]"),
        **dict.fromkeys(("open", "high", "low", "close"), close),
        regime=regime.astype(np.int8),
        posture=np.zeros(count, np.int8),
        bucket=np.where(is_high, *map(ESCALATION_BUCKETS.index, ("HIGH", "LOW"))).astype(np.int8),
        rank=np.where(is_high, 0.9, 0.3),
        raw=np.where(is_high, 0.9, 0.3),
        is_immature=np.zeros(count, np.bool_),
        era=np.zeros(count, np.int64),
    )


def marks(runs: Iterable[tuple[int, int]], count: int) -> Bools:
    """The bars of some runs, each from a bar to before another."""
    mask = np.zeros(count, np.bool_)
    for start, stop in runs:
        mask[start:stop] = True
    return mask


def with_closes(
    close: Floats, high: Floats | None = None, low: Floats | None = None
) -> StudySeries:
    """A series of these prices without any signal."""
    series = planted_series((), (), (), count=len(close))
    values = {"close": close, "high": close if high is None else high}
    values["low"] = close if low is None else low
    return StudySeries(**{**vars(series), **values})


def _codes(*labels: str) -> list[int]:
    return [REGIME_LABELS.index(label) for label in labels]
