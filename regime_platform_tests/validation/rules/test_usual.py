"""The usual size leaves out what is 0 or unknown, and outliers count little."""

import numpy as np

from regime_platform.validation.rules.usual import LEAST, WINDOW, usual


def test_zeros_and_unknown_sizes_have_and_make_no_usual_size() -> None:
    sizes = np.array([0.0, np.nan, -1.0, np.inf] * 100 + [2.0] * 30)

    sized = usual(sizes)

    assert np.isnan(sized[:400]).all()
    assert (sized[400:] == 2.0).all()


def test_it_is_the_mean_of_the_window_before() -> None:
    sizes = np.arange(1.0, 301.0)

    assert usual(sizes)[200] == sizes[200 - WINDOW : 200].mean()


def test_the_first_are_compared_with_those_after_them() -> None:
    sizes = np.array([50.0] * 5 + [1.0] * 95)

    assert (usual(sizes)[:LEAST] == 1.0).all()


def test_few_sizes_are_compared_with_all_of_them_and_fewer_with_none() -> None:
    assert (usual(np.array([*[1.0] * 11, 50.0])) == 16 / 12).sum() == LEAST
    assert np.isnan(usual(np.ones(LEAST))).all()
