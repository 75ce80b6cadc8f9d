"""Sums over pairs of blocks give what laying out the shuffled signal gives."""

import numpy as np
import pytest

from regime_platform.studies.inference.block_pairs import BlockPairs, GroupTest
from regime_platform.studies.inference.bootstrap import block_draws
from regime_platform.studies.inference.placebo import block_orders, placebo_indices
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.series import Bools, Floats

OPTIONS, BARS, BLOCK = StudyOptions(draws=29), 120, 10


@pytest.fixture
def outcome() -> Floats:
    return 3 + np.cumsum(np.random.default_rng(1).standard_normal(BARS))


@pytest.fixture
def mask() -> Bools:
    return np.repeat(np.random.default_rng(2).random(BARS // 5) < 0.4, 5)


def _difference(outcome: Floats, mask: Bools) -> float:
    return float(outcome[mask].mean() - outcome[~mask].mean())


def test_placebos_are_the_shuffled_signal_beside_the_outcome(outcome: Floats, mask: Bools) -> None:
    effects, _ = BlockPairs.of(outcome, mask, BLOCK).placebos(block_orders(12, OPTIONS, "A"))

    laid = [mask[row] for row in placebo_indices(BARS, BLOCK, OPTIONS, "A")]

    assert effects == pytest.approx([_difference(outcome, signal) for signal in laid])
    assert {int(signal.sum()) for signal in laid} == {int(mask.sum())}
    assert len({signal.tobytes() for signal in laid}) > 25


def test_draws_take_blocks_of_signal_and_outcome_together(outcome: Floats, mask: Bools) -> None:
    drawn = block_draws(12, OPTIONS, "A")

    draws = BlockPairs.of(outcome, mask, BLOCK).draws(drawn)

    bars = [(blocks[:, None] * BLOCK + np.arange(BLOCK)).ravel() for blocks in drawn]
    assert draws == pytest.approx([_difference(outcome[at], mask[at]) for at in bars])


def test_the_statistic_is_the_difference_over_the_error_of_its_blocks(
    outcome: Floats, mask: Bools
) -> None:
    effect, statistic = BlockPairs.of(outcome, mask, BLOCK).observed()

    inside, outside = outcome[mask].mean(), outcome[~mask].mean()
    influence = np.where(
        mask, (outcome - inside) / mask.sum(), -(outcome - outside) / (~mask).sum()
    )
    error = np.sqrt((influence.reshape(-1, BLOCK).sum(axis=1) ** 2).sum())
    assert effect == pytest.approx(inside - outside)
    assert statistic == pytest.approx((inside - outside) / error)


def test_bars_beyond_the_last_whole_block_count(outcome: Floats, mask: Bools) -> None:
    values, signal = outcome[:113], mask[:113]
    pairs = BlockPairs.of(values, signal, BLOCK)

    assert pairs.observed()[0] == pytest.approx(_difference(values, signal))
    assert pairs.sizes.tolist() == [10] * 11 + [3]


def test_a_p_value_counts_the_observation_among_the_placebos() -> None:
    rising = np.arange(BARS, dtype=float)
    signal = rising >= 60  # of all orders of 12 blocks only two in 924 are as far

    placebo = GroupTest.of(
        BlockPairs.of(rising, signal, BLOCK), block_orders(12, OPTIONS, "A")
    ).placebo

    assert (placebo.share, placebo.p_value) == (0, 1 / 30)


def test_groups_without_any_overlap_are_as_far_as_can_be() -> None:
    signal = np.repeat([True, False], 60)  # 1 wherever it is on, 0 elsewhere: no error at all

    placebo = GroupTest.of(
        BlockPairs.of(signal.astype(float), signal, 7), block_orders(18, OPTIONS, "A")
    ).placebo

    assert (placebo.share, placebo.p_value) == (0, 1 / 30)
