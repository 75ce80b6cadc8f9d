"""Whether the state says which state follows it, from what was known at the end of each run."""

from dataclasses import dataclass

import numpy as np

from regime_platform.studies.inference.comparison import Claim, not_computed
from regime_platform.studies.inference.placebo import placebo_of, with_test
from regime_platform.studies.inference.windows import independent_windows
from regime_platform.studies.result import Conclusion, Unit
from regime_platform.studies.series import Bools, Floats, Ints
from regime_platform.studies.transitions.counts import Runs
from regime_platform.studies.transitions.draws import Draws
from regime_platform.studies.transitions.states import States


@dataclass(frozen=True)
class Guesses:
    """At the end of each run a guess at the next state, from the runs that had ended by then.

    The guess is the state that followed this one most often; the plain guess the one that began
    most often after any other state. Where both are the same, nothing is learnt from it.
    """

    positions: Ints  # of the first bar of the run that was guessed
    is_right: Bools
    is_plainly_right: Bools

    @classmethod
    def of(cls, codes: Ints, size: int) -> "Guesses":
        """The guesses of a sequence of states, from when both have a past."""
        runs = Runs.of(codes)
        at = np.flatnonzero((runs.codes[:-1] >= 0) & (runs.codes[1:] >= 0))
        before, after = runs.codes[at], runs.codes[at + 1]
        pairs = np.zeros((len(at) + 1, size, size), np.int64)
        pairs[np.arange(len(at)) + 1, before, after] = 1
        past = pairs.cumsum(axis=0)[:-1]  # without the change itself
        here = np.arange(len(at))
        followed, began = past[here, before], past.sum(axis=1)
        began[here, before] = -1  # a run is not followed by its own state
        is_known = followed.any(axis=1)
        right, plain = (counts.argmax(axis=1) == after for counts in (followed, began))
        return cls(runs.starts[at + 1][is_known], right[is_known], plain[is_known])

    @property
    def differences(self) -> Floats:
        """1 where only the guess was right, -1 where only the plain one was."""
        return self.is_right.astype(np.float64) - self.is_plainly_right


def guessing(states: States, guesses: Guesses, draws: Draws) -> Conclusion:
    """The share of right guesses less that of plain ones; placebos swap the two at random.

    They are swapped in blocks of bars, as all placebos are drawn.
    """
    options, bars = draws.options, len(states.codes)
    marks = np.zeros((bars, 2))
    marks[guesses.positions] = np.stack([guesses.differences, np.ones(len(guesses.positions))], 1)
    effect = low = high = float("nan")
    placebos = np.zeros(0)
    if len(guesses.positions):
        effect = float(guesses.differences.mean())
        right, runs = draws.sums(marks).T
        low, high = draws.interval(right / np.where(runs > 0, runs, np.nan))
        block = np.arange(bars) // draws.block
        by_block = np.bincount(block, marks[:, 0])
        rng = options.generator("swapped", states.key, *draws.names)
        signs = rng.choice((-1.0, 1.0), (options.draws, len(by_block)))
        placebos = signs @ by_block / len(guesses.positions)
    # counts by state are sparser and so guess worse where a state says nothing: no finding
    placebo = placebo_of(max(effect, 0.0) if np.isfinite(effect) else effect, placebos)
    claim = Claim(
        f"{states.key}_next",
        f"the next of the {states.plural} is guessed right {{direction}} from the present one "
        "than from how often each begins",
        Unit.POINTS,
        ("more often", "less often"),
    )
    claimed = not_computed(claim, independent_windows(marks[:, 1] > 0, options.horizon), options)
    return with_test(claimed, effect, (low, high), placebo)
