"""Whether a rule was right about when: against its mean exposure, and against other times.

The same exposures are laid on other stretches of the history, cut into blocks and shuffled. Such
a placebo trades as often and is as long out of the market, and knows nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from regime_platform.studies.allocation.equity import drawdowns, net_returns
from regime_platform.studies.allocation.measures import max_drawdown, sharpe, ulcer_index
from regime_platform.studies.allocation.paths import Pair, Steps
from regime_platform.studies.inference.blocks import block_length
from regime_platform.studies.inference.bootstrap import block_draws, interval
from regime_platform.studies.inference.comparison import Claim, not_computed
from regime_platform.studies.inference.placebo import (
    Placebo,
    placebo_indices,
    placebo_of,
    with_test,
)
from regime_platform.studies.inference.windows import independent_windows
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.result import Conclusion, Unit
from regime_platform.studies.series import Floats, Ints

#: The most paths of a bootstrap; they are whole paths, and an interval needs fewer than a p-value.
MOST_PATHS = 199
#: Paths that are computed at once, so that they fit a processor's cache.
_AT_ONCE = 16


@dataclass(frozen=True)
class Aim:
    """What a rule may improve, as a claim about it; see `Conclusion`."""

    key: str
    words: str
    unit: Unit
    directions: tuple[str, str]
    better: int  # sign of a difference that is an improvement


AIMS = (
    Aim("sharpe", "has a {direction} Sharpe ratio", Unit.RATIO, ("higher", "lower"), 1),
    Aim("drawdown", "has a {direction} maximum drawdown", Unit.POINTS, ("shallower", "deeper"), 1),
    Aim("ulcer", "has a {direction} ulcer index", Unit.POINTS, ("higher", "lower"), -1),
)


@dataclass(frozen=True)
class Trial:
    """A rule and its constant exposure, as returns, and how its placebos are made."""

    key: str
    title: str
    ruled: Floats
    constant: Floats
    steps_per_year: float
    windows: int  # independent stretches of less than the most exposure
    #: Returns of placebos, as rows, of so many rows of ``Draws.placebo``.
    placebos: Callable[[Ints], Floats]


@dataclass(frozen=True)
class Draws:
    """The draws that all rules of a path share."""

    bootstrap: Ints  # positions of steps, a row per draw
    placebo: Ints  # a row per placebo, as `Trial.placebos` takes them


def path_block(returns: Floats, options: StudyOptions) -> int:
    """Steps of a block: as long as calm and stormy stretches are, by the size of the returns."""
    return block_length(np.abs(returns), options.horizon)


def path_bootstrap(returns: Floats, options: StudyOptions, *names: str) -> Ints:
    """Positions of the steps in each draw: blocks in runs of two on average."""
    count, block = len(returns), path_block(returns, options)
    few = replace(options, draws=min(options.draws, MOST_PATHS))
    drawn = block_draws(-(-count // block), few, *names, "paths")
    positions = (drawn[:, :, None] * block + np.arange(block)).reshape(len(drawn), -1)
    return positions[:, :count] % count  # the last block goes on from the first step


def step_draws(steps: Steps, options: StudyOptions, *names: str) -> Draws:
    """The draws of one symbol; a placebo is an order of the steps' exposures."""
    block = path_block(steps.returns, options)
    return Draws(
        path_bootstrap(steps.returns, options, *names),
        placebo_indices(len(steps), block, options, *names),
    )


def trial(steps: Steps, pair: Pair, options: StudyOptions) -> Trial:
    """The trial of one symbol: exposures keep their costs wherever they are laid."""
    path = pair.path
    return Trial(
        pair.rule.key,
        f"exposure {pair.rule.title}",
        path.returns,
        pair.constant.returns,
        steps.clock.steps_per_year,
        reduced_windows(path.exposure, options),
        lambda at: net_returns(path.exposure[at], steps.returns, path.cost[at]),
    )


def reduced_windows(exposure: Floats, options: StudyOptions) -> int:
    """Independent windows of steps with less than the most exposure."""
    return independent_windows(exposure < exposure.max(), options.horizon)


def timing(
    tried: Trial, draws: Draws, options: StudyOptions, part: str = ""
) -> tuple[Conclusion, ...]:
    """A conclusion per aim: the rule less its constant exposure, after costs."""
    year, ruled, constant = tried.steps_per_year, tried.ruled, tried.constant
    observed, benchmark = (_figures(each[None], year)[:, 0] for each in (ruled, constant))
    drawn = _in_parts(
        draws.bootstrap, lambda at: _figures(ruled[at], year) - _figures(constant[at], year)
    )
    laid = _in_parts(draws.placebo, lambda at: _figures(tried.placebos(at), year))
    is_timed = np.ptp(ruled - constant) > 0  # else the rule never changed its exposure
    effects = observed - benchmark if is_timed else np.full(len(AIMS), np.nan)
    return tuple(
        _conclusion(aim, tried, options, part, *figures)
        for aim, *figures in zip(AIMS, effects, drawn, laid - benchmark[:, None], strict=True)
    )


def standing_out(effect: float, placebos: Floats) -> Placebo:
    """The test of an effect against a constant exposure, given those of placebos.

    Being in and out at random is itself worse than a constant exposure, so the mean of the placebos
    is not zero. An effect has to stand out from both: what is compared with the spread of the
    placebos is its distance from zero or from their mean, whichever is nearer.
    """
    centre = float(placebos.mean())
    beyond = max(effect - max(centre, 0.0), min(centre, 0.0) - effect, 0.0)
    return placebo_of(centre + beyond, placebos, centre)


def _conclusion(  # noqa: PLR0913, PLR0917 - the parts of a conclusion
    aim: Aim,
    tried: Trial,
    options: StudyOptions,
    part: str,
    effect: float,
    drawn: Floats,
    placebos: Floats,
) -> Conclusion:
    where = f", {part}" if part else ""
    claim = Claim(
        "_".join(filter(None, (tried.key, aim.key, part.replace(" ", "_")))),
        f"{tried.title} {aim.words} than a constant exposure of the same mean{where}",
        aim.unit,
        aim.directions,
    )
    claimed = not_computed(claim, tried.windows, options)
    spread, placebo = interval(drawn, options.confidence), standing_out(effect, placebos)
    return with_test(claimed, float(effect), spread, placebo)


def _figures(returns: Floats, steps_per_year: float) -> Floats:
    """Of each row the figure of each of ``AIMS``, as rows."""
    falls = drawdowns(returns)
    return np.stack([sharpe(returns, steps_per_year), max_drawdown(falls), ulcer_index(falls)])


def _in_parts(positions: Ints, figures: Callable[[Ints], Floats]) -> Floats:
    parts = range(0, len(positions), _AT_ONCE)
    return np.hstack([figures(positions[at : at + _AT_ONCE]) for at in parts])
