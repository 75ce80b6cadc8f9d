"""Of many tests of nothing none remains; what was not tested has no corrected p-value."""

from dataclasses import replace

import pytest

from regime_platform.studies.inference.correction import adjusted_p_values, corrected
from regime_platform.studies.result import Conclusion, Unit

TESTED = Conclusion("k", "it is so", 0.1, Unit.POINTS, 0.05, 0.15, 0.01, 0.0, 0.0, windows=50)


def test_p_values_are_those_of_benjamini_and_yekutieli() -> None:
    # sorted p times count over rank times 1 + 1/2 + 1/3, the smallest of those that follow
    harmonic = 1 + 1 / 2 + 1 / 3
    wanted = [0.04 * harmonic, 0.001 * 3 * harmonic, 0.03 * 3 / 2 * harmonic]

    assert adjusted_p_values([0.04, 0.001, 0.03]) == pytest.approx(
        [wanted[0], wanted[1], min(wanted[2], wanted[0])]
    )


def test_only_what_was_tested_is_corrected() -> None:
    few, none = replace(TESTED, windows=9), replace(TESTED, p_value=float("nan"))

    after = corrected([TESTED, few, none, TESTED])

    adjusted = [each.p_adjusted for each in after]
    assert adjusted[:3] == [pytest.approx(0.015), None, None]
    assert adjusted[3] == adjusted[0]
    assert corrected([]) == ()


def test_an_effect_that_the_correction_removes_is_not_claimed() -> None:
    after = corrected([replace(TESTED, p_value=0.04), *[replace(TESTED, p_value=0.9)] * 9])

    assert TESTED.is_significant
    assert not after[0].is_significant
    assert after[0].statement.startswith("No evidence that it is so")
    assert "after correction" in after[0].statement
