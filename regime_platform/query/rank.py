"""The rank of the last value among all values of a list, by plain counting.

This is section 8 of the canonical compute for one bar: it shows how the stored percentile came
about, and checks it independently of the kernel that computed it.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Rank:
    """The rank of a value and the counts that it follows from."""

    below: int
    equal: int  # itself included
    members: int  # n: the values that are missing count
    missing: int

    @property
    def place(self) -> float:
        """k of n: ties share the middle of their places."""
        return self.below + (self.equal + 1) / 2

    @property
    def percentile(self) -> float:
        """k / n, between 0 and 1."""
        return self.place / self.members


def rank_of_last(
    values: npt.NDArray[np.float64], min_members: int, *, is_short_list: bool = False
) -> Rank | None:
    """The rank of the last value; None where its percentile is not defined.

    Args:
        values: in order of time, the one to be ranked last; NaN where missing.
        min_members: a percentile needs more than this many values.
        is_short_list: whether a missing value ranks below all others instead of having no rank;
            this depends on the full length of the list, later values included.
    """
    if len(values) <= min_members:
        return None
    last, missing = values[-1], int(np.isnan(values).sum())
    if np.isnan(last):
        return Rank(0, 0, len(values), missing) if is_short_list else None
    below, equal = int((values < last).sum()), int((values == last).sum())
    return Rank(below, equal, len(values), missing)
