"""A counted rank equals the reference percentile."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from regime_platform.query.ranking import rank_of_last
from regime_platform_tests.reference import percentile_reference as reference


@given(
    values=st.lists(st.one_of(st.just(math.nan), st.integers(0, 5).map(float)), max_size=40),
    members=st.integers(1, 12),
)
def test_counted_rank_is_the_percentile(values: list[float], members: int) -> None:
    expected = reference.expanding(values, members, short_list=0)
    for place in range(len(values)):
        rank = rank_of_last(np.array(values[: place + 1]), members)

        assert rank is None or rank.percentile == expected[place]
        assert (rank is None) == math.isnan(expected[place])
