"""Agreement and lead of made-up sequences, where the truth is known."""

import numpy as np
import pytest

from regime_platform.compute.agreement import (
    FEWEST_CHANGES,
    MOST_SHIFT,
    Codes,
    agreement,
    changes,
    lead,
)


def _runs(seed: int, bars: int = 2000, labels: int = 5) -> Codes:
    """Runs of 1 to 15 bars, each of another label than the one before."""
    draws = np.random.default_rng(seed)
    lengths = draws.integers(1, 16, bars)
    steps = draws.integers(1, labels, bars)
    return np.repeat(np.cumsum(steps) % labels, lengths)[:bars].astype(np.int64)


def _codes(*values: int) -> Codes:
    return np.array(values, np.int64)


def test_agreement_is_the_share_of_equal_labels_where_both_have_one() -> None:
    result = agreement(_codes(0, 0, 1, 1, -1, 2), _codes(0, 1, 1, 1, 2, -1))

    assert (result.bars, result.share) == (4, 0.75)
    assert result.by_chance == pytest.approx(0.5 * 0.25 + 0.5 * 0.75)


def test_sequences_without_common_labels_have_no_share() -> None:
    result = agreement(_codes(-1, 0), _codes(0, -1))

    assert (result.bars, result.share, result.by_chance) == (0, None, None)


def test_change_is_a_bar_with_another_label_than_the_bar_before() -> None:
    assert changes(_codes(1, 1, 2, -1, 2, 3, 3, 1)).tolist() == [-1, -1, 2, -1, -1, 3, -1, 1]
    assert changes(_codes()).tolist() == []


@pytest.mark.parametrize("shift", [0, 1, 7, -3, MOST_SHIFT])
def test_sequence_that_repeats_another_later_is_led_by_it(shift: int) -> None:
    whole = _runs(seed=1, bars=2020)
    first, second = whole[10:-10], whole[10 - shift : 2010 - shift]

    result = lead(first, second)

    assert (result.shift, result.is_clear) == (shift, True)
    assert result.matches >= min(result.changes) - 3  # those that the other end has not
    assert result.by_chance < 0.2 * result.matches
    assert lead(second, first).shift == -shift


def test_every_other_change_repeated_is_a_lead_too() -> None:
    whole, noise = _runs(seed=2), _runs(seed=3)
    blocks = np.arange(2000) // 40 % 2 == 0
    second = np.where(blocks, np.roll(whole, 4), noise)

    result = lead(whole, second)

    assert (result.shift, result.is_clear) == (4, True)


def test_unrelated_sequences_rarely_have_a_clear_lead() -> None:
    results = [lead(_runs(seed), _runs(seed + 1000)) for seed in range(100)]

    assert sum(result.is_clear for result in results) <= 10  # 4 are expected
    matches = [result.by_chance for result in results]
    assert np.mean(matches) == pytest.approx(2000 / 8 * 2000 / 8 / 5 / 2000, rel=0.1)


@pytest.mark.parametrize("bars", [0, 1, 5, 60, 150])
def test_short_sequences_name_no_lead(bars: int) -> None:
    sequence = _runs(seed=4, bars=max(bars, 1))[:bars]

    result = lead(sequence, sequence)

    assert result.is_small_sample
    assert not result.is_clear
    assert result.shift == 0


def test_few_changes_are_a_small_sample_however_long_the_sequence() -> None:
    sequence = np.repeat(np.arange(FEWEST_CHANGES) % 3, 100)

    result = lead(sequence, sequence)

    assert result.changes == (FEWEST_CHANGES - 1, FEWEST_CHANGES - 1)
    assert result.is_small_sample
