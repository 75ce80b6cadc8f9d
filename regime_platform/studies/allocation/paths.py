"""The paths that are compared: holding, a rule, and its mean exposure at all times."""

from dataclasses import dataclass

import numpy as np

from regime_platform.studies.allocation.equity import net_returns, trades
from regime_platform.studies.allocation.exposure import ExposureRule
from regime_platform.studies.allocation.measures import Clock
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.series import Bools, Floats, StudySeries

_BASIS_POINT = 1e-4


@dataclass(frozen=True)
class Path:
    """What an exposure earned; arrays by step, from a close to the next."""

    exposure: Floats
    cost: Floats  # share of wealth, of the trade before the step
    traded: Floats  # share of wealth that was bought or sold
    returns: Floats  # after costs

    @classmethod
    def of(cls, exposure: Floats, returns: Floats, cost_bps: float) -> "Path":
        """A path of exposures on the returns of an instrument, at a cost per traded share."""
        traded = trades(exposure, returns)
        cost = traded * cost_bps * _BASIS_POINT
        return cls(exposure, cost, traded, net_returns(exposure, returns, cost))


@dataclass(frozen=True)
class Steps:
    """The steps of a series: what the instrument returned, and what the rules exposed."""

    clock: Clock
    returns: Floats
    exposures: tuple[tuple[ExposureRule, Floats], ...]

    @classmethod
    def of(
        cls, series: StudySeries, rules: tuple[ExposureRule, ...], options: StudyOptions
    ) -> "Steps":
        """An exposure decided at the close of bar t earns the return from there to that of t + 1.

        Args:
            series: at least three bars.
            rules: which exposures.
            options: whether immature ranks count.
        """
        exposures = tuple((rule, rule.exposure(series, options)[:-1]) for rule in rules)
        return cls(Clock(series.ts), series.close[1:] / series.close[:-1] - 1, exposures)

    def __len__(self) -> int:
        return len(self.returns)

    def within(self, mask: Bools) -> "Steps":
        """The steps of a part, which are neighbours."""
        at = np.flatnonzero(mask)
        part = slice(at[0], at[-1] + 1)
        exposures = tuple((rule, exposure[part]) for rule, exposure in self.exposures)
        return Steps(self.clock.part(part), self.returns[part], exposures)

    def hold(self, cost_bps: float) -> Path:
        """Fully exposed at all times."""
        return Path.of(np.ones(len(self)), self.returns, cost_bps)


@dataclass(frozen=True)
class Pair:
    """A rule beside the exposure that it had on average, kept at all times.

    The second is the benchmark: less exposure lowers every drawdown, whenever it is less. Its share
    drifts with the price and is restored at each close, which costs as any trade does.
    """

    rule: ExposureRule
    path: Path
    constant: Path

    @classmethod
    def of(
        cls,
        rule: ExposureRule,
        exposure: Floats,
        returns: Floats,
        cost_bps: float,
        delay: int = 0,
    ) -> "Pair":
        """The rule as it is, or with every decision so many bars later."""
        late = np.concatenate([np.ones(delay), exposure[: len(exposure) - delay]])
        constant = np.full(len(late), late.mean())
        paths = (Path.of(each, returns, cost_bps) for each in (late, constant))
        return cls(rule, *paths)


def pairs(steps: Steps, cost_bps: float, delay: int = 0) -> tuple[Pair, ...]:
    """The pair of each rule."""
    return tuple(
        Pair.of(rule, exposure, steps.returns, cost_bps, delay)
        for rule, exposure in steps.exposures
    )
