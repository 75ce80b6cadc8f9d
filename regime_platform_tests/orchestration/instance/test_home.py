"""Dagster's state follows the data root, and nothing of it lands anywhere else."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import PIPE, Popen

import dagster as dg
import pytest

from regime_platform.orchestration.instance.home import open_instance, prepare_home
from regime_platform.settings import PROJECT_ROOT, Settings

#: A process that opens the home of its argument as soon as its input ends.
OPENING = """
import sys
import dagster
from regime_platform.orchestration.instance import storage
print("ready", flush=True)
sys.stdin.read()
with dagster.DagsterInstance.from_config(sys.argv[1]):
    pass
"""


def test_the_project_is_the_home_of_the_default_data_root() -> None:
    assert prepare_home(Settings(_env_file=None)) == PROJECT_ROOT


def test_another_data_root_has_its_own_home_inside_it(settings: Settings) -> None:
    home = prepare_home(settings)

    assert home == settings.data_root / "dagster"
    with open_instance(settings) as instance:
        assert Path(instance.storage_directory()).is_relative_to(home)
        assert not instance.telemetry_enabled
        assert instance.run_monitoring_enabled
        assert instance.run_monitoring_settings["free_slots_after_run_end_seconds"] == 60
    assert {path.name for path in home.iterdir()} <= {"dagster.yaml", "storage", "logs"}


def test_the_projects_own_settings_follow_the_environment_from_any_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    monkeypatch.setenv("REGIME_DATA_ROOT", str(tmp_path / "data"))

    with dg.DagsterInstance.from_config(str(PROJECT_ROOT)) as instance:
        assert Path(instance.storage_directory()).is_relative_to(tmp_path / "data" / "dagster")
    assert (tmp_path / "data" / "dagster" / "storage" / "history" / "runs.db").exists()
    assert list(elsewhere.iterdir()) == []


def test_a_home_is_rendered_once(settings: Settings) -> None:
    rendered = prepare_home(settings) / "dagster.yaml"
    before = rendered.stat().st_mtime_ns

    prepare_home(settings)

    assert rendered.stat().st_mtime_ns == before


@pytest.mark.slow
def test_processes_that_start_together_open_a_new_home_together(settings: Settings) -> None:
    command = [sys.executable, "-c", OPENING, str(prepare_home(settings))]
    starting = [Popen(command, stdin=PIPE, stdout=PIPE, stderr=PIPE) for _ in range(4)]
    for process in starting:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"

    with ThreadPoolExecutor() as ends:
        errors = [err for _, err in ends.map(Popen.communicate, starting)]

    assert [process.returncode for process in starting] == [0] * 4, errors
