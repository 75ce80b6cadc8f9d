"""No forward window of a fold reaches into another."""

import datetime as dt

import numpy as np
import pytest

from regime_platform.studies.inference.folds import (
    Fold,
    folds_by_era,
    folds_by_split,
    folds_by_year,
)
from regime_platform_tests.studies.small_series import random_closes, small_series

HORIZON, BARS = 20, 800
ERA = np.repeat([-1, 0, 1], [50, 350, 400])
SERIES = small_series(random_closes(1, BARS), first="2000-01-03", era=ERA)
SPLIT = dt.datetime(2002, 2, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "folds",
    [
        folds_by_year(SERIES, HORIZON),
        folds_by_era(SERIES, HORIZON),
        folds_by_split(SERIES, SPLIT, HORIZON),
    ],
    ids=["year", "era", "split"],
)
def test_no_bar_is_in_two_folds_even_by_its_window(folds: tuple[Fold, ...]) -> None:
    touched = np.zeros(BARS, int)
    for fold in folds:
        reached = np.zeros(BARS, bool)
        for at in np.flatnonzero(fold.mask):
            reached[at : at + HORIZON + 1] = True
        touched += reached

    assert touched.max() == 1
    assert sum(int(fold.mask.sum()) for fold in folds) >= touched.sum() - len(folds) * HORIZON


def test_folds_are_the_years_the_eras_and_the_sides_of_the_split() -> None:
    years = folds_by_year(SERIES, HORIZON)
    eras = folds_by_era(SERIES, HORIZON)
    before, after = folds_by_split(SERIES, SPLIT, HORIZON)

    assert [fold.name for fold in years] == ["2000", "2001", "2002", "2003"]
    assert [fold.name for fold in eras] == ["era 1", "era 2"]
    assert np.flatnonzero(eras[0].mask)[[0, -1]].tolist() == [50, 400 - HORIZON - 1]
    assert (before.name, after.name) == ("in sample", "out of sample")
    at = int(np.searchsorted(SERIES.ts, np.datetime64("2002-02-01")))
    assert np.flatnonzero(before.mask)[-1] == at - HORIZON - 1
    assert np.flatnonzero(after.mask)[[0, -1]].tolist() == [at, BARS - HORIZON - 1]
