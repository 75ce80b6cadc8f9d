"""Windows that do not overlap, so that a count of bars is not mistaken for a count of cases."""

from bisect import bisect_left

import numpy as np

from regime_platform.studies.options import FEWEST_WINDOWS
from regime_platform.studies.series import Bools, Ints

_FEWEST_RUNS = 3


def independent_positions(mask: Bools, horizon: int) -> Ints:
    """Positions of bars in ``mask`` whose forward windows do not overlap, taken greedily.

    The window of t is the bars t + 1 to t + horizon, so the next one may begin at t + horizon.
    No other choice of bars gives more windows.
    """
    positions = np.flatnonzero(mask).tolist()
    chosen, at = [], 0
    while at < len(positions):
        chosen.append(positions[at])
        at = bisect_left(positions, positions[at] + horizon, at + 1)
    return np.array(chosen, np.int64)


def independent_windows(mask: Bools, horizon: int) -> int:
    """How many bars of ``mask`` have forward windows that do not overlap."""
    return len(independent_positions(mask, horizon))


def compared_windows(inside: Bools, outside: Bools, horizon: int) -> int:
    """Independent windows of a group, or of what it is compared with where there are too few.

    A group in fewer than three unbroken runs is as many cases, however long they last: while
    volatility lasts longer than the blocks of a placebo, a single stretch differs from the rest.
    """
    windows = fewer_of_too_few(
        independent_windows(inside, horizon), independent_windows(outside, horizon)
    )
    runs = int(inside[:1].sum() + (inside[1:] & ~inside[:-1]).sum())
    return min(windows, runs) if runs < _FEWEST_RUNS and outside.any() else windows


def fewer_of_too_few(windows: int, others: int) -> int:
    """Windows of a group, or those of all others where there are some, too few, and fewer."""
    return min(windows, others) if 0 < others < FEWEST_WINDOWS else windows
