"""When the sources are asked for news. Schedules only fetch; what follows is the sensor's run.

A schedule starts RUNNING when its tier holds a symbol whose source can bring something new, so that
a real universe is kept up to date without a click; for a tier that holds nothing but the packaged
sample it starts STOPPED, since a newcomer's first sight would be a no-op run every 15 minutes.
Whatever somebody switches in the UI wins from then on.

A tick asks for whom a bar came due since the update before it, whenever that was. So nobody is
asked while markets are closed, and after an outage one tick catches up with everything (Dagster
evaluates only the last of the ticks that were missed).
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
from regime_platform.pipeline.fetch.polling import can_bring_news

#: Every quarter of an hour, once for each delay that a class of symbols has.
_INTRADAY = [
    f"{','.join(str(quarter + delay.seconds // 60) for quarter in (0, 15, 30, 45))} * * * *"
    for delay in sorted(set(DELAY.values()))
]
#: After both closes of the day (stocks 16:00, FX 17:00 New York), and once more for late prints.
_DAILY = ["30 17 * * *", "0 22 * * *"]
#: The instant that an update was about, on its run: the next one asks for what came due since.
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
    """One schedule of updates: which job, when, and for whom."""

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
        text="A moment after every quarter of an hour, fetches the core symbols whose market has "
        "finished a bar since the last time.",
    ),
    _Timetable(
        name="after_close_daily",
        job=UPDATE_DAILY,
        cron=_DAILY,
        zone=NEW_YORK,
        tier="daily",
        text="17:30 New York, and 22:00 for what came late: fetches the daily symbols whose market "
        "was open.",
    ),
)


def build_schedules(current: CurrentUniverse) -> list[dg.ScheduleDefinition]:
    """The updates of both tiers."""
    return [_update(table, current) for table in _UPDATES]


def _update(table: _Timetable, current: CurrentUniverse) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=table.name,
        job_name=table.job,
        cron_schedule=table.cron,
        execution_timezone=table.zone,
        default_status=_default(_living(current(), table.tier)),
        description=table.text,
    )
    def tick(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        if is_in_progress(context.instance, table.job):
            return dg.SkipReason(f"a run of {table.job} is still in progress")
        at = context.scheduled_execution_time
        since = _last_asked(context.instance, table.name)
        living = _living(current(), table.tier)
        due = [one.symbol for one in living if is_due(one.asset_class, one.tier, since, at)]
        if not due:
            return dg.SkipReason(f"no symbol of tier {table.tier} can have a new bar since {since}")
        return dg.RunRequest(
            run_key=f"{table.name}:{at.isoformat()}",
            run_config=listed_config(table.job, due),
            tags={ASKED_AT: at.isoformat(), _ASKED_BY: table.name},
        )

    return tick


def build_housekeeping(current: CurrentUniverse) -> list[dg.ScheduleDefinition]:
    """What is looked at and tidied up by the clock, whether anything was fetched or not."""
    status = _default(
        [instrument for instrument in current().instruments if can_bring_news(instrument)]
    )
    return [
        _daily(
            "reconcile_daily",
            RECONCILE,
            "30 23 * * *",  # when the day's last updates are done
            status,
            "23:30 New York: compares digests of all symbols and finishes what a run left.",
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
            "Sunday 5:00 New York: forgets Dagster's old runs.",
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
        description="3:00 New York: hashes a share of the symbols again and names what is damaged.",
    )
    def tick(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        if is_in_progress(context.instance, VERIFY_SHARE):
            return dg.SkipReason(f"a run of {VERIFY_SHARE} is still in progress")
        at = context.scheduled_execution_time
        before = _last_asked(context.instance, name)
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


def _default(living: Sequence[Instrument]) -> dg.DefaultScheduleStatus:
    return dg.DefaultScheduleStatus.RUNNING if living else dg.DefaultScheduleStatus.STOPPED


def _last_asked(instance: dg.DagsterInstance, timetable: str) -> dt.datetime | None:
    """The instant of the last update of the timetable; None where there was none.

    One that failed counts: who was not served stays wanted, and is asked for with the next bar.
    """
    done = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]
    wanted = dg.RunsFilter(tags={_ASKED_BY: timetable}, statuses=done)
    records = instance.get_run_records(wanted, limit=1)
    return dt.datetime.fromisoformat(records[0].dagster_run.tags[ASKED_AT]) if records else None


def is_in_progress(instance: dg.DagsterInstance, job: str) -> bool:
    """True while a run of the job is queued or running: updates never overlap themselves."""
    pending = dg.RunsFilter(job_name=job, statuses=_IN_PROGRESS)
    return bool(instance.get_run_records(pending, limit=1))


def _living(universe: Universe, tier: str) -> list[Instrument]:
    return [instrument for instrument in universe.tier(tier) if can_bring_news(instrument)]
