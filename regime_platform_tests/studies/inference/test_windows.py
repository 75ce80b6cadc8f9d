"""Windows are counted as independent only where none overlaps another."""

import itertools

import numpy as np
import pytest

from regime_platform.studies.inference.windows import independent_positions, independent_windows


def test_a_window_begins_where_the_one_before_ended() -> None:
    mask = np.zeros(12, bool)
    mask[[0, 1, 3, 4, 9, 11]] = True

    # windows of three bars: 1 to 3, 4 to 6, 10 to 12
    assert independent_positions(mask, 3).tolist() == [0, 3, 9]
    assert independent_positions(mask, 1).tolist() == [0, 1, 3, 4, 9, 11]
    assert independent_windows(np.zeros(12, bool), 3) == 0


@pytest.mark.parametrize("seed", range(5))
def test_no_choice_of_bars_gives_more_windows(seed: int) -> None:
    mask = np.random.default_rng(seed).random(11) < 0.5
    bars, horizon = np.flatnonzero(mask), 3

    most = max(
        len(chosen)
        for size in range(len(bars) + 1)
        for chosen in itertools.combinations(bars, size)
        if (np.diff(chosen) >= horizon).all()
    )

    assert independent_windows(mask, horizon) == most
