"""What a study works on: one series as arrays, and what followed each of its bars.

A signal at bar t is known at its close. The forward window of t is the closes of the ``horizon``
bars after it, so it begins after everything that the signal used.
"""

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int8]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Times = npt.NDArray[np.datetime64]


@dataclass(frozen=True)
class StudySeries:
    """The bars of a series that have a state, oldest first; all arrays have the same length."""

    symbol: str
    timeframe: str
    asset_class: str
    ts: Times  # opens, UTC, datetime64[us]
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    regime: Codes  # position in REGIME_LABELS; -1: none
    posture: Codes  # position in RISK_POSTURES; -1: none
    bucket: Codes  # position in ESCALATION_BUCKETS, whose first is NA
    rank: Floats  # esc_pctl; NaN: none
    raw: Floats  # esc_raw; NaN: none
    is_immature: Bools  # of the rank; False where there is none
    era: Ints  # index of the era; -1: none

    def __len__(self) -> int:
        return len(self.ts)

    def part(self, start: int | None, stop: int | None) -> "StudySeries":
        """The bars at positions ``start`` to before ``stop``."""
        cut = {
            field.name: value[start:stop]
            for field in fields(self)
            if isinstance(value := getattr(self, field.name), np.ndarray)
        }
        return StudySeries(self.symbol, self.timeframe, self.asset_class, **cut)

    def is_ranked(self, *, include_immature: bool) -> Bools:
        """Whether a bar has a rank that counts: a mature one, unless immature ones do too."""
        return ~np.isnan(self.rank) & (include_immature | ~self.is_immature)


def forward_return(series: StudySeries, horizon: int) -> Floats:
    """close(t + horizon) / close(t) - 1; NaN where fewer bars follow."""
    out = np.full(len(series), np.nan)
    if len(series) > horizon:
        out[:-horizon] = series.close[horizon:] / series.close[:-horizon] - 1
    return out


def forward_abs_move(series: StudySeries, horizon: int) -> Floats:
    """The largest abs(close(j) / close(t) - 1) of the next ``horizon`` closes; NaN as above.

    The stored fwd_absret_h where that is mature (canonical compute, section 12).
    """
    low, high = _forward_extremes(series.close, horizon)
    return np.maximum(np.abs(high / series.close - 1), np.abs(low / series.close - 1))


def forward_drawdown(series: StudySeries, horizon: int) -> Floats:
    """The lowest of the next ``horizon`` closes against close(t), at most 0; NaN as above."""
    low, _high = _forward_extremes(series.close, horizon)
    return np.minimum(low / series.close - 1, 0.0)


def _forward_extremes(close: Floats, horizon: int) -> tuple[Floats, Floats]:
    low, high = np.full((2, len(close)), np.nan)
    if len(close) > horizon:
        following = sliding_window_view(close[1:], horizon)
        low[:-horizon], high[:-horizon] = following.min(axis=1), following.max(axis=1)
    return low, high
