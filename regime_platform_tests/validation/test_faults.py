"""The injector on a small scale; docs/validation.md has the table of a large run."""

import pytest

from regime_platform_tests.validation.fault_injection import detect
from regime_platform_tests.validation.faults import BLOCKING, SET_ASIDE, WARNING, Fault

ALL = (*BLOCKING, *SET_ASIDE, *WARNING)


@pytest.mark.parametrize("fault", ALL, ids=[fault.name for fault in ALL])
def test_every_planted_defect_is_found_and_nothing_else(fault: Fault) -> None:
    detection = detect(fault, 25, seed=11)

    assert detection.false_alarms == 0
    assert fault.share * detection.planted <= detection.found_count <= detection.planted
