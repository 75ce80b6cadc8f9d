"""Bootstrap draws keep neighbours together, and every bar is as likely as any other."""

import numpy as np
import pytest

from regime_platform.studies.inference.blocks import block_length
from regime_platform.studies.inference.bootstrap import (
    block_draws,
    bootstrap_indices,
    interval,
)
from regime_platform.studies.options import StudyOptions


def test_draws_are_blocks_of_the_mean_length() -> None:
    drawn = bootstrap_indices(200, 10, 300, np.random.default_rng(1))

    assert drawn.shape == (300, 200)
    follows = (drawn[:, 1:] == (drawn[:, :-1] + 1) % 200).mean()
    assert follows == pytest.approx(1 - 1 / 10, abs=0.01)
    assert np.bincount(drawn.ravel(), minlength=200) == pytest.approx(np.full(200, 300), abs=90)


def test_all_comparisons_of_a_symbol_share_their_draws() -> None:
    options = StudyOptions(draws=29)
    draws = block_draws(50, options, "A")

    assert draws.shape == (29, 50)
    assert block_draws(50, options, "A") is draws
    assert (block_draws(50, options, "B") != draws).any()


def test_an_interval_has_the_share_of_draws_and_none_where_many_are_empty() -> None:
    draws = np.arange(1001.0)

    assert interval(draws, 0.9) == pytest.approx((50, 950))
    draws[:200] = np.nan
    assert np.isnan(interval(draws, 0.9)).all()


def test_blocks_are_longer_than_windows_overlap_and_leave_enough_blocks() -> None:
    noise = np.random.default_rng(1).standard_normal(6000)
    smooth = np.convolve(noise, np.ones(300), "same")

    assert block_length(noise, 20) == 40
    assert block_length(smooth, 20) > 150
    assert block_length(smooth, 20) <= 500  # a twelfth
    assert block_length(noise[:360], 20) == 30
    assert block_length(np.ones(6000), 20) == 40
