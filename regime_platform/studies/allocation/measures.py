"""Return and risk of a path of returns, by the formulas of their authors.

Returns are simple returns per step along the last axis, as of `equity`; several paths are rows.
Cash earns nothing, so no rate is subtracted anywhere.
"""

from dataclasses import dataclass

import numpy as np

from regime_platform.studies.allocation.equity import drawdowns
from regime_platform.studies.series import Floats, Times

_YEAR = np.timedelta64(31_556_952_000_000, "us")  # 365.2425 days


@dataclass(frozen=True)
class Clock:
    """When the steps of a path end, and what a year is worth.

    Bars per year are counted, not assumed: the steps over the years from the first bar to the last.
    So each calendar and timeframe gives its own figure, and so do gaps.
    """

    opens: Times  # of the bars, one more than the steps

    @property
    def ends(self) -> Times:
        """Of each step: the open of the bar that closes it."""
        return self.opens[1:]

    @property
    def years(self) -> float:
        """Years of 365.2425 days from the first bar to the last."""
        return float((self.opens[-1] - self.opens[0]) / _YEAR)

    @property
    def steps_per_year(self) -> float:
        """The factor of annual figures."""
        return len(self.ends) / self.years

    def part(self, steps: slice) -> "Clock":
        """Of some of the steps."""
        return Clock(self.opens[steps.start : steps.stop + 1])


def annual_return(returns: Floats, clock: Clock) -> Floats:
    """Compound growth per year: wealth at the end ^ (1 / years) - 1."""
    wealth = np.prod(1 + returns, axis=-1)
    return np.asarray(wealth ** (1 / clock.years) - 1)


def volatility(returns: Floats, steps_per_year: float) -> Floats:
    """Standard deviation (divisor n - 1) x root of the steps per year."""
    return np.asarray(returns.std(axis=-1, ddof=1) * np.sqrt(steps_per_year))


def sharpe(returns: Floats, steps_per_year: float) -> Floats:
    """Mean over standard deviation, x root of the steps per year (Sharpe 1994); NaN without risk.

    The same for every constant exposure, except for costs.
    """
    spread = returns.std(axis=-1, ddof=1)
    ratio = returns.mean(axis=-1) / np.where(spread > 0, spread, np.nan)
    return np.asarray(ratio * np.sqrt(steps_per_year))


def max_drawdown(falls: Floats) -> Floats:
    """The deepest of `drawdowns`; <= 0."""
    return np.asarray(falls.min(axis=-1))


def ulcer_index(falls: Floats) -> Floats:
    """Root of the mean square of `drawdowns` (Martin and McCann 1989), a fraction of wealth."""
    return np.asarray(np.sqrt(np.square(falls).mean(axis=-1)))


def calmar(returns: Floats, clock: Clock) -> Floats:
    """Annual return over the size of the deepest drawdown (Young 1991); NaN without a fall."""
    deepest = max_drawdown(drawdowns(returns))
    return np.asarray(annual_return(returns, clock) / np.where(deepest < 0, -deepest, np.nan))


def under_water(falls: Floats) -> tuple[float, int]:
    """Share of the steps of one path that end below an earlier high, and the longest such run."""
    below = falls < 0
    edges = np.flatnonzero(np.diff(below, prepend=False, append=False))
    longest = (edges[1::2] - edges[::2]).max(initial=0)
    return float(below.mean()), int(longest)


def worst_period(returns: Floats, clock: Clock, unit: str) -> float:
    """The lowest compound return of one path within a month ("M") or year ("Y") of the calendar."""
    periods = clock.ends.astype(f"datetime64[{unit}]").astype(np.int64)
    starts = np.flatnonzero(np.diff(periods, prepend=periods[0] - 1))
    return float(np.multiply.reduceat(1 + returns, starts).min()) - 1
