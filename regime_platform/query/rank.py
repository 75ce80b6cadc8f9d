"""A percentile as anybody can count it: so many below, so many equal, of so many.

This is section 8 of the canonical compute for one bar, counted plainly: it tells how the stored
number came about, and that it is right.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Rank:
    """Where the last value of a list stands among all of them."""

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
        """k / n."""
        return self.place / self.members

    def facts(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "k": self.place,
            "n": self.members,
            "below": self.below,
            "equal": self.equal,
            "missing": self.missing,
            "percentile": self.percentile,
        }


def rank_of_last(
    values: npt.NDArray[np.float64], min_members: int, *, is_short_list: bool = False
) -> Rank | None:
    """The rank of the last value; None where its percentile is not defined.

    Args:
        values: in order of time, the one to be ranked last; NaN where missing.
        min_members: members before it from which on there is a percentile.
        is_short_list: a missing value ranks below all others instead of not at all; the one rule
            that depends on how long the list will once be.
    """
    if len(values) <= min_members:
        return None
    last, missing = values[-1], int(np.isnan(values).sum())
    if np.isnan(last):
        return Rank(0, 0, len(values), missing) if is_short_list else None
    below, equal = int((values < last).sum()), int((values == last).sum())
    return Rank(below, equal, len(values), missing)
