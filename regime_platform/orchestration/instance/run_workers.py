"""Dagster's own run launcher, with a check whether the process of a run still exists.

A code server reports runs that die, unless it dies with them, as in a power cut. Such a run would
block its lane for ever. The daemon's run monitoring calls this check at its start and every two
minutes, and launches a run whose process is gone once more.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus

_PROCESSES = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK")
_SET_FORWARD = 300  # seconds that a clock may be set forward while a run is at work
_STATE, _START = 0, 19  # indexes of the fields in /proc/PID/stat that follow the name


class RunWorkers(dg.DefaultRunLauncher):
    """The stock launcher with a health check of the launched processes."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        """True where the system has /proc."""
        return _PROCESSES.exists()

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Looks for the processes that the log of the run names; a run without any is starting."""
        for process, since in self._processes(run):
            if not _is_alive(process, since):
                return CheckRunHealthResult(WorkerStatus.FAILED, f"process {process} is gone")
        return CheckRunHealthResult(WorkerStatus.RUNNING)

    def _processes(self, run: dg.DagsterRun) -> Iterator[tuple[int, float]]:
        for entry in self._instance.all_logs(run.run_id, dg.DagsterEventType.ENGINE_EVENT):
            event = entry.dagster_event
            process = event.engine_event_data.metadata.get("pid") if event else None
            if process is not None:
                yield int(str(process.value)), entry.timestamp


def _is_alive(process: int, since: float) -> bool:
    """True where ``process`` exists and started no later than its id was logged (Unix time)."""
    try:
        text = (_PROCESSES / str(process) / "stat").read_text()
    except OSError:
        return False
    fields = text.rsplit(")", 1)[1].split()
    age = time.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[_START]) / _TICKS
    return fields[_STATE] != "Z" and age + _SET_FORWARD >= time.time() - since
