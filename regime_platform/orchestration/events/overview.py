"""Heartbeats, queue and last runs from Dagster's databases, for `regime status`."""

import datetime as dt
from dataclasses import dataclass

import dagster as dg

from regime_platform.model.clock import is_ahead
from regime_platform.orchestration.instance.home import open_instance
from regime_platform.orchestration.jobs import RECOMPUTE, RECONCILE, UPDATE_CORE, UPDATE_DAILY
from regime_platform.settings import Settings

_PASSES = (UPDATE_CORE, UPDATE_DAILY, RECOMPUTE, RECONCILE)
_WAITING = [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED]
_WORKING = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]


@dataclass(frozen=True)
class LastPass:
    """The last finished run of a job; empty fields where there was none."""

    job: str
    status: str = "never"
    ended: dt.datetime | None = None
    seconds: float = 0.0
    run: str = ""


@dataclass(frozen=True)
class Overview:
    """The daemon, runs in progress, the last passes, and the failed runs of a day."""

    beats: dict[str, float]  # daemon -> seconds since its last heartbeat
    waiting: int
    working: int
    passes: tuple[LastPass, ...]
    failed: tuple[LastPass, ...]


def overview(settings: Settings, now: dt.datetime) -> Overview:
    """Reads Dagster's databases of the data root."""
    with open_instance(settings) as instance:
        needed = set(instance.get_required_daemon_types())  # others may be outdated
        beats = {
            name: beat.timestamp
            for name, beat in instance.get_daemon_heartbeats().items()
            # a future heartbeat comes from a clock ahead and is left out
            if name in needed and not is_ahead(_moment(beat.timestamp), now)
        }
        failed = dg.RunsFilter(
            statuses=[dg.DagsterRunStatus.FAILURE], updated_after=now - dt.timedelta(days=1)
        )
        return Overview(
            {name: now.timestamp() - beat for name, beat in sorted(beats.items())},
            instance.get_runs_count(dg.RunsFilter(statuses=_WAITING)),
            instance.get_runs_count(dg.RunsFilter(statuses=_WORKING)),
            tuple(_last(instance, job) for job in _PASSES),
            tuple(
                _last_pass(run_record) for run_record in instance.get_run_records(failed, limit=20)
            ),
        )


def _last(instance: dg.DagsterInstance, job: str) -> LastPass:
    ended = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]
    records = instance.get_run_records(dg.RunsFilter(job_name=job, statuses=ended), limit=1)
    return _last_pass(records[0]) if records else LastPass(job)


def _last_pass(record: dg.RunRecord) -> LastPass:
    run = record.dagster_run
    ended = None if record.end_time is None else _moment(record.end_time)
    seconds = (record.end_time or 0.0) - (record.start_time or record.end_time or 0.0)
    return LastPass(run.job_name, run.status.value.lower(), ended, seconds, run.run_id)


def _moment(timestamp: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(timestamp, dt.UTC)
