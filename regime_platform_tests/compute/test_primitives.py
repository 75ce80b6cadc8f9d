"""Primitives: their definitions written out, exact zeros, no memory of where they began."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from regime_platform.compute import primitives as prim
from regime_platform.compute.kernels import compile_kernels

Floats = NDArray[np.float64]

WINDOW = 20
#: Every windowed series as a function of one array.
WINDOWED: dict[str, Callable[[Floats], Floats]] = {
    "window_sums": lambda x: prim.window_sums(x, WINDOW),
    "rolling_mean": lambda x: prim.rolling_mean(x, WINDOW),
    "rolling_sigma": lambda x: prim.rolling_sigma(x, WINDOW),
    "rolling_max": lambda x: prim.rolling_max(x, WINDOW, False),
    "rolling_min": lambda x: prim.rolling_min(x, WINDOW, True),
    "positive_sigma": lambda x: prim.positive_sigma(x, WINDOW)[0],
    "counts_below": lambda x: prim.counts_below(x, np.zeros_like(x), WINDOW),
}
NAMES = sorted(WINDOWED)


@pytest.fixture(autouse=True, scope="module")
def _kernels() -> None:
    compile_kernels()


def _noise(count: int, seed: int = 0) -> Floats:
    return np.random.default_rng(seed).normal(0.0, 1.0, count)


@pytest.mark.parametrize(
    ("x", "clamped"), [(-1.0, 0.0), (0.25, 0.25), (2.0, 1.0), (float("nan"), 1.0)]
)
def test_a_clamped_nan_is_the_upper_bound(x: float, clamped: float) -> None:
    assert prim.clamp(x, 0.0, 1.0) == clamped


@pytest.mark.parametrize(("x", "is_bad"), [(1.0, False), (0.0, True), (float("nan"), True)])
def test_zero_and_nan_are_bad(x: float, is_bad: bool) -> None:
    assert prim.bad(x) is is_bad


@pytest.mark.parametrize("value", [0.1, 1.0 / 3.0, -7.7, 1e-9])
def test_a_window_of_identical_values_has_that_mean_and_no_deviation(value: float) -> None:
    x = np.concatenate([_noise(50), np.full(40, value), _noise(30)])

    assert (prim.rolling_mean(x, WINDOW)[69:90] == value).all()
    assert (prim.rolling_sigma(x, WINDOW)[69:90] == 0.0).all()
    assert (prim.rolling_sigma(x, WINDOW)[90:] > 0.0).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_windowed_series_does_not_remember_where_its_array_began(name: str) -> None:
    x = _noise(3000)
    x[1200:1260] = 0.0
    whole = WINDOWED[name](x)

    for start in (1, 7, 500, 1023, 1210, 2048):
        part = WINDOWED[name](x[start:].copy())
        assert part[WINDOW - 1 :].tobytes() == whole[start + WINDOW - 1 :].tobytes()


@pytest.mark.parametrize("name", NAMES)
def test_a_windowed_series_of_a_prefix_is_the_prefix_of_the_series(name: str) -> None:
    x = _noise(2500)
    whole = WINDOWED[name](x)

    for count in (0, 1, 19, 20, 21, 1043, 1044, 2499):
        assert WINDOWED[name](x[:count].copy()).tobytes() == whole[:count].tobytes()


@pytest.mark.parametrize(
    "name", sorted({*NAMES} - {"rolling_min", "positive_sigma", "counts_below"})
)
def test_a_nan_hides_every_window_that_holds_it(name: str) -> None:
    x = _noise(100)
    x[50] = np.nan

    series = WINDOWED[name](x)

    assert np.isnan(series[: WINDOW - 1]).all()
    assert np.isnan(series[50:70]).all()
    assert not np.isnan(series[WINDOW - 1 : 50]).any()
    assert not np.isnan(series[70:]).any()


_MAYBE_NAN = st.floats(-10.0, 10.0) | st.just(float("nan"))


@settings(max_examples=60, deadline=None)
@given(x=arrays(np.float64, st.integers(1, 80), elements=_MAYBE_NAN), window=st.integers(1, 12))
def test_windowed_series_follow_their_definition(x: Floats, window: int) -> None:
    means, sigmas = prim.rolling_mean(x, window), prim.rolling_sigma(x, max(window, 2))
    highest, lowest = prim.rolling_max(x, window, False), prim.rolling_min(x, window, True)

    for i in range(x.size):
        members = x[max(i - window + 1, 0) : i + 1]
        if members.size < window:
            assert np.isnan([means[i], highest[i], lowest[i]]).all()
            continue
        np.testing.assert_allclose(means[i], members.mean(), atol=1e-12)
        np.testing.assert_array_equal(highest[i], members.max())
        known = members[~np.isnan(members)]
        np.testing.assert_array_equal(lowest[i], known.min() if known.size else np.nan)
        if window >= 2:
            np.testing.assert_allclose(sigmas[i], members.std(ddof=1), atol=1e-7)


@settings(max_examples=40, deadline=None)
@given(x=arrays(np.float64, st.integers(1, 60), elements=_MAYBE_NAN))
def test_the_deviation_of_gains_follows_its_definition(x: Floats) -> None:
    sigmas, counts = prim.positive_sigma(x, 10)

    for i in range(9, x.size):
        members = x[i - 9 : i + 1]
        gains = members[members > 0]
        assert counts[i] == gains.size
        expected = gains.std(ddof=1) if gains.size > 1 else np.nan
        np.testing.assert_allclose(sigmas[i], expected, atol=1e-7)


def test_gains_of_one_size_have_no_dispersion_whatever_lies_between_them() -> None:
    gain = np.log(1.03)  # thirty of these, added up and divided by thirty, are another number
    x = np.tile([gain, -gain], 60)

    sigmas, counts = prim.positive_sigma(x, 60)

    assert (counts[59:] == 30).all()
    assert (sigmas[59:] == 0.0).all()


def test_the_moving_average_starts_at_the_first_value_uncorrected() -> None:
    series = prim.ema(np.array([10.0, 12.0, 12.0]), 3)

    assert series.tolist() == [10.0, 11.0, 11.5]


def test_the_true_range_leaves_out_what_it_does_not_know() -> None:
    high = np.array([11.0, 15.0, np.nan, np.nan, 13.0])
    low = np.array([9.0, 14.0, 12.0, np.nan, np.nan])
    close = np.array([10.0, 14.0, 13.0, 13.0, 12.0])

    ranges = prim.true_range(high, low, close)

    assert ranges[:3].tolist() == [2.0, 5.0, 2.0]
    assert np.isnan(ranges[3])
    assert ranges[4] == 0.0


def test_a_tape_that_did_not_move_has_no_efficiency() -> None:
    assert prim.efficiency_ratio(np.full(30, 5.0), 20)[20:].tolist() == [0.0] * 10
    assert prim.efficiency_ratio(np.arange(1.0, 31.0), 20)[20:].tolist() == [1.0] * 10


def test_returns_and_gaps_need_a_bar_before() -> None:
    close = np.array([10.0, 11.0])

    assert np.isnan(prim.log_returns(close)[0])
    assert prim.log_returns(close)[1] == pytest.approx(np.log(1.1))
    assert np.isnan(prim.opening_gap(close, close, close)[0])
    assert prim.opening_gap(np.array([10.0, 8.0]), close, np.array([1.0, 4.0]))[1] == -0.5
