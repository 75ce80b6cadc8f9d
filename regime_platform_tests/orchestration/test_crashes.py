"""Whatever is killed, what was done stays done and the rest is done once."""

import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import dagster as dg
import pytest

from regime_platform.orchestration.build import build_definitions
from regime_platform.orchestration.instance.home import open_instance
from regime_platform.orchestration.partitions import range_tags
from regime_platform.orchestration.sensors import build_new_bars
from regime_platform.pipeline import run
from regime_platform.pipeline.outcomes import Stage, Status, SymbolOutcome
from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings, load_universe
from regime_platform_tests.builders import make_bars
from regime_platform_tests.conftest import NOW
from regime_platform_tests.orchestration.graph import (
    BARS,
    QUIET,
    SYMBOLS,
    gate_failures,
    green,
    materialized,
    run_listed,
    run_range,
)
from regime_platform_tests.prepared_process import ended_script
from regime_platform_tests.scenario import fingerprint, serve, street

pytestmark = pytest.mark.slow

#: A run of the job recompute that is killed when it has done three symbols.
KILLED = """
import os, signal, sys
from pathlib import Path
from regime_platform.orchestration.build import build_definitions
from regime_platform.orchestration.instance.home import open_instance
from regime_platform.orchestration.jobs import listed_config
from regime_platform.settings import Settings

root, files, *symbols = sys.argv[1:]
settings = Settings(_env_file=None, REGIME_DATA_ROOT=Path(root), REGIME_FILES_ROOT=Path(files))
done = []

def heard(outcome):
    done.append(outcome.symbol)
    if len(done) == 3:
        os.kill(os.getpid(), signal.SIGKILL)

job = build_definitions(settings, heard).resolve_job_def("recompute")
with open_instance(settings) as instance:
    job.execute_in_process(instance=instance, run_config=listed_config("recompute", symbols))
"""

#: A run of several processes that is killed at its first outcome, after it printed their ids.
PARENT = """
import datetime as dt, multiprocessing, os, signal, sys
from pathlib import Path
from regime_platform.pipeline import run
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings

root, files = (Path(one) for one in sys.argv[1:])
settings = Settings(_env_file=None, REGIME_DATA_ROOT=root, REGIME_FILES_ROOT=files)
run.WORTH_PROCESSES = 1
platform = RunWorkspace.open(settings)
now = dt.datetime(2026, 11, 20, 22, 30, tzinfo=dt.UTC)
for _ in run.run_symbols(platform, platform.universe.instruments, now, workers=2):
    print(*[child.pid for child in multiprocessing.active_children()], flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(scope="module")
def _longer_once(_processed_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("longer")
    shutil.copytree(_processed_once, folder, dirs_exist_ok=True)
    settings = street(folder, SYMBOLS)
    for seed, symbol in enumerate(SYMBOLS):
        serve(settings, symbol, "1day", make_bars(BARS + 1, seed=seed))
    with open_instance(settings) as opened:
        assert run_listed(settings, opened, SYMBOLS, "update_daily").success
    return folder


@pytest.fixture
def longer(_longer_once: Path, tmp_path: Path) -> Settings:
    """The eight with one more fetched bar that is not processed yet."""
    shutil.copytree(_longer_once, tmp_path, dirs_exist_ok=True)
    return street(tmp_path, SYMBOLS)


@pytest.fixture
def longer_instance(longer: Settings) -> Iterator[dg.DagsterInstance]:
    """The persistent instance of the data root of ``longer``."""
    with open_instance(longer) as opened:
        yield opened


def _computed(settings: Settings) -> dict[str, str]:
    files = fingerprint(settings.data_root / "assets")
    return {symbol: files[f"{symbol}/compute.db"] for symbol in SYMBOLS}


def test_the_repetition_of_a_killed_run_does_the_rest_and_reports_all(
    longer: Settings, longer_instance: dg.DagsterInstance
) -> None:
    before = _computed(longer)
    arguments = [str(longer.data_root), str(longer.files_root), *SYMBOLS]
    killed = ended_script(KILLED, *arguments)
    between = _computed(longer)

    again = run_listed(
        longer,
        longer_instance,
        SYMBOLS,
        "recompute",
        tags={"dagster/parent_run_id": "the first"},
    )
    after = _computed(longer)

    assert killed.returncode == -signal.SIGKILL
    assert [symbol for symbol in SYMBOLS if between[symbol] != before[symbol]] == list(SYMBOLS[:3])
    assert [symbol for symbol in SYMBOLS if after[symbol] != between[symbol]] == list(SYMBOLS[3:])
    assert again.success
    assert materialized(again, Stage.COMPUTE_DB) == list(SYMBOLS)  # the three were not reported yet
    assert gate_failures(again) == []


def test_a_cancelled_run_tells_what_it_did_and_its_repetition_computes_only_the_rest(
    eight: Settings, instance: dg.DagsterInstance
) -> None:
    done: list[str] = []

    def heard(outcome: SymbolOutcome) -> None:
        done.append(outcome.symbol)
        if len(done) == 3:
            os.kill(os.getpid(), signal.SIGINT)  # what Dagster sends to the process of the run

    job = build_definitions(eight, heard).resolve_job_def("process_all")
    tags = dict(range_tags(SYMBOLS, load_universe(eight)))
    with pytest.raises(dg.DagsterExecutionInterruptedError):
        job.execute_in_process(instance=instance, tags=tags, run_config={"loggers": QUIET})
    assert all(green(eight, instance, stage) == set(SYMBOLS[:3]) for stage in Stage)
    kept = fingerprint(eight.data_root / "assets")

    again = run_range(eight, instance, SYMBOLS)

    assert again.success
    assert green(eight, instance, Stage.MANIFESTS) == set(SYMBOLS)
    assert kept.items() <= fingerprint(eight.data_root / "assets").items()


def test_the_daily_reconcile_finishes_what_no_other_run_will(
    longer: Settings, longer_instance: dg.DagsterInstance
) -> None:
    result = run_listed(longer, longer_instance, [], "reconcile")
    settled = fingerprint(longer.data_root)
    idle = run_listed(longer, longer_instance, [], "reconcile")

    assert materialized(result, Stage.COMPUTE_DB) == list(SYMBOLS)
    assert idle.success
    assert materialized(idle, Stage.COMPUTE_DB) == []
    assert idle.get_asset_check_evaluations() == []
    assert fingerprint(longer.data_root) == settled


def test_a_tick_that_is_evaluated_again_asks_for_the_same_run(
    longer: Settings, longer_instance: dg.DagsterInstance
) -> None:
    sensor = build_new_bars(partial(load_universe, longer))

    first, second = (sensor(dg.build_sensor_context(instance=longer_instance)) for _ in range(2))

    assert isinstance(first, dg.SensorResult)
    assert isinstance(second, dg.SensorResult)
    keys = [
        [run_request.run_key for run_request in answer.run_requests or []]
        for answer in (first, second)
    ]
    assert keys[0] == keys[1]
    assert len(keys[0]) == 1


@pytest.mark.usefixtures("prepared_workers")
def test_a_process_that_dies_at_its_work_is_replaced_and_its_symbols_are_done_once(
    longer: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "WORTH_PROCESSES", 1)
    before, workspace = _computed(longer), RunWorkspace.open(longer)
    outcomes: list[SymbolOutcome] = []

    for outcome in run_symbols(workspace, workspace.universe.instruments, NOW, workers=2):
        if not outcomes:
            for child in _children():
                os.kill(child, signal.SIGKILL)
        outcomes.append(outcome)

    assert [outcome.symbol for outcome in outcomes] == list(SYMBOLS)
    assert all(outcome.status in (Status.DONE, Status.UNCHANGED) for outcome in outcomes)
    assert all(_computed(longer)[symbol] != before[symbol] for symbol in SYMBOLS)


def test_processes_end_with_the_one_that_started_them(longer: Settings, tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    arguments = [str(longer.data_root), str(longer.files_root)]

    killed = subprocess.run(
        [sys.executable, script, *arguments],
        check=False,
        timeout=200,
        capture_output=True,
        text=True,
    )

    assert killed.returncode == -signal.SIGKILL, killed.stderr
    started = {int(part) for part in killed.stdout.split()}
    assert started
    deadline = time.monotonic() + 200
    while any(_lives(process) for process in started) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(_lives(process) for process in started)


def _lives(process: int) -> bool:
    status = Path(f"/proc/{process}/stat")
    return status.exists() and status.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def _children() -> list[int]:
    return [child.pid for child in multiprocessing.active_children() if child.pid is not None]
