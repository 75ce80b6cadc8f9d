"""How far the states of two timeframes of a symbol agree, beyond their frequencies."""

from dataclasses import dataclass

import numpy as np

from regime_platform.compute.agreement import Agreement, agreement
from regime_platform.model.timeframes import DURATION
from regime_platform.studies.inference.comparison import Claim, not_computed
from regime_platform.studies.inference.placebo import block_orders, placebo_of, with_test
from regime_platform.studies.inference.windows import independent_windows
from regime_platform.studies.result import Conclusion, Unit
from regime_platform.studies.series import Bools, Floats, Ints, StudySeries, Times
from regime_platform.studies.transitions.draws import Draws
from regime_platform.studies.transitions.states import States


@dataclass(frozen=True)
class TimeframeAgreement:
    """The states of a series and those of another timeframe, at the same moments."""

    timeframe: str  # the other
    states: States
    agreement: Agreement
    conclusion: Conclusion


def known_by(series: StudySeries, other: StudySeries, codes: Ints) -> Ints:
    """The state of another timeframe that was known at the close of each bar of a series.

    It is that of its last bar that was over by then, by the nominal lengths of bars; -1 before.
    """
    at = np.searchsorted(_ends(other), _ends(series), side="right") - 1
    return np.where(at >= 0, codes[at], -1)


def timeframe_agreement(
    timeframe: str, states: States, others: Ints, draws: Draws
) -> TimeframeAgreement:
    """The agreement less that of unrelated states with the same frequencies.

    Args:
        timeframe: the other.
        states: of the series.
        others: of the other timeframe, as of `known_by`.
        draws: of the series.
    """
    options, codes = draws.options, states.codes
    both = states.has_state & (others >= 0)
    point = agreement(np.where(both, codes, -1), others)
    effect = low = high = float("nan")
    placebos = np.zeros(0)
    if point.share is not None and point.by_chance is not None:
        here, there = (_marks(each, both, len(states.names)) for each in (codes, others))
        low, high = draws.interval(_excess(draws.sums(np.hstack([here, there, here * there]))))
        effect = point.share - point.by_chance
        placebos = _placebos(here[both], there[both], draws) - point.by_chance
    placebo = placebo_of(effect, placebos)
    claim = Claim(
        f"{states.key}_agrees_{timeframe}",
        f"{states.plural} of {draws.names[1]} and {timeframe} agree {{direction}} than by chance",
        Unit.POINTS,
        ("more often", "less often"),
    )
    claimed = not_computed(claim, independent_windows(both, options.horizon), options)
    conclusion = with_test(claimed, effect, (low, high), placebo)
    return TimeframeAgreement(timeframe, states, point, conclusion)


def _ends(series: StudySeries) -> Times:
    return series.ts + np.timedelta64(DURATION[series.timeframe])


def _marks(codes: Ints, both: Bools, size: int) -> Floats:
    return np.asarray((codes[:, None] == np.arange(size)) & both[:, None], np.float64)


def _excess(sums: Floats) -> Floats:
    here, there, same = np.split(sums, 3, axis=1)
    bars = here.sum(axis=1)
    shares = (each / np.where(bars > 0, bars, np.nan)[:, None] for each in (here, there))
    first, second = shares
    return np.asarray(same.sum(axis=1) / np.where(bars > 0, bars, np.nan) - (first * second).sum(1))


def _placebos(here: Floats, there: Floats, draws: Draws) -> Floats:
    """The share of equal states with those of the other timeframe in shuffled blocks."""
    bars, block = len(here), draws.block_of(len(here))
    blocks = -(-bars // block)
    orders = block_orders(blocks, draws.options, *draws.names)
    padded = np.zeros((2, blocks * block, here.shape[1]))
    padded[:, :bars] = here, there
    first, second = padded.reshape(2, blocks, -1)
    return np.asarray((second @ first.T)[orders, np.arange(blocks)].sum(axis=1) / bars)
