"""The sum of a cluster, bit for bit."""

import numpy as np
import pytest

from regime_platform.compute.levels.clusters import pairwise_sum


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 127, 128, 129, 300, 1000])
def test_the_pairwise_sum_is_the_one_numpy_uses(count: int) -> None:
    values = np.random.default_rng(count).random(count)

    assert pairwise_sum(values, 0, count) == values.sum()
