"""Rates of detection from counts by hand, and the area under the curve as scipy has it."""

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from regime_platform.studies.events.detection import Detection, auc


def test_rates_are_those_of_the_counts() -> None:
    followed = np.array([1.0] * 8 + [0.0] * 12)
    mask = np.array([True] * 3 + [False] * 5 + [True] + [False] * 11)

    counts = Detection.of(followed, mask)

    assert (counts.precision, counts.recall, counts.f1) == (3 / 4, 3 / 8, 6 / 12)
    assert counts.base_rate == 8 / 20
    assert counts.lift == pytest.approx((3 / 4) / (8 / 20))


def test_the_interval_of_a_difference_gives_that_of_the_lift() -> None:
    followed = np.array([1.0] * 8 + [0.0] * 12)
    mask = np.array([True] * 3 + [False] * 5 + [True] + [False] * 11)
    counts = Detection.of(followed, mask)
    difference = followed[mask].mean() - followed[~mask].mean()

    assert counts.lift_at(difference) == pytest.approx(counts.lift)
    assert (counts.lift_at(0.0), counts.lift_at(-1.0)) == (1, 0)


def test_a_rate_of_nothing_is_missing() -> None:
    nothing = np.zeros(5)
    counts = Detection.of(nothing, nothing > 0)

    assert np.isnan([counts.precision, counts.recall, counts.f1, counts.lift]).all()
    assert counts.base_rate == 0


def test_the_area_is_the_statistic_of_mann_and_whitney_over_the_pairs() -> None:
    rng = np.random.default_rng(2)
    rank = rng.integers(0, 12, 200) / 12  # many ties
    followed = (rng.random(200) < 0.2 + 0.3 * rank).astype(float)
    yes, no = rank[followed == 1], rank[followed == 0]

    expected = mannwhitneyu(yes, no).statistic / (len(yes) * len(no))

    assert auc(rank, followed) == pytest.approx(expected)
    assert np.isnan(auc(rank, np.zeros(200)))
