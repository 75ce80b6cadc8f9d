"""A few of the jumps of `make chaos PART=clock`."""

from pathlib import Path

import pytest

from regime_platform_tests.chaos.clock import weeks

pytestmark = pytest.mark.slow


def test_a_clock_that_jumps_leaves_no_trace_once_it_is_right(tmp_path: Path) -> None:
    trials = list(weeks(1, tmp_path / "weeks", chapters=4))

    assert len({trial.fault for trial in trials}) > 2
    assert [trial.problem for trial in trials if trial.problem] == []
