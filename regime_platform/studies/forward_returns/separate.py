"""Tests for independent values, on windows that do not overlap.

Windows of neighbouring bars share most of their bars, so on all bars these tests count the same
move up to ``horizon`` times and find differences in noise. They still take windows in one calm or
lively stretch as independent: the placebo, which does not, decides.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from regime_platform.studies.inference.windows import independent_positions
from regime_platform.studies.series import Bools, Floats

#: Fewer values on a side give no p-value.
_FEWEST = 5


@dataclass(frozen=True)
class SeparateTest:
    """p-values of one group against the rest; NaN where a side has too few windows."""

    windows: int  # of the group, among those chosen without regard to it
    welch: float
    mann_whitney: float


def separate_values(
    outcome: Floats, mask: Bools, usable: Bools, horizon: int
) -> tuple[Floats, Floats]:
    """The outcomes inside the mask and outside of windows that do not overlap.

    They begin at the first usable bar and follow each other, whatever the mask.
    """
    chosen = independent_positions(usable & np.isfinite(outcome), horizon)
    return outcome[chosen[mask[chosen]]], outcome[chosen[~mask[chosen]]]


def separate_test(outcome: Floats, mask: Bools, usable: Bools, horizon: int) -> SeparateTest:
    """Welch's t-test and the Mann-Whitney test of `separate_values`."""
    inside, outside = separate_values(outcome, mask, usable, horizon)
    if not is_testable(inside, outside):
        return SeparateTest(len(inside), float("nan"), float("nan"))
    welch = stats.ttest_ind(inside, outside, equal_var=False).pvalue
    ranks = stats.mannwhitneyu(inside, outside, method="asymptotic").pvalue
    return SeparateTest(len(inside), float(welch), float(ranks))


def is_testable(inside: Floats, outside: Floats) -> bool:
    """Whether both sides have enough values, and not all the same."""
    return all(len(side) >= _FEWEST and np.ptp(side) > 0 for side in (inside, outside))
