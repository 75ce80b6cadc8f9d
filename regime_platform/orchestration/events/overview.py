"""Heartbeats, queue and last runs from Dagster's databases, for `regime status`."""

import datetime as dt
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

import dagster as dg

from regime_platform.model.instants import is_ahead
from regime_platform.model.universe.universe import Universe
from regime_platform.orchestration.instance.command_run import COMMAND_LINE
from regime_platform.orchestration.instance.home import open_instance
from regime_platform.orchestration.jobs import RECOMPUTE, RECONCILE, UPDATE_CORE, UPDATE_DAILY
from regime_platform.orchestration.schedules import LatePass, late_passes
from regime_platform.settings import Settings

_PASSES = (UPDATE_CORE, UPDATE_DAILY, RECOMPUTE, RECONCILE)
_STATUS = dg.DagsterRunStatus
#: The tag with which Dagster names the run that it started again for one that died.
_REPETITION = "dagster/auto_retry_run_id"
_ENDED = [_STATUS.SUCCESS, _STATUS.FAILURE, _STATUS.CANCELED]


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
    #: Seconds since a run was queued or any ended, whichever is later; None where none waits.
    queue_rests: float | None
    switched_off: tuple[str, ...]  # schedules and sensors that an operator stopped
    passes: tuple[LastPass, ...]
    late: Mapping[str, LatePass]  # by job
    failed: tuple[LastPass, ...]  # but for those whose repetition succeeded


def overview(
    settings: Settings,
    now: dt.datetime,
    universe: Universe | None = None,
    opened: dg.DagsterInstance | None = None,
) -> Overview:
    """Reads Dagster's databases of the data root; without a universe no pass is late.

    ``opened`` is the instance of these settings where it is open already.
    """
    with open_instance(settings) if opened is None else nullcontext(opened) as instance:
        needed = set(instance.get_required_daemon_types())  # others may be outdated
        beats = {
            name: max(0.0, now.timestamp() - beat.timestamp)
            for name, beat in sorted(instance.get_daemon_heartbeats().items())
            # a future heartbeat comes from a clock ahead and is left out
            if name in needed and not is_ahead(_moment(beat.timestamp), now)
        }
        queued = _pending(instance, _STATUS.QUEUED, _STATUS.NOT_STARTED)
        working = _pending(instance, _STATUS.STARTING, _STATUS.STARTED, _STATUS.CANCELING)
        return Overview(
            beats,
            waiting=len(queued),
            working=len(working),
            queue_rests=_rests(instance, queued, now),
            switched_off=tuple(
                sorted(
                    state.instigator_name
                    for state in instance.all_instigator_state()
                    if state.status.value == "STOPPED"
                )
            ),
            passes=tuple(_last(instance, job) for job in _PASSES),
            late={} if universe is None else late_passes(instance, universe, now),
            failed=_failed(instance, now - dt.timedelta(days=1)),
        )


def _pending(
    instance: dg.DagsterInstance, *statuses: dg.DagsterRunStatus
) -> Sequence[dg.RunRecord]:
    return instance.get_run_records(dg.RunsFilter(statuses=list(statuses)))


def _rests(
    instance: dg.DagsterInstance, queued: Sequence[dg.RunRecord], now: dt.datetime
) -> float | None:
    """How long the queue does not move although a run waits in it; newest records first."""
    if not queued:
        return None
    ended = instance.get_run_records(dg.RunsFilter(statuses=_ENDED), limit=20)
    moments = [record.end_time for record in ended if record.end_time is not None]
    last = max([queued[-1].create_timestamp.timestamp(), *moments])
    return max(0.0, now.timestamp() - last)


def _last(instance: dg.DagsterInstance, job: str) -> LastPass:
    ended = dg.RunsFilter(job_name=job, statuses=[_STATUS.SUCCESS, _STATUS.FAILURE])
    records = instance.get_run_records(ended, limit=1)
    return _last_pass(records[0]) if records else LastPass(job)


def _failed(instance: dg.DagsterInstance, since: dt.datetime) -> tuple[LastPass, ...]:
    wanted = dg.RunsFilter(statuses=[_STATUS.FAILURE], updated_after=since)
    return tuple(
        _last_pass(record)
        for record in instance.get_run_records(wanted)
        # symbols that failed in a command are shown as failed or blocked, until they are good again
        if record.dagster_run.job_name != COMMAND_LINE
        and not _repetition_succeeded(instance, record.dagster_run)
    )


def _repetition_succeeded(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """True where Dagster started a run again, and that one or a further one succeeded."""
    run_id = run.tags.get(_REPETITION)
    again = instance.get_run_by_id(run_id) if run_id else None
    return again is not None and (again.is_success or _repetition_succeeded(instance, again))


def _last_pass(record: dg.RunRecord) -> LastPass:
    run = record.dagster_run
    ended = None if record.end_time is None else _moment(record.end_time)
    seconds = (record.end_time or 0.0) - (record.start_time or record.end_time or 0.0)
    status = run.status.value.lower()
    return LastPass(run.job_name, status, ended, max(0.0, seconds), run.run_id)


def _moment(timestamp: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(timestamp, dt.UTC)
