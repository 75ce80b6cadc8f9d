"""Intervals by the stationary block bootstrap: what else the same history might have shown.

Bars are drawn in blocks with everything that belongs to them, so pairs of signal and outcome stay
together. Source: Politis and Romano (1994); the draws are those of arch.
"""

from functools import lru_cache

import numpy as np
from arch.bootstrap import StationaryBootstrap

from regime_platform.studies.options import StudyOptions
from regime_platform.studies.series import Floats, Ints


def bootstrap_indices(count: int, block: int, draws: int, rng: np.random.Generator) -> Ints:
    """Positions of the bars drawn, of shape (draws, count); ``block`` is the mean length."""
    # in one go over so many copies of the bars, since a call for each draw costs more than the draw
    bootstrap = StationaryBootstrap(block, np.arange(count * draws), seed=rng)
    drawn: Ints = bootstrap.update_indices() % count
    return drawn.reshape(draws, count)


def block_draws(blocks: int, options: StudyOptions, *names: str) -> Ints:
    """Positions of the blocks drawn, of shape (draws, blocks), in runs of two on average.

    For quantities that are sums over blocks, see `studies.inference.block_pairs`; the same
    arguments give the same draws.
    """
    return _block_draws(blocks, options.draws, options.seed, names)


@lru_cache(maxsize=8)
def _block_draws(blocks: int, draws: int, seed: int, names: tuple[str, ...]) -> Ints:
    rng = StudyOptions(seed=seed).generator("blocks", *names)
    return bootstrap_indices(blocks, 2, draws, rng)


def interval(draws: Floats, confidence: float) -> tuple[float, float]:
    """The percentile interval of bootstrap draws; NaN where more than a tenth have no value."""
    usable = draws[np.isfinite(draws)]
    if len(usable) < 0.9 * len(draws):
        return float("nan"), float("nan")
    low, high = np.quantile(usable, ((1 - confidence) / 2, (1 + confidence) / 2))
    return float(low), float(high)
