"""Mid-rank percentiles against counting through lists, and the laws they keep."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regime_platform.compute.kernels import Floats
from regime_platform.compute.params import DEFAULT_PARAMS
from regime_platform.compute.percentiles import LateRanks, ranks_of
from regime_platform_tests.examples import examples
from regime_platform_tests.reference import percentile_reference as reference

AWKWARD = st.sampled_from([0.0, -0.0, 0.1, 0.1 + 2**-56, 1.0, -1.0, math.inf, -math.inf, math.nan])
NUMBERS = st.one_of(AWKWARD, st.floats(allow_nan=True, width=16))
SERIES = st.lists(NUMBERS, min_size=1, max_size=400)


@settings(deadline=None)
@given(values=SERIES, min_members=st.integers(0, 120))
def test_expanding_percentiles_equal_counting(values: list[float], min_members: int) -> None:
    result = expanding_percentile(np.array(values), min_members)

    np.testing.assert_array_equal(result, reference.expanding(values, min_members))


@settings(deadline=None)
@given(values=SERIES, window=st.integers(1, 500))
def test_rolling_percentiles_equal_counting(values: list[float], window: int) -> None:
    result = _rolling(np.array(values), window)

    np.testing.assert_array_equal(result, reference.rolling(values, window))


@settings(deadline=None)
@given(values=SERIES, windows=st.lists(st.integers(1, 420), max_size=5))
def test_windows_ranked_together_are_ranked_as_each_alone(
    values: list[float], windows: list[int]
) -> None:
    together = ranks_of(np.array(values)).rolling(windows)

    assert len(together) == len(windows)
    for result, window in zip(together, windows, strict=True):
        np.testing.assert_array_equal(result, reference.rolling(values, window))


@settings(deadline=None)
@given(values=SERIES, data=st.data(), min_members=st.integers(0, 70))
def test_a_stretch_is_ranked_as_if_it_stood_alone(
    values: list[float], data: st.DataObject, min_members: int
) -> None:
    start = data.draw(st.integers(0, len(values)))
    stop = data.draw(st.integers(start, len(values)))

    result = ranks_of(np.array(values)).expanding(min_members, 100, start, stop)

    np.testing.assert_array_equal(result, reference.expanding(values[start:stop], min_members))


@settings(deadline=None)
@given(values=SERIES, later=SERIES, min_members=st.integers(0, 70), window=st.integers(1, 90))
def test_later_values_change_no_percentile(
    values: list[float], later: list[float], min_members: int, window: int
) -> None:
    longer, count = np.array(values + later), len(values)

    expanding = expanding_percentile(longer, min_members, short_list=0)
    rolling = _rolling(longer, window)

    prefix = np.array(values)
    np.testing.assert_array_equal(
        expanding[:count], expanding_percentile(prefix, min_members, short_list=0)
    )
    np.testing.assert_array_equal(rolling[:count], _rolling(prefix, window))


def test_a_missing_value_is_left_out_of_a_long_list_and_ranked_lowest_in_a_short_one() -> None:
    missing = np.full(100, np.nan)

    assert np.isnan(expanding_percentile(missing, 63)).all()
    assert np.isnan(expanding_percentile(missing[:99], 63, short_list=0)).all()
    assert expanding_percentile(missing[:99], 63)[62:64] == pytest.approx(
        [math.nan, 0.5 / 64], abs=0, nan_ok=True
    )


def test_missing_values_count_in_the_divisor_only() -> None:
    values = np.array([math.nan, math.nan, 5.0, 7.0])

    assert expanding_percentile(values, 2, short_list=0)[2:].tolist() == [1 / 3, 2 / 4]
    assert _rolling(values, 4)[3] == 2 / 4


def test_an_exact_threshold_is_hit_exactly() -> None:
    ninth_of_ten = np.array([0, 1, 2, 3, 4, 5, 6, 7, 9, 8.0])

    assert expanding_percentile(ninth_of_ten, 9)[9] == 0.90
    assert _rolling(ninth_of_ten, 10)[9] == 0.90


def test_the_input_is_left_as_it_was_and_may_be_read_only() -> None:
    values = np.array([3.0, math.nan, 1.0])
    values.flags.writeable = False

    _rolling(values, 2)

    np.testing.assert_array_equal(values, [3.0, math.nan, 1.0])


def test_no_values_have_no_percentiles() -> None:
    assert len(expanding_percentile(np.array([]), 5)) == 0
    assert len(_rolling(np.array([]), 5)) == 0


def _rolling(values: Floats, window: int) -> Floats:
    return ranks_of(values).rolling([window])[0]


def expanding_percentile(
    values: Floats, min_members: int, short_list: int = DEFAULT_PARAMS.short_list
) -> Floats:
    return ranks_of(values).expanding(min_members, short_list)


VALUES = st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0, np.nan]) | st.floats(0, 1), max_size=300)


@examples(200, are_fixed=True)
@given(values=VALUES, data=st.data(), members=st.integers(0, 120), short=st.sampled_from([0, 100]))
def test_late_percentiles_are_those_of_the_whole_list(
    values: list[float], data: st.DataObject, members: int, short: int
) -> None:
    every = np.array(values, np.float64)
    cut = data.draw(st.integers(0, len(values)))
    window = data.draw(st.sampled_from([1, 5, 52, 252]))

    late = LateRanks(every[:cut].copy(), every[cut:].copy())

    np.testing.assert_array_equal(
        late.expanding(members, short), expanding_percentile(every, members, short)[cut:]
    )
    np.testing.assert_array_equal(
        late.rolling([window])[0], ranks_of(every).rolling([window])[0][cut:]
    )
