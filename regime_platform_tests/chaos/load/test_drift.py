"""A rise is distinguished from scatter and from what is allowed."""

import random

import pytest

from regime_platform_tests.chaos.load.drift import fitted, lines


def test_a_line_is_fitted_exactly() -> None:
    line = fitted([3.0 + 0.5 * cycle for cycle in range(9)])

    assert (line.level, line.rise) == pytest.approx((5.0, 500.0))
    assert line.error == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(("rise", "drifts"), [(0.0, False), (0.02, False), (0.2, True)])
def test_a_figure_drifts_where_it_rises_by_more_than_is_allowed(rise: float, drifts: bool) -> None:
    chance = random.Random(1)
    values = [200.0 + rise * cycle + chance.gauss(0, 2) for cycle in range(120)]

    assert fitted(values).drifts(0.25) is drifts


def test_scatter_and_a_fall_are_no_drift() -> None:
    chance = random.Random(2)

    assert not any(fitted([chance.gauss(5, 3) for _ in range(20)]).drifts(0.0) for _ in range(200))
    assert not fitted([100.0 - cycle for cycle in range(50)]).drifts(0.0)


def test_a_handle_kept_by_each_cycle_drifts() -> None:
    assert fitted([30.0 + cycle for cycle in range(12)]).drifts(0.05)


def test_the_warm_up_and_cycles_without_a_figure_are_left_out() -> None:
    samples = [{"files": 10.0 * cycle} for cycle in range(5)] + [{"files": 50.0}] * 6
    samples[7] = {}

    assert lines(samples, 5) == {"files": fitted([50.0] * 5)}
