"""Blocks of a signal laid on blocks of an outcome: all that intervals and placebos of means need.

The sums are taken once, so that a thousand placebos cost as little as a few.
"""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from regime_platform.studies.inference.bootstrap import block_draws
from regime_platform.studies.inference.placebo import Placebo, block_orders, placebo_of, with_test
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.result import Conclusion
from regime_platform.studies.series import Bools, Floats, Ints

#: More draws than this share without a value leave no interval.
_MOST_EMPTY = 0.1
#: Fewer placebos as far as the observation say too little about how rare it is.
_FEW_AS_FAR = 10


@dataclass(frozen=True)
class BlockPairs:
    """Sums over block i of a signal laid on block j of an outcome."""

    hits: Floats  # (blocks, blocks): outcome where the signal is on
    bars: Floats  # (blocks, blocks): bars where it is on and there is an outcome
    totals: Floats  # (blocks,): outcome
    sizes: Floats  # (blocks,): bars with an outcome

    @classmethod
    def of(cls, outcome: Floats, mask: Bools, block: int) -> Self:
        """Blocks of so many bars; ``outcome`` is finite, oldest first."""
        at = np.arange(len(outcome))
        return cls.at(outcome, mask, at // block, at % block)

    @classmethod
    def at(cls, outcome: Floats, mask: Bools, block: Ints, place: Ints) -> Self:
        """Each bar at a place within a block, both from 0 on."""
        filled = np.zeros((3, int(block.max()) + 1, int(place.max()) + 1))
        filled[:, block, place] = outcome - outcome.mean(), mask, np.ones(len(mask))
        values, signal, there = filled
        return cls(signal @ values.T, signal @ there.T, values.sum(axis=1), there.sum(axis=1))

    def observed(self) -> tuple[float, float]:
        """The difference of means as it is, and studentised."""
        effect, statistic = _studentised(
            np.diagonal(self.hits), np.diagonal(self.bars), self.totals, self.sizes
        )
        return float(effect), float(statistic)

    def placebos(self, orders: Ints) -> tuple[Floats, Floats]:
        """The same with the blocks of the signal in other orders (draws, blocks)."""
        here = np.arange(orders.shape[1])
        return _studentised(
            self.hits[orders, here], self.bars[orders, here], self.totals, self.sizes
        )

    def draws(self, blocks: Ints) -> Floats:
        """The difference of means over drawn blocks (draws, blocks) of signal and outcome."""
        parts = np.diagonal(self.hits), np.diagonal(self.bars), self.totals, self.sizes
        hits, bars, totals, sizes = (part[blocks].sum(axis=1) for part in parts)
        with np.errstate(invalid="ignore", divide="ignore"):
            differences: Floats = hits / bars - (totals - hits) / (sizes - bars)
        return differences


def _studentised(
    hits: Floats, bars: Floats, totals: Floats, sizes: Floats
) -> tuple[Floats, Floats]:
    """Difference of means, and that over its standard error; the last axis is that of blocks.

    The error is that of sums over blocks, with the spread of either group: a signal that changes
    only the spread of the outcome must not seem to change its mean. Source: Janssen (1997), Chung
    and Romano (2013), for permutations of single values.
    """
    misses, rests = totals - hits, sizes - bars
    count, rest = bars.sum(axis=-1, keepdims=True), rests.sum(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        inside = hits.sum(axis=-1, keepdims=True) / count
        outside = misses.sum(axis=-1, keepdims=True) / rest
        influence = (hits - inside * bars) / count - (misses - outside * rests) / rest
        effect = (inside - outside)[..., 0]
        return effect, effect / np.sqrt((influence**2).sum(axis=-1))


@dataclass(frozen=True)
class GroupTest:
    """The placebo test of a difference of means, studentised."""

    effect: float
    placebo: Placebo  # its mean is that of the effects
    reach: Floats  # of the placebos: absolute studentised differences

    @classmethod
    def of(cls, pairs: BlockPairs, orders: Ints) -> Self:
        """The test with the given orders of the blocks (draws, blocks)."""
        effect, statistic = pairs.observed()
        effects, statistics = pairs.placebos(orders)
        placebo = placebo_of(statistic, statistics)
        finite = effects[np.isfinite(effects)]
        mean = float(finite.mean()) if len(finite) else float("nan")
        return cls(effect, replace(placebo, mean=mean), np.abs(statistics))


def group_test(pairs: BlockPairs, options: StudyOptions, *names: str) -> GroupTest:
    """The test, with ten times the placebos where few of the first were as far.

    A correction over many tests needs p-values below what ``options.draws`` placebos can show. To
    draw on only then leaves every p-value valid. Source: Besag and Clifford (1991).
    """
    blocks = len(pairs.sizes)
    first = GroupTest.of(pairs, block_orders(blocks, options, *names))
    if not first.placebo.share * options.draws < _FEW_AS_FAR:
        return first
    many = replace(options, draws=10 * options.draws)
    return GroupTest.of(pairs, block_orders(blocks, many, *names))


def concluded(
    claimed: Conclusion, pairs: BlockPairs, options: StudyOptions, *names: str
) -> Conclusion:
    """``claimed`` with effect, interval, p-value and placebos of the difference of means.

    The interval is the spread of the effect over the stationary bootstrap, times the factor that
    the placebos show to be needed: so many standard errors from zero they reach at most, with the
    confidence of the options. Percentiles alone leave out the truth in one case of eight.
    """
    test = group_test(pairs, options, *names)
    draws = pairs.draws(block_draws(len(pairs.sizes), options, *names))
    draws, reach = draws[np.isfinite(draws)], test.reach[~np.isnan(test.reach)]
    margin = float("nan")  # as for an outcome that is always the same
    if len(draws) >= (1 - _MOST_EMPTY) * options.draws and len(reach):
        factor = np.quantile(reach, options.confidence, method="higher")  # may be infinite
        margin = float(draws.std()) * float(factor)
    can_be_shown = test.effect > 0 or len(claimed.directions) > 1
    placebo = test.placebo if can_be_shown else replace(test.placebo, p_value=1.0, share=1.0)
    interval = test.effect - margin, test.effect + margin
    return with_test(claimed, test.effect, interval, placebo)
