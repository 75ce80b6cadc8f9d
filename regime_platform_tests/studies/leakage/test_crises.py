import numpy as np
import pytest

from regime_platform.studies.leakage.crises import crises
from regime_platform.studies.leakage.sample import Sample
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.outcomes import ABS_MOVE
from regime_platform_tests.studies.small_series import random_closes, runs, small_series

HORIZON = 5
OPTIONS = StudyOptions(horizon=HORIZON, draws=49)


def test_crises_are_the_stretches_of_large_moves_that_touch() -> None:
    closes = random_closes(1, 800, deviation=0.002)
    closes[300:] *= 0.7  # 5 windows contain the fall from bar 299 to 300
    closes[500:] *= 0.8
    closes[504:] *= 0.8  # within a window of the one before
    sample = Sample.of(small_series(closes, runs(2, 800, 10, 0.3)), OPTIONS)

    largest, second, *_ = crises(sample)

    positions = np.flatnonzero(sample.enters)
    assert (positions[largest.first], positions[largest.last]) == (495, 503)
    assert (positions[second.first], positions[second.last]) == (295, 299)
    assert largest.largest == pytest.approx(0.36, abs=0.03)
    # a window ends 5 bars after its bar, and the crisis 5 bars after its last event window begins
    assert positions[second.touched].tolist() == list(range(290, 305))


def test_the_bars_of_crises_have_the_largest_moves() -> None:
    sample = Sample.of(small_series(random_closes(3, 900), runs(2, 900, 10, 0.3)), OPTIONS)
    moves = sample.outcomes[ABS_MOVE]

    clusters = crises(sample)

    touched = np.any([each.touched for each in clusters], axis=0)
    assert moves[~touched].max() < np.quantile(moves, 0.95)
    assert [each.largest for each in clusters] == sorted(
        (each.largest for each in clusters), reverse=True
    )
