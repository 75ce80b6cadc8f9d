"""Many symbols: an equally weighted portfolio, and the spread of the symbols around it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from regime_platform.studies.allocation.exposure import RULES, ExposureRule
from regime_platform.studies.allocation.measures import Clock
from regime_platform.studies.allocation.paths import Path, Steps
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.result import SymbolStudy
from regime_platform.studies.series import Floats, Ints, StudySeries

Sums = Mapping[str, npt.NDArray[Any]]
_PERCENT = 100


def path_sums(series: StudySeries, steps: Steps) -> Sums:
    """What a portfolio needs of a symbol, small: minutes since 1970, returns, exposures in percent.

    ``opens`` has the first bar too: a step is from a bar to the next.
    """
    shares = {
        rule.key: np.round(exposure * _PERCENT).astype(np.uint8)
        for rule, exposure in steps.exposures
    }
    minutes = series.ts.astype("datetime64[m]").astype(np.int64).astype(np.int32)
    return {"opens": minutes, "returns": steps.returns.astype(np.float32), **shares}


@dataclass(frozen=True)
class Member:
    """A symbol of a portfolio: where its steps are in the calendar of all."""

    at: Ints
    returns: Floats
    exposures: Mapping[str, Floats]


@dataclass(frozen=True)
class Portfolio:
    """Symbols in equal weights, restored at every step at no cost; trades of each rule cost."""

    clock: Clock
    members: tuple[Member, ...]
    sizes: Floats  # members by step

    @classmethod
    def of(cls, studies: Sequence[SymbolStudy], options: StudyOptions) -> "Portfolio | None":
        """Of all symbols with a path; with a split, from there on. None without steps enough."""
        sums = [each.sums for each in studies if each.sums]
        first = np.iinfo(np.int32).min if options.split is None else _minutes(options)
        opens = [each["opens"][np.searchsorted(each["opens"], first) :] for each in sums]
        kept = [(each, own) for each, own in zip(sums, opens, strict=True) if len(own) > 1]
        ends = np.unique(np.concatenate([np.zeros(0, np.int32), *(own[1:] for _, own in kept)]))
        if len(ends) <= options.horizon:
            return None
        calendar = np.array([min(own[0] for _, own in kept), *ends], "datetime64[m]")
        members = tuple(_member(each, own, ends) for each, own in kept)
        sizes = np.bincount(np.concatenate([each.at for each in members]))
        return cls(Clock(calendar.astype("datetime64[us]")), members, sizes.astype(np.float64))

    def path(self, shares: Sequence[Floats], cost_bps: float) -> Path:
        """The mean of the members' paths, of the exposures of each."""
        totals = np.zeros((4, len(self.sizes)))
        for member, exposure in zip(self.members, shares, strict=True):
            path = Path.of(exposure, member.returns, cost_bps)
            totals[:, member.at] += path.exposure, path.cost, path.traded, path.returns
        return Path(*(totals / self.sizes))

    def hold(self, cost_bps: float) -> Path:
        """Every symbol fully exposed."""
        return self.constant(1.0, cost_bps)

    def constant(self, share: float, cost_bps: float) -> Path:
        """Every symbol exposed by the same share at all times."""
        return self.path([np.full(len(each.at), share) for each in self.members], cost_bps)

    def ruled(self, rule: ExposureRule, cost_bps: float) -> Path:
        """Every symbol exposed as a rule has it."""
        return self.path([each.exposures[rule.key] for each in self.members], cost_bps)


@dataclass(frozen=True)
class LaidBlocks:
    """Blocks of a rule's exposures, all symbols together, laid on each block of the calendar.

    A symbol that has no bar where a block comes from takes the mean exposure of those that have,
    and where the first block is short of steps, that of all steps.
    """

    gross: npt.NDArray[np.float32]  # (steps of a block, blocks of exposures, blocks of returns)
    cost: Floats  # (blocks of exposures, steps of a block)
    lacking: int  # steps that the first block is short of

    @classmethod
    def of(cls, portfolio: Portfolio, rule: ExposureRule, ruled: Path, blocks: int) -> "LaidBlocks":
        """Of all steps."""
        exposures = np.repeat(ruled.exposure[:, None], len(portfolio.members), axis=1)
        returns = np.zeros_like(exposures)
        for column, member in enumerate(portfolio.members):
            exposures[member.at, column] = member.exposures[rule.key]
            returns[member.at, column] = member.returns / portfolio.sizes[member.at]
        lacking = -len(exposures) % blocks
        shape = (blocks, -1, len(portfolio.members))
        fillings = ((exposures, ruled.exposure.mean()), (returns, 0.0))
        laid, earned = (
            np.pad(each.astype(np.float32), ((lacking, 0), (0, 0)), constant_values=filling)
            .reshape(shape)
            .transpose(1, 0, 2)
            for each, filling in fillings
        )
        cost = np.pad(ruled.cost, (lacking, 0), constant_values=ruled.cost.mean())
        return cls(laid @ earned.transpose(0, 2, 1), cost.reshape(blocks, -1), lacking)

    def returns(self, orders: Ints) -> Floats:
        """Of each order of the blocks, a row: the returns of the portfolio after costs."""
        here = np.arange(orders.shape[1])
        gross = self.gross[:, orders, here].transpose(1, 2, 0).reshape(len(orders), -1)
        cost = self.cost[orders].reshape(len(orders), -1)
        returns: Floats = (1 + gross) * (1 - cost) - 1
        return returns[:, self.lacking :]


def _member(sums: Sums, opens: npt.NDArray[np.int32], ends: npt.NDArray[np.int32]) -> Member:
    steps = len(opens) - 1
    exposures = {rule.key: sums[rule.key][-steps:] / _PERCENT for rule in RULES}
    at = np.searchsorted(ends, opens[1:])
    return Member(at, sums["returns"][-steps:].astype(np.float64), exposures)


def _minutes(options: StudyOptions) -> int:
    return 0 if options.split is None else int(options.split.timestamp() // 60)
