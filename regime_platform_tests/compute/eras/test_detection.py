"""Breaks in volatility, against a reference that tries every partition."""

import math
import time

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regime_platform.compute.eras import detection
from regime_platform.compute.eras.detection import benchmarks_of, detect_breaks
from regime_platform.compute.eras.eras import BENCHMARKS, ERA_CLASSES, era_class
from regime_platform.errors import UsageError
from regime_platform_tests.error_codes import raises
from regime_platform_tests.reference import era_reference

Closes = npt.NDArray[np.float64]


def closes_of(*stretches: tuple[int, float], seed: int = 1) -> Closes:
    """A random walk whose volatility changes: (bars, volatility) one after the other."""
    scale = np.concatenate([np.full(bars, volatility) for bars, volatility in stretches])
    draws = np.random.default_rng(seed).standard_normal(scale.size)
    closes: Closes = 100.0 * np.exp(np.cumsum(scale * draws))
    return closes


def test_one_break_is_found_where_the_reference_finds_it() -> None:
    closes = closes_of((700, 0.01), (600, 0.04))

    detected = detect_breaks(closes)

    assert detected.breaks == era_reference.breaks(list(closes))
    assert len(detected.breaks) == 1
    assert abs(detected.breaks[0] - 700) < 126
    assert detected.points == 1300 - 126
    assert len(detected.criterion) == 2


@pytest.mark.parametrize("cuts", [0, 1, 2, 3])
@pytest.mark.parametrize("seed", range(4))
def test_the_best_partition_is_the_one_found_by_trying_all(cuts: int, seed: int) -> None:
    points = np.random.default_rng(seed).standard_normal(26) + np.arange(26) // 9

    detected = detection._best_partitions(points, 3, 6)[cuts]

    assert detected == era_reference.best_cuts(list(points), cuts, 6)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-3, 3), min_size=8, max_size=22))
def test_ties_lead_to_a_partition_as_good_as_the_best(levels: list[int]) -> None:
    points = [float(level) for level in levels]
    most = len(points) // 4 - 1

    detected = detection._best_partitions(np.array(points), most, 4)

    for cuts, each in enumerate(detected):
        best = era_reference.rss(points, era_reference.best_cuts(points, cuts, 4))
        assert era_reference.rss(points, each) == pytest.approx(best, abs=1e-9)
        assert detection._criterion(np.array(points), each) == pytest.approx(
            era_reference.criterion(points, each)
        ) or best == pytest.approx(0.0, abs=1e-9)


def test_a_flat_tape_is_one_era_and_every_partition_of_it_is_perfect() -> None:
    detected = detect_breaks(np.full(2400, 7.0))

    assert detected.breaks == ()
    assert set(detected.criterion) == {-math.inf}


@pytest.mark.parametrize("bars", [0, 1, 126, 127, 1007, 1008, 1008 + 125])
def test_a_short_series_has_no_breaks(bars: int) -> None:
    closes = closes_of((1133, 0.01))[:bars]

    detected = detect_breaks(closes)

    assert detected.breaks == ()
    assert detected.points == max(0, bars - 126)


def test_the_shortest_series_that_can_break_breaks_in_its_middle() -> None:
    closes = closes_of((630, 0.01), (504, 0.05))

    assert detect_breaks(closes).breaks == (126 + 504,)


def test_missing_closes_count_as_the_mean_inside_and_not_at_all_outside() -> None:
    closes = closes_of((750, 0.01), (700, 0.04))
    closes[[0, 1, 2, 400, 1449]] = math.nan

    detected = detect_breaks(closes)

    assert detected.points == 1450 - 3 - 126 - 1
    assert detected.breaks == era_reference.breaks(list(closes))
    assert detect_breaks(np.full(1500, math.nan)).points == 0


def test_several_breaks_are_at_least_the_shortest_era_apart() -> None:
    closes = closes_of((900, 0.01), (800, 0.04), (900, 0.01))

    breaks = detect_breaks(closes).breaks

    edges = np.array([126, *breaks, closes.size])
    assert len(breaks) >= 2
    assert np.diff(edges).min() >= 504
    assert min(abs(each - 900) for each in breaks) < 126
    assert min(abs(each - 1700) for each in breaks) < 126


def test_thirty_years_take_seconds() -> None:
    closes = closes_of((4000, 0.01), (4000, 0.03))
    detect_breaks(closes[:1200])  # loads the kernels
    began = time.process_time()

    detect_breaks(closes)

    assert time.process_time() - began < 10


def test_every_class_has_a_benchmark_of_its_own_class() -> None:
    assert set(BENCHMARKS) == set(ERA_CLASSES)
    assert {name: era_class(symbol, None).name for name, symbol in BENCHMARKS.items()} == {
        name: name for name in ERA_CLASSES
    }


def test_classes_and_benchmarks_can_be_chosen() -> None:
    assert benchmarks_of() == BENCHMARKS
    assert benchmarks_of(["CRYPTO"]) == {"CRYPTO": "BTCUSD"}
    assert benchmarks_of(["CRYPTO"], {"FX_MAJORS": "GBPUSD"}) == {
        "FX_MAJORS": "GBPUSD",
        "CRYPTO": "BTCUSD",
    }
    assert benchmarks_of((), {"CRYPTO": "ETHUSD"})["CRYPTO"] == "ETHUSD"


def test_an_unknown_class_is_refused() -> None:
    with raises(UsageError, "unknown-era-class", match="FX_USD_PROXY.*expected one of EQUITIES_US"):
        benchmarks_of(["FX_USD_PROXY"])
