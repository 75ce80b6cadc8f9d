"""Some kills and errors at changes of files; `make chaos` does them all: PART=kills, full_disks."""

import pytest

from regime_platform_tests.chaos.kills.faulty_child import Point
from regime_platform_tests.chaos.kills.full_disks import FAULTS
from regime_platform_tests.chaos.kills.killing import Killing
from regime_platform_tests.chaos.kills.subjects import SUBJECTS

pytestmark = pytest.mark.slow
_SUBJECTS = {subject.name: subject for subject in SUBJECTS}


@pytest.fixture(scope="module")
def killing(tmp_path_factory: pytest.TempPathFactory) -> Killing:
    """All trials share the data roots in which they begin."""
    return Killing(tmp_path_factory.mktemp("killing"))


def _point(killing: Killing, name: str, event: str, file: str) -> Point:
    points = killing.undisturbed(_SUBJECTS[name]).points
    return next(point for point in points if point.event == event and file in point.name)


@pytest.mark.parametrize(
    ("name", "event", "file"),
    [
        ("the first run", "os.chmod", "ELM/.tmp-regime-*.json"),
        ("run", "os.rename", "OAK/raw/"),
        ("run", "regime_platform.committed", "compute.db"),
        ("run", "os.rename", "data/.tmp-regime-*.parquet"),
        ("universe rename", "regime_platform.committed", "compute.db"),
    ],
)
def test_a_killed_command_leaves_old_or_new_and_its_repetition_ends_as_an_undisturbed_one(
    killing: Killing, name: str, event: str, file: str
) -> None:
    point = _point(killing, name, event, file)

    assert killing.killed(_SUBJECTS[name], point).problem == ""


def test_a_first_line_of_a_chain_that_was_cut_by_a_power_failure_is_written_again(
    killing: Killing,
) -> None:
    subject = _SUBJECTS["the first run"]
    points = killing.undisturbed(subject).points
    first = next(point for point in points if point.is_append)

    assert killing.killed(subject, first, is_torn=True).problem == ""


@pytest.mark.parametrize("kind", FAULTS)
def test_a_disk_that_takes_no_more_is_reported_and_the_repetition_does_the_rest(
    killing: Killing, kind: str
) -> None:
    subject, fault = _SUBJECTS["run"], FAULTS[kind]
    points = [point for point in killing.undisturbed(subject).points if point.event in fault.events]

    assert killing.failed(subject, points[len(points) // 2], fault, kind).problem == ""
