import numpy as np
import pytest

from regime_platform.studies.effects import EffectColumns

VALUES = np.array([[1.0, 10.0], [2.0, 20.0], [4.0, 50.0], [8.0, 90.0]])
ENTERS = np.array([[True, True], [True, False], [True, True], [True, True]])
SIGNAL = np.array([True, True, False, False])


def test_an_effect_is_of_the_bars_that_enter_its_column() -> None:
    effects = EffectColumns(VALUES, ENTERS).observed(SIGNAL)

    assert effects.effect == pytest.approx([(1 + 2) / 2 - (4 + 8) / 2, 10 - (50 + 90) / 2])
    assert effects.bars.tolist() == [2, 1]


def test_a_draw_has_a_block_as_often_as_its_weight_says() -> None:
    weights = np.array([[2, 1, 0, 1], [1, 0, 1, 0], [0, 1, 3, 0]], np.float64)

    effects = EffectColumns(VALUES, ENTERS).resampled(SIGNAL, 1, weights)

    assert effects.effect[0] == pytest.approx([(1 + 1 + 2) / 3 - 8, 10 - 90], rel=1e-5)
    assert effects.effect[1] == pytest.approx([1 - 4, 10 - 50], rel=1e-5)
    assert effects.effect[2, 0] == pytest.approx(2 - 4, rel=1e-5)
    assert np.isnan(effects.effect[2, 1])  # the only bar with the signal does not enter


def test_the_last_block_may_be_shorter() -> None:
    weights = np.array([[2.0, 1.0], [1.0, 0.0]])  # of the first three bars, and of the last

    effects = EffectColumns(VALUES, ENTERS).resampled(SIGNAL, 3, weights)

    assert effects.effect[0] == pytest.approx([(2 * 1 + 2 * 2) / 4 - (2 * 4 + 8) / 3, 10 - 190 / 3])
    assert effects.effect[1] == pytest.approx([1.5 - 4, 10 - 50])


def test_a_placebo_lays_another_signal_on_the_same_outcomes() -> None:
    signals = np.array([[False, False, True, True], [False, True, False, True]])

    effects = EffectColumns(VALUES, ENTERS).placebos(signals)

    assert effects.effect[0] == pytest.approx([6 - 1.5, 70 - 10], rel=1e-5)
    assert effects.effect[1] == pytest.approx([5 - 2.5, 90 - 30], rel=1e-5)
