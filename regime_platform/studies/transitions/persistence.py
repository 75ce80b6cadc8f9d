"""Whether a state says anything about the state some bars later, beyond how often that occurs."""

from dataclasses import dataclass

import numpy as np

from regime_platform.studies.inference.block_pairs import BlockPairs, concluded
from regime_platform.studies.inference.comparison import Claim, not_computed
from regime_platform.studies.inference.windows import compared_windows
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.result import Conclusion, Unit
from regime_platform.studies.series import Bools, Floats, Ints
from regime_platform.studies.transitions.draws import Draws
from regime_platform.studies.transitions.states import States


@dataclass(frozen=True)
class Persistence:
    """A state now, and the same state ``horizon`` bars later."""

    code: int
    mask: Bools  # the state now
    outcome: Floats  # 1 where it is the state then, else 0; NaN where that is not known
    next_share: float  # of the bars in the state: the next one is too
    share: float  # the same, ``horizon`` bars later
    other_share: float  # of all other bars: in the state ``horizon`` bars later
    conclusion: Conclusion

    @property
    def usable(self) -> Bools:
        """The bars with a state now and then."""
        return np.isfinite(self.outcome)


def persistence_claim(states: States, code: int, options: StudyOptions) -> Claim:
    """What a conclusion about a state claims."""
    title = states.titles[code]
    return Claim(
        f"{states.key}_{states.names[code].lower()}_lasts",
        f"{title} is {{direction}} {options.span} after {title} than after other {states.plural}",
        Unit.POINTS,
        ("more frequent", "less frequent"),
    )


def persistences(states: States, draws: Draws) -> list[Persistence]:
    """One for each state, in the order of the codes."""
    return [_persistence(states, code, draws) for code in range(len(states.names))]


def _persistence(states: States, code: int, draws: Draws) -> Persistence:
    options, codes = draws.options, states.codes
    then, after = (_later(codes, bars) for bars in (options.horizon, 1))
    both, mask = states.has_state & (then >= 0), codes == code
    is_same, signal = (then == code)[both].astype(np.float64), mask[both]
    conclusion = not_computed(
        persistence_claim(states, code, options),
        compared_windows(mask & both, ~mask & both, options.horizon),
        options,
    )
    if signal.any() and not signal.all():
        pairs = BlockPairs.of(is_same, signal, draws.block_of(len(signal)))
        conclusion = concluded(conclusion, pairs, options, *draws.names)
    return Persistence(
        code=code,
        mask=mask,
        outcome=np.where(both, then == code, np.nan),
        next_share=_share(after == code, mask & (after >= 0)),
        share=_share(then == code, mask & both),
        other_share=_share(then == code, ~mask & both),
        conclusion=conclusion,
    )


def _later(codes: Ints, bars: int) -> Ints:
    later = np.full(len(codes), -1)
    later[:-bars] = codes[bars:]
    return later


def _share(values: Bools, of: Bools) -> float:
    return float(values[of].mean()) if of.any() else float("nan")
