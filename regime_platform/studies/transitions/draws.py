"""The draws that all questions about a series share."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from regime_platform.studies.inference.blocks import FEWEST_BLOCKS, block_length
from regime_platform.studies.inference.bootstrap import block_draws, interval
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.series import Floats, Ints, StudySeries
from regime_platform.studies.transitions.states import States


@dataclass(frozen=True)
class Draws:
    """The bars of a series in blocks, and what is drawn from them."""

    block: int  # bars
    starts: Ints  # of the blocks
    drawn: Ints  # blocks, a row per draw
    options: StudyOptions
    names: tuple[str, str]  # symbol and timeframe: what random numbers depend on

    @classmethod
    def of(cls, series: StudySeries, states: Sequence[States], options: StudyOptions) -> "Draws":
        """Blocks are twice as long as the most frequent regime or bucket needs.

        At single length shares differ between years by more than those of shuffled blocks in 8 to
        10 of 100 chains without memory, at this one in 5 to 8: runs are cut less often.
        """
        needed = max(block_length(_most_frequent(each), options.horizon) for each in states)
        block = min(2 * needed, max(needed, len(series) // FEWEST_BLOCKS))
        starts = np.arange(0, len(series), block)
        names = (series.symbol, series.timeframe)
        return cls(block, starts, block_draws(len(starts), options, *names), options, names)

    def block_of(self, bars: int) -> int:
        """Bars of a block of so many bars of the series, of which there are blocks enough."""
        return min(self.block, max(bars // FEWEST_BLOCKS, 1))

    def sums(self, columns: Floats) -> Floats:
        """The sum of each column, of shape (bars, columns), in each draw: (draws, columns)."""
        by_block = np.add.reduceat(columns, self.starts, axis=0)
        return np.asarray(by_block[self.drawn].sum(axis=1))

    def interval(self, values: Floats) -> tuple[float, float]:
        """The interval of a figure from its draws."""
        return interval(values, self.options.confidence)


def _most_frequent(states: States) -> Floats:
    """Of the bars with a state: 1 where it is the most frequent one, else 0."""
    codes = states.codes[states.has_state]  # years without one would seem to be a state that lasts
    return np.asarray(codes == np.bincount(codes, minlength=1).argmax(), np.float64)
