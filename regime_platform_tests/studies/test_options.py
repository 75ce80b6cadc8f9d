"""Options outside their range are refused, and random numbers depend on seed and names alone."""

from typing import Any

import pytest

from regime_platform.errors import UsageError
from regime_platform.studies.options import StudyOptions
from regime_platform_tests.error_codes import raises


@pytest.mark.parametrize(
    "option", [{"horizon": 0}, {"draws": 18}, {"confidence": 1.0}, {"cost_bps": -1}, {"seed": -1}]
)
def test_an_option_outside_its_range_is_refused(option: dict[str, Any]) -> None:
    (name,) = option
    with raises(UsageError, "study-option", match=f"{name} is .*; expected"):
        StudyOptions(**option)


def test_random_numbers_depend_on_seed_and_names() -> None:
    def first(seed: int, *names: str) -> float:
        return float(StudyOptions(seed=seed).generator(*names).random())

    assert first(1, "A", "1day") == first(1, "A", "1day")
    assert len({first(1, "A"), first(1, "B"), first(2, "A"), first(1, "A", "1day")}) == 4


def test_alpha_is_what_the_confidence_leaves() -> None:
    assert StudyOptions().alpha == 0.05
    assert StudyOptions(confidence=0.9).alpha == 0.1


def test_the_horizon_is_said_in_bars() -> None:
    assert StudyOptions(horizon=1).span == "1 bar"
    assert StudyOptions().span == "20 bars"
