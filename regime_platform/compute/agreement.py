"""How far two sequences of labels on the same bars agree, and whether one of them leads.

Derived from stored states by those who show them; the engine does not import this module. All
figures describe the past.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

#: Shifts of changes among which a lead is looked for: so many bars either way.
MOST_SHIFT = 10
#: Longer shifts, up to so many bars either way, show how many changes match for no reason.
FARTHEST_SHIFT = 260
#: Fewer changes of either sequence are a small sample: no lead is named.
FEWEST_CHANGES = 20
_FEWEST_FAR = 200  # longer shifts that a sequence must allow, likewise

Codes = npt.NDArray[np.int64]  # one code per bar, from 0 on; -1 is no label


@dataclass(frozen=True)
class Agreement:
    """Two sequences bar by bar, on the bars where both have a label."""

    bars: int
    share: float | None  # of the bars with the same label; None without bars
    by_chance: float | None  # what unrelated sequences with these frequencies would agree on


@dataclass(frozen=True)
class Lead:
    """The shift at which the changes of two sequences match best.

    A change is a bar whose label differs from that of the bar before. It matches at a shift of k
    bars where the other sequence changes to the same label k bars later.
    """

    changes: tuple[int, int]
    shift: int  # > 0: the first sequence leads by so many bars; the smallest of the best ones
    matches: int  # at that shift
    at_once: int  # matches at shift 0
    by_chance: float  # the mean of the longer shifts
    most_by_chance: float  # the most at any of them
    is_small_sample: bool  # too few changes or bars to name a lead

    @property
    def is_clear(self) -> bool:
        """True where no longer shift matches as well.

        Of two unrelated sequences the best of 21 shifts does so in one case of 25.
        """
        return not self.is_small_sample and self.matches > self.most_by_chance

    def document(self) -> dict[str, Any]:
        """The fields of JSON documents and frames."""
        return {
            "changes_a": self.changes[0],
            "changes_b": self.changes[1],
            "shift": self.shift,
            "matches": self.matches,
            "at_once": self.at_once,
            "matches_by_chance": self.by_chance,
            "most_by_chance": self.most_by_chance,
            "is_small_sample": self.is_small_sample,
            "is_clear": self.is_clear,
        }


def agreement(first: Codes, second: Codes) -> Agreement:
    """The share of equal labels, of the bars where both have one.

    By chance: the sum over the labels of the product of their shares in both sequences.
    """
    both = (first >= 0) & (second >= 0)
    bars = int(both.sum())
    if not bars:
        return Agreement(0, None, None)
    left, right = first[both], second[both]
    size = int(max(left.max(), right.max())) + 1
    shares = [np.bincount(each, minlength=size) / bars for each in (left, right)]
    return Agreement(bars, float((left == right).mean()), float(shares[0] @ shares[1]))


def lead(first: Codes, second: Codes) -> Lead:
    """At which shift the changes match best; of equal ones the smallest, then the positive one.

    What matches by chance is counted at longer shifts, since changes come in clusters: for each of
    them the matches, times all bars over the bars that overlap at that shift.
    """
    before, after, bars = changes(first), changes(second), len(first)
    reach = max(MOST_SHIFT, min(FARTHEST_SHIFT, bars // 2))
    shifts = np.arange(-reach, reach + 1)
    matches = _matches(before, after, reach)
    is_far = np.abs(shifts) > MOST_SHIFT
    far = matches[is_far] * (bars / np.maximum(bars - np.abs(shifts[is_far]), 1))
    near = sorted(range(-MOST_SHIFT, MOST_SHIFT + 1), key=lambda shift: (abs(shift), -shift))
    best = max(near, key=lambda shift: int(matches[shift + reach]))
    counts = int((before >= 0).sum()), int((after >= 0).sum())
    return Lead(
        changes=counts,
        shift=best,
        matches=int(matches[best + reach]),
        at_once=int(matches[reach]),
        by_chance=float(far.mean()) if far.size else 0.0,
        most_by_chance=float(far.max(initial=0.0)),
        is_small_sample=min(counts) < FEWEST_CHANGES or far.size < _FEWEST_FAR,
    )


def changes(codes: Codes) -> Codes:
    """The label that begins at a bar, else -1; the first bar and those without a label are none."""
    begins = np.full(len(codes), -1, np.int64)
    is_change = (codes[1:] != codes[:-1]) & (codes[1:] >= 0) & (codes[:-1] >= 0)
    begins[1:][is_change] = codes[1:][is_change]
    return begins


def _matches(before: Codes, after: Codes, reach: int) -> Codes:
    """By shift from -``reach``: the changes of the first that the second follows so much later."""
    matches = np.zeros(2 * reach + 1, np.int64)
    for code in np.unique(before[before >= 0]):
        later = np.subtract.outer(np.flatnonzero(after == code), np.flatnonzero(before == code))
        within = later[np.abs(later) <= reach]
        matches += np.bincount(within + reach, minlength=2 * reach + 1)
    return matches
