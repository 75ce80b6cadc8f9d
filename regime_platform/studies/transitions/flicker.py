"""Whether runs are as short as chance has them be: the share of those of one or two bars."""

import numpy as np

from regime_platform.studies.inference.comparison import Claim, not_computed
from regime_platform.studies.inference.placebo import placebo_of, with_test
from regime_platform.studies.inference.windows import independent_windows
from regime_platform.studies.result import Conclusion, Unit
from regime_platform.studies.series import Floats
from regime_platform.studies.transitions.counts import Runs
from regime_platform.studies.transitions.draws import Draws
from regime_platform.studies.transitions.durations import FLICKER
from regime_platform.studies.transitions.states import States

#: The most placebos: each is a whole history.
MOST_PLACEBOS = 199


def flicker(states: States, draws: Draws) -> Conclusion:
    """The share of short runs less that of states without memory that last as long on average.

    Placebos are runs of such states, as many of each.
    """
    options, runs = draws.options, Runs.of(states.codes).complete()
    codes, is_start = np.unique(runs.codes), np.zeros(len(states.codes), bool)
    is_start[runs.starts] = True
    effect = low = high = float("nan")
    placebos = np.zeros(0)
    if len(codes):
        marks = np.zeros((len(states.codes), 1 + 2 * len(codes)))
        marks[runs.starts] = np.hstack(
            [
                (runs.lengths <= FLICKER)[:, None],
                runs.codes[:, None] == codes,
                (runs.codes[:, None] == codes) * runs.lengths[:, None],
            ]
        )
        effect = float(_excess(marks.sum(axis=0)[None])[0])
        low, high = draws.interval(_excess(draws.sums(marks)))
        placebos = _excess(_simulated(runs, codes.tolist(), draws))
    placebo = placebo_of(effect, placebos)
    claim = Claim(
        f"{states.key}_flicker",
        f"runs of {states.plural} of at most {FLICKER} bars are {{direction}} than without memory",
        Unit.POINTS,
        ("more frequent", "less frequent"),
    )
    claimed = not_computed(claim, independent_windows(is_start, options.horizon), options)
    return with_test(claimed, effect, (low, high), placebo)


def _simulated(runs: Runs, codes: list[int], draws: Draws) -> Floats:
    """Columns as of the runs, of as many runs of states without memory."""
    rng = draws.options.generator("without memory", *draws.names)
    count = min(draws.options.draws, MOST_PLACEBOS)
    short, sizes, sums = np.zeros((count, 1)), [], []
    for code in codes:
        lengths = runs.lengths_of(code)
        drawn = rng.geometric(1 / lengths.mean(), (count, len(lengths)))
        short[:, 0] += (drawn <= FLICKER).sum(axis=1)
        sizes.append(np.full(count, len(lengths)))
        sums.append(drawn.sum(axis=1))
    return np.hstack([short, np.stack(sizes, 1), np.stack(sums, 1)]).astype(np.float64)


def _excess(sums: Floats) -> Floats:
    """Short runs, runs and bars of each state -> share of short runs less that by the law."""
    short, runs, bars = np.split(sums, [1, 1 + (sums.shape[1] - 1) // 2], axis=1)
    stays = 1 - runs / np.maximum(bars, 1)
    by_law = (runs * (1 - stays**FLICKER)).sum(axis=1)
    total = runs.sum(axis=1)
    return np.asarray((short[:, 0] - by_law) / np.where(total > 0, total, np.nan))
