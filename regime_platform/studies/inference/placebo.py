"""Placebos: the same signal in another order, so that it cannot know what it stands beside.

The signal is cut into blocks, which are shuffled against the outcome. A placebo keeps how often the
signal is on, how long it stays on, and everything about the outcome; only their relation is gone.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from regime_platform.studies.options import StudyOptions
from regime_platform.studies.result import Conclusion
from regime_platform.studies.series import Floats, Ints


@dataclass(frozen=True)
class Placebo:
    """What placebos gave beside what was observed."""

    mean: float
    share: float  # of the placebos at least as far from no effect as the observation
    p_value: float  # (1 + k) / (1 + n)


def block_orders(blocks: int, options: StudyOptions, *names: str) -> Ints:
    """Orders of the blocks, of shape (draws, blocks); the same arguments give the same orders."""
    return _orders(blocks, options.draws, options.seed, names)


@lru_cache(maxsize=8)
def _orders(blocks: int, draws: int, seed: int, names: tuple[str, ...]) -> Ints:
    rng = StudyOptions(seed=seed).generator("placebo", *names)
    return rng.permuted(np.tile(np.arange(blocks), (draws, 1)), axis=1)


def placebo_indices(count: int, block: int, options: StudyOptions, *names: str) -> Ints:
    """Positions (draws, count): ``signal[row]`` is a placebo of any signal of ``count`` bars."""
    orders = block_orders(-(-count // block), options, *names)
    positions = (orders[:, :, None] * block + np.arange(block)).reshape(len(orders), -1)
    return positions[positions < count].reshape(len(orders), count)


def placebo_of(observed: float, placebos: Floats, no_effect: float = 0.0) -> Placebo:
    """The two-sided test of a statistic; placebos without a value count as at least as far."""
    if np.isnan(observed):
        return Placebo(float("nan"), float("nan"), float("nan"))
    far = ~(np.abs(placebos - no_effect) < abs(observed - no_effect))
    usable = placebos[np.isfinite(placebos)]
    mean = float(usable.mean()) if len(usable) else float("nan")
    return Placebo(mean, float(far.mean()), float((1 + far.sum()) / (1 + len(far))))


def with_test(
    claimed: Conclusion, effect: float, interval: tuple[float, float], placebo: Placebo
) -> Conclusion:
    """``claimed`` with its numbers."""
    low, high = interval
    return replace(
        claimed,
        effect=effect,
        low=low,
        high=high,
        p_value=placebo.p_value,
        placebo_mean=placebo.mean,
        placebo_share=placebo.share,
    )
