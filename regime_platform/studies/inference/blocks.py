"""How long the blocks of a bootstrap and of a placebo are."""

import math
from functools import lru_cache

import numpy as np
from arch.bootstrap import optimal_block_length

from regime_platform.studies.series import Floats

#: Fewer blocks than this would leave too little to draw from; with twenty, those of 500 to 800 bars
#: are too short, and 8 to 9 of 100 tests of nothing are significant at 5 %.
FEWEST_BLOCKS = 12


def block_length(values: Floats, horizon: int) -> int:
    """Bars of a block: the optimal length for the values, at least twice the horizon.

    Windows of neighbouring bars overlap by the horizon, so shorter blocks would cut dependence
    that is certain. Rounded up to a power of two times the horizon, so that few lengths occur;
    at most a twelfth of the values.

    Source of the optimal length: Politis and White (2004), corrected by Patton et al. (2009).
    """
    return _block_length(np.ascontiguousarray(values, np.float64).tobytes(), horizon)


@lru_cache(maxsize=32)  # many comparisons of a symbol have the same outcomes
def _block_length(content: bytes, horizon: int) -> int:
    values = np.frombuffer(content)
    longest = max(len(values) // FEWEST_BLOCKS, 1)
    shortest = 2 * horizon
    if longest <= shortest or np.ptp(values) == 0:
        return min(longest, shortest)
    optimal = float(optimal_block_length(values)["stationary"].iloc[0])
    steps = math.ceil(math.log2(max(optimal / horizon, 2)))
    return int(min(longest, horizon * 2**steps))
