"""A comparison is of the bars that may enter, and the same whenever it is made again."""

import numpy as np
import pytest

from regime_platform.studies.inference.comparison import Claim, compare_groups
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.result import Conclusion, Unit
from regime_platform.studies.series import Bools, Floats, forward_return
from regime_platform_tests.studies.small_series import random_closes, runs, small_series

OPTIONS = StudyOptions(draws=99, horizon=5)
CLAIM = Claim("return", "the return is {direction} after HIGH", Unit.POINTS)


def _returns(seed: int, bars: int) -> Floats:
    return forward_return(small_series(random_closes(seed, bars)), 5)


def test_bars_without_outcome_and_unusable_ones_enter_on_no_side() -> None:
    outcome, mask = _returns(1, 900), runs(2, 900, 8, 0.3)
    usable = np.arange(900) >= 300

    compared = compare_groups(outcome, mask, CLAIM, OPTIONS, "A", usable=usable)

    there = slice(300, 895)
    inside, outside = outcome[there][mask[there]], outcome[there][~mask[there]]
    assert compared.effect == pytest.approx(inside.mean() - outside.mean())
    assert compared == compare_groups(outcome[300:], mask[300:], CLAIM, OPTIONS, "A")
    assert compared.low < compared.effect < compared.high


def test_the_numbers_depend_on_seed_and_names_alone() -> None:
    outcome, mask = _returns(1, 600), runs(2, 600, 8, 0.3)

    def compared(*names: str, seed: int = 1) -> Conclusion:
        options = StudyOptions(draws=99, horizon=5, seed=seed)
        return compare_groups(outcome, mask, CLAIM, options, *names)

    assert compared("A") == compared("A")
    assert compared("A").low != compared("B").low
    assert compared("A").low != compared("A", seed=2).low
    assert compared("A").effect == compared("B").effect


@pytest.mark.parametrize("mask", [np.zeros(200, bool), np.ones(200, bool)])
def test_without_a_second_group_there_is_nothing_to_compare(mask: Bools) -> None:
    compared = compare_groups(_returns(1, 200), mask, CLAIM, OPTIONS, "A")

    assert np.isnan([compared.effect, compared.low, compared.p_value]).all()
    assert not compared.is_significant
    assert compared.statement.startswith("Nothing to compare" if mask.any() else "Too few to say")


def test_fewer_than_ten_windows_are_too_few_whatever_the_effect() -> None:
    mask = np.zeros(600, bool)
    for start in (100, 200, 300):
        mask[start : start + 15] = True  # three windows of five bars
    outcome = np.where(mask, 1.0, 0.0) + 0.01 * np.random.default_rng(1).standard_normal(600)

    few = compare_groups(outcome, mask, CLAIM, OPTIONS, "A")
    mask[315] = True
    enough = compare_groups(outcome, mask, CLAIM, OPTIONS, "A")

    assert (few.windows, few.is_too_few, few.is_significant) == (9, True, False)
    assert "Too few to say" in few.statement
    assert (enough.windows, enough.is_too_few) == (10, False)


def test_a_signal_that_changes_only_the_spread_changes_no_mean() -> None:
    significant = 0
    for seed in range(40):
        mask = runs(seed, 1500, 12, 0.15)
        closes = np.cumsum(np.random.default_rng(seed).standard_normal(1500) * (1 + 3 * mask))
        outcome = np.append(closes[5:] - closes[:-5], np.full(5, np.nan))
        significant += compare_groups(outcome, mask, CLAIM, OPTIONS, str(seed)).p_value <= 0.05

    assert significant <= 6  # 2 are expected; without the spread of each group there are 12


def test_a_signal_that_is_nearly_always_on_is_compared_with_too_few_others() -> None:
    mask = np.ones(600, bool)
    mask[300:310] = mask[400:405] = False
    outcome = np.where(mask, 0.0, 1.0) + 0.01 * np.random.default_rng(1).standard_normal(600)

    compared = compare_groups(outcome, mask, CLAIM, OPTIONS, "A")

    assert compared.windows == 3
    assert compared.p_value <= 0.05
    assert not compared.is_significant


def test_one_stretch_is_one_case_however_long_it_lasts() -> None:
    mask = np.arange(600) < 250
    outcome = np.where(mask, 1.0, 0.0) + 0.01 * np.random.default_rng(1).standard_normal(600)

    compared = compare_groups(outcome, mask, CLAIM, OPTIONS, "A")

    assert (compared.windows, compared.is_too_few) == (1, True)
