"""Transitions and runs of a sequence of states, counted.

States are codes from 0 on, one a bar, oldest first; -1 is no state and breaks a run.
"""

from dataclasses import dataclass

import numpy as np

from regime_platform.studies.series import Floats, Ints


@dataclass(frozen=True)
class Runs:
    """Unbroken runs of a state, oldest first; bars without a state are runs of code -1."""

    codes: Ints
    starts: Ints  # position of the first bar
    lengths: Ints  # in bars

    @classmethod
    def of(cls, codes: Ints) -> "Runs":
        """The runs of a sequence."""
        starts = np.flatnonzero(np.diff(codes, prepend=codes[:1] - 1))
        return cls(codes[starts], starts, np.diff(starts, append=len(codes)))

    def complete(self) -> "Runs":
        """Those that a state precedes and a state follows, so that all of their bars are known."""
        has_state = self.codes >= 0
        is_whole = np.zeros(len(self.codes), bool)
        is_whole[1:-1] = has_state[:-2] & has_state[1:-1] & has_state[2:]
        return Runs(self.codes[is_whole], self.starts[is_whole], self.lengths[is_whole])

    def lengths_of(self, code: int) -> Ints:
        """The lengths of the runs of a state."""
        lengths: Ints = self.lengths[self.codes == code]
        return lengths


def transition_counts(codes: Ints, size: int) -> Ints:
    """``size`` x ``size``: how often state i at a bar was followed by state j at the next."""
    before, after = codes[:-1], codes[1:]
    both = (before >= 0) & (after >= 0)
    pairs = np.bincount(before[both] * size + after[both], minlength=size * size)
    return pairs.reshape(size, size)


def row_shares(counts: Ints) -> Floats:
    """Each row as shares of its sum; NaN where the row is empty."""
    totals = counts.sum(axis=-1, keepdims=True)
    return np.where(totals > 0, counts / np.maximum(totals, 1), np.nan)


def counts_by_period(codes: Ints, periods: Ints, size: int) -> Ints:
    """Bars by period (rows, numbered from 0) and state (columns); every bar has both."""
    height = int(periods.max(initial=-1)) + 1
    cells = np.bincount(periods * size + codes, minlength=height * size)
    return cells.reshape(height, size)


def difference_of_rows(tables: Ints) -> Floats:
    """The share of bars that would need another state for all rows to have the shares of the whole.

    Of a table, or of several: the mean, over rows weighted by their bars, of half the sum of
    absolute differences to the shares of all rows (total variation). 0 where the rows are alike.
    """
    counts = tables.astype(np.float64)
    rows, total = counts.sum(axis=-1, keepdims=True), counts.sum(axis=(-2, -1))
    expected = rows * counts.sum(axis=-2, keepdims=True) / total[..., None, None]
    return np.asarray(np.abs(counts - expected).sum(axis=(-2, -1)) / (2 * total))
