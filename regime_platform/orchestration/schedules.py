"""The schedules. Those of updates only fetch; the sensor new_bars starts gate and compute.

A schedule is RUNNING by default where its tier has a symbol whose source can serve new bars, so
that a real universe stays up to date without a click. It is STOPPED by default where the tier has
only symbols of the packaged sample, since its runs would change nothing. A switch in the UI
overrides the default.

A tick fetches the symbols for which a bar came due since the last update. So nothing is fetched
while markets are closed, and after an outage one tick fetches everything missed (Dagster evaluates
only the last of the ticks that were missed).
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import dagster as dg

from regime_platform.model.asset_classes import NEW_YORK
from regime_platform.model.calendar.due import DELAY, is_due
from regime_platform.model.instruments import Instrument
from regime_platform.model.universe.universe import Universe
from regime_platform.orchestration.freshness import CHECK_FRESHNESS
from regime_platform.orchestration.instance.pruning import PRUNE_RUNS
from regime_platform.orchestration.jobs import RECONCILE, UPDATE_CORE, UPDATE_DAILY, listed_config
from regime_platform.orchestration.partitions import CurrentUniverse
from regime_platform.orchestration.verification import VERIFY_SHARE, share_config

#: After every quarter of an hour, once for each delay of an asset class.
_INTRADAY = [
    f"{','.join(str(quarter + delay.seconds // 60) for quarter in (0, 15, 30, 45))} * * * *"
    for delay in sorted(set(DELAY.values()))
]
#: After both closes of the day (stocks 16:00, FX 17:00 New York), and once more for late prints.
_DAILY = ["30 17 * * *", "0 22 * * *"]
#: The run tag with the time of an update; the next update covers the bars due since then.
ASKED_AT = "regime/asked_at"
_ASKED_BY = "regime/asked_by"
_IN_PROGRESS = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


@dataclass(frozen=True)
class _Timetable:
    """One schedule of updates: its job, times and tier."""

    name: str
    job: str
    cron: str | Sequence[str]
    zone: str
    tier: str
    text: str


_UPDATES = (
    _Timetable(
        name="intraday_core",
        job=UPDATE_CORE,
        cron=_INTRADAY,
        zone="UTC",
        tier="core",
        text="Shortly after every quarter of an hour, fetches the core symbols whose market has "
        "finished a bar since the last update.",
    ),
    _Timetable(
        name="after_close_daily",
        job=UPDATE_DAILY,
        cron=_DAILY,
        zone=NEW_YORK,
        tier="daily",
        text="17:30 New York, and 22:00 for late prints: fetches the daily symbols whose market "
        "was open.",
    ),
)


def build_schedules(current: CurrentUniverse) -> list[dg.ScheduleDefinition]:
    """The schedules of updates, one for each tier."""
    return [_update(table, current) for table in _UPDATES]


def _update(table: _Timetable, current: CurrentUniverse) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=table.name,
        job_name=table.job,
        cron_schedule=table.cron,
        execution_timezone=table.zone,
        default_status=_default(_served(current(), table.tier)),
        description=table.text,
    )
    def tick(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        if is_in_progress(context.instance, table.job):
            return dg.SkipReason(f"a run of {table.job} is still in progress")
        at = context.scheduled_execution_time
        since = _last_update(context.instance, table.name)
        served = _served(current(), table.tier)
        due = [
            instrument.symbol
            for instrument in served
            if is_due(instrument.asset_class, instrument.tier, since, at)
        ]
        if not due:
            return dg.SkipReason(f"no symbol of tier {table.tier} can have a new bar since {since}")
        return dg.RunRequest(
            run_key=f"{table.name}:{at.isoformat()}",
            run_config=listed_config(table.job, due),
            tags={ASKED_AT: at.isoformat(), _ASKED_BY: table.name},
        )

    return tick


def build_housekeeping(current: CurrentUniverse) -> list[dg.ScheduleDefinition]:
    """The schedules of checks and cleaning, which do not depend on fetches."""
    status = _default(
        [instrument for instrument in current().instruments if instrument.is_updating]
    )
    return [
        _daily(
            "reconcile_daily",
            RECONCILE,
            "30 23 * * *",  # when the day's last updates are done
            status,
            "23:30 New York: compares digests of all symbols and finishes interrupted runs.",
        ),
        _daily(
            "check_freshness_daily",
            CHECK_FRESHNESS,
            "0 7 * * *",
            status,
            "7:00 New York: compares the last bar of every series with its trading calendar.",
        ),
        _daily(
            "prune_runs_weekly",
            PRUNE_RUNS,
            "0 5 * * 0",
            status,
            "Sunday 5:00 New York: deletes Dagster's old runs.",
        ),
        _verify(status),
    ]


def _verify(status: dg.DefaultScheduleStatus) -> dg.ScheduleDefinition:
    name = "verify_nightly"

    @dg.schedule(
        name=name,
        job_name=VERIFY_SHARE,
        cron_schedule="0 3 * * *",  # between the reconcile and the day
        execution_timezone=NEW_YORK,
        default_status=status,
        description="3:00 New York: hashes a share of the symbols again and lists damaged files.",
    )
    def tick(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        if is_in_progress(context.instance, VERIFY_SHARE):
            return dg.SkipReason(f"a run of {VERIFY_SHARE} is still in progress")
        at = context.scheduled_execution_time
        before = _last_update(context.instance, name)
        return dg.RunRequest(
            run_key=f"{name}:{at.isoformat()}",
            run_config=share_config(at.date(), None if before is None else before.date()),
            tags={ASKED_AT: at.isoformat(), _ASKED_BY: name},
        )

    return tick


def _daily(
    name: str, job: str, cron: str, status: dg.DefaultScheduleStatus, text: str
) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=name,
        job_name=job,
        cron_schedule=cron,
        execution_timezone=NEW_YORK,
        default_status=status,
        description=text,
    )
    def tick(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        if is_in_progress(context.instance, job):
            return dg.SkipReason(f"a run of {job} is still in progress")
        return dg.RunRequest(run_key=f"{name}:{context.scheduled_execution_time.isoformat()}")

    return tick


def _default(served: Sequence[Instrument]) -> dg.DefaultScheduleStatus:
    return dg.DefaultScheduleStatus.RUNNING if served else dg.DefaultScheduleStatus.STOPPED


def _last_update(instance: dg.DagsterInstance, timetable: str) -> dt.datetime | None:
    """The time of the last update of a timetable; None where there was none.

    A failed update counts: the symbols that it missed are fetched when their next bar is due.
    """
    done = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]
    wanted = dg.RunsFilter(tags={_ASKED_BY: timetable}, statuses=done)
    records = instance.get_run_records(wanted, limit=1)
    return dt.datetime.fromisoformat(records[0].dagster_run.tags[ASKED_AT]) if records else None


def is_in_progress(instance: dg.DagsterInstance, job: str) -> bool:
    """True while a run of the job is queued or running: updates never overlap themselves."""
    pending = dg.RunsFilter(job_name=job, statuses=_IN_PROGRESS)
    return bool(instance.get_run_records(pending, limit=1))


def _served(universe: Universe, tier: str) -> list[Instrument]:
    return [instrument for instrument in universe.tier(tier) if instrument.is_updating]
