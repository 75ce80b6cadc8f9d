"""Paths lead where their points are, and labels cover none of each other."""

import itertools
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regime_platform.report.picture.shapes import apart, band, line, strokes

_MOVES = re.compile(r"m([-\d.]+),([-\d.]+)([vh])([-\d.]+)")


def test_relative_moves_do_not_add_up_to_an_error() -> None:
    drawn = np.random.default_rng(0)
    x = np.cumsum(drawn.uniform(0.3, 2, 900))
    top = drawn.uniform(10, 300, 900)
    path = strokes(x, top, top + 5, 1)

    across, down = 0.0, 0.0
    for dx, dy, _, height in _MOVES.findall(path):
        across, down = across + float(dx), down + float(dy) + float(height)

    assert (across, down) == pytest.approx((x[-1], top[-1] + 5), abs=0.06)


def test_a_band_is_where_its_stretches_are() -> None:
    path = band(np.array([10.0, 30.0]), np.array([20.0, 31.0]), 50, 0)

    assert path == "M0,50m10,0h10m10,0h1"


def test_a_missing_value_interrupts_a_line() -> None:
    path = line(np.arange(5.0), np.array([np.nan, 1, 2, np.nan, 3]), 0)

    assert path == "M1,1L2,2M4,3"


@given(st.lists(st.floats(0, 300), max_size=12).map(sorted))
def test_labels_are_apart_and_in_order(places: list[float]) -> None:
    moved = apart(places, 10)

    assert len(moved) == len(places)
    assert all(after - before > 10 - 1e-6 for before, after in itertools.pairwise(moved))
    if all(after - before >= 10 for before, after in itertools.pairwise(places)):
        assert moved == pytest.approx(places)
