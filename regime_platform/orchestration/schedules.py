"""When the sources are asked for news. Schedules only fetch; what follows is the sensor's run.

A schedule starts RUNNING when its tier holds a symbol whose source can bring something new, so that
a real universe is kept up to date without a click; for a tier that holds nothing but the packaged
sample it starts STOPPED, since a newcomer's first sight would be a no-op run every 15 minutes.
Whatever somebody switches in the UI wins from then on.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import dagster as dg

from regime_platform.model.asset_classes import ASSET_CLASSES, NEW_YORK
from regime_platform.model.instruments import Instrument
from regime_platform.model.universe import Universe
from regime_platform.orchestration.jobs import UPDATE_CORE, UPDATE_DAILY, listed_config
from regime_platform.orchestration.partitions import CurrentUniverse

#: One minute past each UTC quarter: the bar is closed and the vendor has had time to write it.
_INTRADAY = "1,16,31,46 * * * *"
#: After both closes of the day (stocks 16:00, FX 17:00 New York), and once more for late prints.
_DAILY = ["30 17 * * *", "0 22 * * *"]
_IN_PROGRESS = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
_NEVER_NEW = frozenset({"sample"})
_FRIDAY = 4


@dataclass(frozen=True)
class _Timetable:
    """One schedule: which job, when, and for whom."""

    name: str
    job: str
    cron: str | Sequence[str]
    zone: str
    tier: str
    is_due: Callable[[Instrument, dt.datetime], bool]
    text: str


def build_schedules(current: CurrentUniverse) -> list[dg.ScheduleDefinition]:
    """The intraday schedule of the core tier and the daily one of the daily tier."""
    intraday = _Timetable(
        name="intraday_core",
        job=UPDATE_CORE,
        cron=_INTRADAY,
        zone="UTC",
        tier="core",
        is_due=lambda _instrument, _at: True,
        text="Every 15 minutes, one minute after the bar closes: fetches the core tier.",
    )
    daily = _Timetable(
        name="after_close_daily",
        job=UPDATE_DAILY,
        cron=_DAILY,
        zone=NEW_YORK,
        tier="daily",
        is_due=_closed_a_day,
        text="17:30 New York, and 22:00 for what came late: fetches the daily tier.",
    )
    return [_schedule(intraday, current), _schedule(daily, current)]


def _schedule(table: _Timetable, current: CurrentUniverse) -> dg.ScheduleDefinition:
    status = dg.DefaultScheduleStatus

    @dg.schedule(
        name=table.name,
        job_name=table.job,
        cron_schedule=table.cron,
        execution_timezone=table.zone,
        default_status=status.RUNNING if _living(current(), table.tier) else status.STOPPED,
        description=table.text,
    )
    def tick(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        if is_in_progress(context.instance, table.job):
            return dg.SkipReason(f"a run of {table.job} is still in progress")
        at = context.scheduled_execution_time
        due = [one.symbol for one in _living(current(), table.tier) if table.is_due(one, at)]
        if not due:
            return dg.SkipReason("no symbol of this tier can have a new bar")
        return dg.RunRequest(
            run_key=f"{table.name}:{at.isoformat()}", run_config=listed_config(table.job, due)
        )

    return tick


def is_in_progress(instance: dg.DagsterInstance, job: str) -> bool:
    """True while a run of the job is queued or running: updates never overlap themselves."""
    pending = dg.RunsFilter(job_name=job, statuses=_IN_PROGRESS)
    return bool(instance.get_run_records(pending, limit=1))


def _living(universe: Universe, tier: str) -> list[Instrument]:
    """Those whose source can bring something new."""
    asked = (one for one in universe.tier(tier) if one.is_polled)
    return [one for one in asked if one.source not in _NEVER_NEW]


def _closed_a_day(instrument: Instrument, at: dt.datetime) -> bool:
    if ASSET_CLASSES[instrument.asset_class].trades_weekends:
        return True
    return at.astimezone(ZoneInfo(NEW_YORK)).weekday() <= _FRIDAY
