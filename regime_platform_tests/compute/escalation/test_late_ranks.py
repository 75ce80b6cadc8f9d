"""Percentiles of appended values are those of the whole list."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from regime_platform.compute.escalation.late_ranks import late_expanding, late_rolling
from regime_platform.compute.escalation.percentiles import expanding_percentile, rolling_percentile
from regime_platform_tests.compute.test_against_reference import examples

VALUES = st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0, np.nan]) | st.floats(0, 1), max_size=300)


@examples(200)
@given(values=VALUES, data=st.data(), members=st.integers(0, 120), short=st.sampled_from([0, 100]))
def test_late_percentiles_are_those_of_the_whole_list(
    values: list[float], data: st.DataObject, members: int, short: int
) -> None:
    every = np.array(values, np.float64)
    cut = data.draw(st.integers(0, len(values)))
    window = data.draw(st.sampled_from([1, 5, 52, 252]))

    expanding = late_expanding(every[:cut].copy(), every[cut:].copy(), members, short)
    rolling = late_rolling(every[:cut].copy(), every[cut:].copy(), window)

    np.testing.assert_array_equal(expanding, expanding_percentile(every, members, short)[cut:])
    np.testing.assert_array_equal(rolling, rolling_percentile(every, window)[cut:])
