"""How well a signal marks the bars that an event follows: precision, recall, F1, lift, AUC."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from regime_platform.studies.series import Bools, Floats


@dataclass(frozen=True)
class Detection:
    """Counts of bars, and the rates that follow; a rate is NaN where it divides by nothing."""

    hits: int  # with the signal, and followed by an event
    bars: int  # with the signal
    followed: int  # followed by an event
    total: int

    @classmethod
    def of(cls, followed: Floats, mask: Bools) -> "Detection":
        """The counts of bars: 1 or 0 where an event follows, and where the signal is on."""
        event = followed == 1.0
        hits, bars, events = (int(each.sum()) for each in (event & mask, mask, event))
        return cls(hits, bars, events, total=len(mask))

    @property
    def precision(self) -> float:
        """Share of the bars with the signal that an event follows."""
        return _ratio(self.hits, self.bars)

    @property
    def recall(self) -> float:
        """Share of the bars followed by an event that have the signal."""
        return _ratio(self.hits, self.followed)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return _ratio(2 * self.hits, self.bars + self.followed)

    @property
    def base_rate(self) -> float:
        """Share of all bars that an event follows."""
        return _ratio(self.followed, self.total)

    @property
    def lift(self) -> float:
        """Precision over base rate: 1 where the signal says nothing."""
        return _ratio(self.precision, self.base_rate)

    def lift_at(self, difference: float) -> float:
        """The lift if the rate with the signal were higher than without by so much; at least 0.

        With the share s of bars that have the signal, precision is base rate + (1 - s) difference.
        So the interval of a difference gives that of the lift.
        """
        rest = self.total - self.bars
        return float(np.maximum(0.0, 1 + _ratio(rest * difference, self.followed)))


def rank_shares(rank: Floats) -> Floats:
    """Mid-ranks of the values, divided by their number.

    Their mean over the bars that an event follows, less that over the others, is AUC - 1/2: AUC is
    the statistic U of Mann and Whitney over the number of pairs (Hanley and McNeil, 1982).
    """
    shares: Floats = rankdata(rank) / max(len(rank), 1)
    return shares


def auc(rank: Floats, followed: Floats) -> float:
    """Chance that a bar followed by an event ranks above one that is not; NaN without both."""
    event = followed == 1.0
    if event.all() or not event.any():
        return float("nan")
    shares = rank_shares(rank)
    return float(0.5 + shares[event].mean() - shares[~event].mean())


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0 else float("nan")
