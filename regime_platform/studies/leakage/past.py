"""What a bar's own past says without the signal: its volatility and its return.

All of it is known at the close of the bar, as the signal is.
"""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from regime_platform.studies.series import Bools, Floats, Ints, StudySeries

#: Spans of volatility, in horizons: short, as long as the windows, and long. A weighted sum of
#: three such spans forecasts volatility about as well as far richer models: Corsi (2009).
_SPANS = (0.25, 1, 5)
PARTS = 3


@dataclass(frozen=True)
class Past:
    """Per bar; NaN while the bars before it are too few."""

    volatilities: Floats  # (bars, spans): deviation of log returns over each span
    returns: Floats  # (bars,): close / close ``horizon`` bars before - 1

    @classmethod
    def of(cls, series: StudySeries, horizon: int) -> "Past":
        """The past of every bar."""
        logs = np.log(series.close)
        spans = [max(2, round(part * horizon)) for part in _SPANS]
        returns = np.full(len(series), np.nan)
        if len(series) > horizon:
            returns[horizon:] = series.close[horizon:] / series.close[:-horizon] - 1
        return cls(np.stack([_deviation(np.diff(logs), span) for span in spans], axis=1), returns)

    @property
    def is_known(self) -> Bools:
        """Bars with all of it."""
        return np.isfinite(self.volatilities).all(axis=1) & np.isfinite(self.returns)

    @property
    def volatility(self) -> Floats:
        """Over as many bars as the windows have."""
        return self.volatilities[:, 1]

    @property
    def of_volatility(self) -> Floats:
        """(bars, columns): volatility for a regression, which need not act in proportion."""
        return np.column_stack([self.volatilities, self.volatility**2])

    @property
    def of_both(self) -> Floats:
        """The same with the return and its size."""
        return np.column_stack([self.of_volatility, self.returns, np.abs(self.returns)])

    def at(self, mask: Bools) -> "Past":
        """Of some bars."""
        return Past(self.volatilities[mask], self.returns[mask])


def thirds(values: Floats) -> Ints:
    """0, 1 or 2: the lowest, middle or highest third of all values.

    A control and no signal, so its edges may be those of the whole sample.
    """
    edges = np.quantile(values, (1 / PARTS, 2 / PARTS)) if len(values) else [0.0, 0.0]
    return np.searchsorted(np.asarray(edges), values, "right")


def _deviation(returns: Floats, span: int) -> Floats:
    """The deviation of the ``span`` returns up to each bar; ``returns`` begin at the second bar."""
    out = np.full(len(returns) + 1, np.nan)
    if len(returns) >= span:
        out[span:] = sliding_window_view(returns, span).std(axis=1)
    return out
