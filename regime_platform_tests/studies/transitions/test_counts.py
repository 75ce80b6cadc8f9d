"""Transitions and runs, counted by hand."""

import numpy as np
import pytest

from regime_platform.studies.transitions.counts import (
    Runs,
    counts_by_period,
    difference_of_rows,
    row_shares,
    transition_counts,
)

CODES = np.array([0, 0, 1, 1, 1, -1, 2, 0, 0, 0, 1, 0])


def test_transitions_are_counted_between_neighbours_that_both_have_a_state() -> None:
    counts = transition_counts(CODES, 3)

    assert counts.tolist() == [[3, 2, 0], [1, 2, 0], [1, 0, 0]]
    assert row_shares(counts)[0].tolist() == [0.6, 0.4, 0]
    assert np.isnan(row_shares(np.zeros((2, 2), np.int64))).all()


def test_runs_are_complete_where_a_state_precedes_and_follows() -> None:
    runs = Runs.of(CODES)

    assert runs.codes.tolist() == [0, 1, -1, 2, 0, 1, 0]
    assert runs.lengths.tolist() == [2, 3, 1, 1, 3, 1, 1]
    assert runs.starts.tolist() == [0, 2, 5, 6, 7, 10, 11]
    assert runs.complete().lengths.tolist() == [3, 1]
    assert runs.complete().lengths_of(0).tolist() == [3]


def test_the_difference_of_rows_is_the_share_of_bars_that_stand_apart() -> None:
    codes, periods = np.array([0, 0, 0, 0, 0, 0, 1, 1]), np.repeat([0, 1], 4)

    table = counts_by_period(codes, periods, 2)

    assert table.tolist() == [[4, 0], [2, 2]]
    # of all bars 6 in 8 have state 0: each half is off by one bar in four
    assert difference_of_rows(table) == pytest.approx(0.25)
    assert difference_of_rows(np.stack([table, np.ones((2, 2), int)])) == pytest.approx([0.25, 0])
