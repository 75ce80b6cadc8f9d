"""Dagster's state follows the data root, and nothing of it lands anywhere else."""

from multiprocessing.synchronize import Barrier
from pathlib import Path

import dagster as dg
import pytest

from regime_platform.orchestration.instance.home import open_instance, prepare_home
from regime_platform.settings import PROJECT_ROOT, Settings
from regime_platform_tests.prepared_process import PREPARED


def _open(home: str, together: Barrier) -> None:
    together.wait(60)
    with dg.DagsterInstance.from_config(home):
        pass


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
    arguments = (str(prepare_home(settings)), PREPARED.Barrier(4))
    opening = [PREPARED.Process(target=_open, args=arguments) for _ in range(4)]
    for process in opening:
        process.start()
    for process in opening:
        process.join()

    assert [process.exitcode for process in opening] == [0] * 4
