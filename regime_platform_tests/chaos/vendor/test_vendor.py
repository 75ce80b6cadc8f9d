"""A few of the stories of `make chaos PART=vendor`."""

from pathlib import Path

import pytest

from regime_platform_tests.chaos.vendor.stories import one_story

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("seed", [6])
def test_weeks_of_wrong_answers_end_in_the_truth_of_the_vendor(tmp_path: Path, seed: int) -> None:
    trials = list(one_story(seed, tmp_path / "story", chapters=4))

    assert len({trial.fault for trial in trials}) > 8
    assert [trial.problem for trial in trials if trial.problem] == []
