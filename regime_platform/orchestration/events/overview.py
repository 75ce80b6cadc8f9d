"""Heartbeats, queue and last runs from Dagster's databases, for `regime status`."""

import datetime as dt
from dataclasses import dataclass

import dagster as dg

from regime_platform.model.instants import is_ahead
from regime_platform.orchestration.instance.home import open_instance
from regime_platform.orchestration.jobs import RECOMPUTE, RECONCILE, UPDATE_CORE, UPDATE_DAILY
from regime_platform.settings import Settings

_PASSES = (UPDATE_CORE, UPDATE_DAILY, RECOMPUTE, RECONCILE)
_STATUS = dg.DagsterRunStatus


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
            name: now.timestamp() - beat.timestamp
            for name, beat in sorted(instance.get_daemon_heartbeats().items())
            # a future heartbeat comes from a clock ahead and is left out
            if name in needed and not is_ahead(_moment(beat.timestamp), now)
        }
        return Overview(
            beats,
            waiting=_count(instance, _STATUS.QUEUED, _STATUS.NOT_STARTED),
            working=_count(instance, _STATUS.STARTING, _STATUS.STARTED),
            passes=tuple(_last(instance, job) for job in _PASSES),
            failed=_failed(instance, now - dt.timedelta(days=1)),
        )


def _count(instance: dg.DagsterInstance, *statuses: dg.DagsterRunStatus) -> int:
    return instance.get_runs_count(dg.RunsFilter(statuses=list(statuses)))


def _last(instance: dg.DagsterInstance, job: str) -> LastPass:
    ended = dg.RunsFilter(job_name=job, statuses=[_STATUS.SUCCESS, _STATUS.FAILURE])
    records = instance.get_run_records(ended, limit=1)
    return _last_pass(records[0]) if records else LastPass(job)


def _failed(instance: dg.DagsterInstance, since: dt.datetime) -> tuple[LastPass, ...]:
    wanted = dg.RunsFilter(statuses=[_STATUS.FAILURE], updated_after=since)
    return tuple(_last_pass(record) for record in instance.get_run_records(wanted, limit=20))


def _last_pass(record: dg.RunRecord) -> LastPass:
    run = record.dagster_run
    ended = None if record.end_time is None else _moment(record.end_time)
    seconds = (record.end_time or 0.0) - (record.start_time or record.end_time or 0.0)
    return LastPass(run.job_name, run.status.value.lower(), ended, seconds, run.run_id)


def _moment(timestamp: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(timestamp, dt.UTC)
