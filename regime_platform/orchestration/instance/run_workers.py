"""Dagster's own launcher, which can also tell whether the process of a run is still there.

A code server reports the runs that die under it, unless it dies with them: in a power cut, or when
the whole service is killed. Such a run would stay started for ever, and with it its lane and every
later update of its job. The daemon's run monitoring asks here, when it starts and every two
minutes, and has a run whose process is gone started once more.
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
_STATE, _START = 0, 19  # of the fields of a process's stat that follow its name


class RunWorkers(dg.DefaultRunLauncher):
    """Launches as the stock one does, and looks after what it launched."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        """True where the system lists its processes."""
        return _PROCESSES.exists()

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Looks for the process that the run's log names; none named means that it is to come."""
        for process, told in self._named(run):
            if not _lives(process, told):
                return CheckRunHealthResult(WorkerStatus.FAILED, f"process {process} is gone")
        return CheckRunHealthResult(WorkerStatus.RUNNING)

    def _named(self, run: dg.DagsterRun) -> Iterator[tuple[int, float]]:
        for entry in self._instance.all_logs(run.run_id, dg.DagsterEventType.ENGINE_EVENT):
            event = entry.dagster_event
            process = event.engine_event_data.metadata.get("pid") if event else None
            if process is not None:
                yield int(str(process.value)), entry.timestamp


def _lives(process: int, told: float) -> bool:
    """True where ``process`` is there, and was soon after its number was told (Unix time)."""
    try:
        text = (_PROCESSES / str(process) / "stat").read_text()
    except OSError:
        return False
    fields = text.rsplit(")", 1)[1].split()
    age = time.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[_START]) / _TICKS
    return fields[_STATE] != "Z" and age + _SET_FORWARD >= time.time() - told
