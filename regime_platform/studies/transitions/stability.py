"""Whether the shares of states differ between parts of history more than chance has them do."""

from dataclasses import replace

import numpy as np

from regime_platform.studies.inference.comparison import Claim, not_computed
from regime_platform.studies.inference.placebo import block_orders, placebo_of, with_test
from regime_platform.studies.inference.windows import independent_windows
from regime_platform.studies.result import Conclusion, Unit
from regime_platform.studies.series import Ints
from regime_platform.studies.transitions.counts import counts_by_period, difference_of_rows
from regime_platform.studies.transitions.draws import Draws
from regime_platform.studies.transitions.states import States

#: Blocks of the other questions in one of these: what states have in common across the edges of
#: blocks is lost to placebos, and seems to be a difference between periods.
_BLOCKS = 2
#: At least so many of them.
_FEWEST_BLOCKS = 20


def stability(states: States, periods: Ints, kind: str, draws: Draws) -> Conclusion:
    """The difference of the shares between periods, less that of placebos on average.

    Shares over few bars differ by chance, the more so the longer a state lasts: the states of the
    history in shuffled blocks have that, and no period of their own. A bootstrap would add its own
    differences to those of the history, so there is no interval.

    Args:
        states: of each bar.
        periods: of each bar, two or more; negative: none.
        kind: era, year or sample.
        draws: blocks, options.
    """
    options, size = draws.options, len(states.names)
    enters = states.has_state & (periods >= 0)
    codes, labels = states.codes[enters], np.unique(periods[enters], return_inverse=True)[1]
    observed = float(difference_of_rows(counts_by_period(codes, labels, size)))
    placebos = difference_of_rows(shuffled_counts(codes, labels, size, draws))
    mean = float(placebos.mean())
    placebo = placebo_of(observed, placebos, mean)
    claim = Claim(
        f"{states.key}_by_{kind}",
        f"the shares of {states.plural} differ {{direction}} between {kind}s than between "
        "shuffled blocks",
        Unit.POINTS,
        ("more", "less"),
    )
    claimed = not_computed(claim, independent_windows(enters, options.horizon), options)
    beyond = replace(placebo, mean=0.0)  # as the effect is what is beyond their mean
    return with_test(claimed, observed - mean, (float("nan"), float("nan")), beyond)


def shuffled_counts(codes: Ints, labels: Ints, size: int, draws: Draws) -> Ints:
    """Bars by draw, period and state, of the states in shuffled blocks.

    ``labels`` are the periods, numbered in time. The last block is filled with bars without a
    state. Up to an end of a period there are whole blocks, and the first bars of another.
    """
    block = max(min(_BLOCKS * draws.block, len(codes) // _FEWEST_BLOCKS), 1)
    blocks = -(-len(codes) // block)
    filled = np.zeros((blocks * block, size), np.int64)
    filled[np.arange(len(codes)), codes] = 1
    first_bars = filled.reshape(blocks, block, size).cumsum(axis=1)
    first_bars = np.concatenate([np.zeros((blocks, 1, size), np.int64), first_bars], axis=1)
    orders = block_orders(blocks, draws.options, *draws.names)
    whole = first_bars[orders, block].cumsum(axis=1) - first_bars[orders, block]
    edges = np.array([*np.flatnonzero(np.diff(labels, prepend=-1)), blocks * block])
    at = np.minimum(edges // block, blocks - 1)
    until = whole[:, at] + first_bars[orders[:, at], edges - at * block]
    return np.asarray(np.diff(until, axis=1))
