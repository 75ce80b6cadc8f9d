"""Run monitoring learns whether the process of a run is still there."""

import datetime as dt
import os
import subprocess
import sys
from collections.abc import Iterator

import dagster as dg
import pytest
import time_machine
from dagster._core.events import EngineEventData
from dagster._core.launcher import WorkerStatus

from regime_platform.orchestration.instance.home import open_instance
from regime_platform.settings import Settings

BEFORE_THESE_TESTS = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)


@pytest.fixture
def instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    with open_instance(settings) as opened:
        yield opened


@pytest.fixture
def run(instance: dg.DagsterInstance) -> dg.DagsterRun:
    return instance.add_run(dg.DagsterRun("update_daily", status=dg.DagsterRunStatus.STARTED))


def _health(instance: dg.DagsterInstance, run: dg.DagsterRun) -> tuple[WorkerStatus, str | None]:
    assert instance.run_launcher.supports_check_run_worker_health
    health = instance.run_launcher.check_run_worker_health(run)
    return health.status, health.msg


def _name(instance: dg.DagsterInstance, run: dg.DagsterRun, process: int) -> None:
    instance.report_engine_event("Started process", run, EngineEventData.in_process(process))


def test_a_run_is_at_work_from_before_it_names_its_process_until_that_is_gone(
    instance: dg.DagsterInstance, run: dg.DagsterRun
) -> None:
    starting = _health(instance, run)
    worker = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    _name(instance, run, worker.pid)
    working = _health(instance, run)

    worker.kill()
    os.waitid(os.P_PID, worker.pid, os.WEXITED | os.WNOWAIT)
    killed = _health(instance, run)
    worker.communicate()
    forgotten = _health(instance, run)

    assert starting == working == (WorkerStatus.RUNNING, None)
    assert killed == forgotten == (WorkerStatus.FAILED, f"process {worker.pid} is gone")


def test_another_process_with_the_number_of_the_runs_own_is_not_taken_for_it(
    instance: dg.DagsterInstance, run: dg.DagsterRun
) -> None:
    with time_machine.travel(BEFORE_THESE_TESTS, tick=False):
        _name(instance, run, os.getpid())

    assert _health(instance, run)[0] is WorkerStatus.FAILED


def test_a_clock_that_is_set_forward_kills_no_run(
    instance: dg.DagsterInstance, run: dg.DagsterRun
) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as worker:
        _name(instance, run, worker.pid)
        with time_machine.travel(dt.datetime.now(dt.UTC) + dt.timedelta(minutes=2)):
            health = _health(instance, run)
        worker.communicate()

    assert health == (WorkerStatus.RUNNING, None)
