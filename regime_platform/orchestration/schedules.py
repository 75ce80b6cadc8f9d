"""The schedules. Those of updates only fetch; the sensor new_bars starts gate and compute.

A schedule is RUNNING by default where its tier has a symbol whose source can serve new bars. A tick
fetches the symbols for which a bar came due since the last update, so that after an outage one tick
fetches everything missed (Dagster evaluates only the last of the ticks that were missed).
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import dagster as dg

from regime_platform.model.calendar.due import DELAY, is_due
from regime_platform.model.exchanges import NEW_YORK
from regime_platform.model.instruments import Instrument
from regime_platform.model.universe.universe import Universe
from regime_platform.orchestration.housekeeping import (
    CHECK_FRESHNESS,
    PRUNE_RUNS,
    VERIFY_SHARE,
    share_config,
)
from regime_platform.orchestration.jobs import (
    RECONCILE,
    STUDY_WEEKLY,
    UPDATE_CORE,
    UPDATE_DAILY,
    listed_config,
)
from regime_platform.orchestration.partitions import CurrentUniverse
from regime_platform.orchestration.updates import last_update, update_tags

#: After every quarter of an hour, once for each delay of an asset class.
_INTRADAY = [
    f"{','.join(str(quarter + delay.seconds // 60) for quarter in (0, 15, 30, 45))} * * * *"
    for delay in sorted(set(DELAY.values()))
]
_IN_PROGRESS = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


@dataclass(frozen=True)
class _Timetable:
    name: str
    job: str
    cron: str | Sequence[str]
    text: str
    zone: str = NEW_YORK
    tier: str | None = None  # whose bars are fetched; None for checks and cleaning
    is_optional: bool = False  # started by an operator only
    #: How long after a bar came due, or the last pass was requested, the next pass is late.
    patience: dt.timedelta | None = None


_TIMETABLES = (
    _Timetable(
        "intraday_core",
        UPDATE_CORE,
        _INTRADAY,
        "Shortly after every quarter of an hour, fetches the core symbols whose market has "
        "finished a bar since the last update.",
        zone="UTC",
        tier="core",
        patience=dt.timedelta(hours=1),
    ),
    _Timetable(
        "after_close_daily",
        UPDATE_DAILY,
        # after the closes of Asia, of Europe and of New York (stocks 16:00, FX 17:00), and once
        # more for late prints
        ["0 4 * * *", "0 13 * * *", "30 17 * * *", "0 22 * * *"],
        "4:00, 13:00 and 17:30 New York, and 22:00 for late prints: fetches the daily symbols "
        "whose market was open.",
        tier="daily",
        patience=dt.timedelta(hours=10),  # the longest wait for a tick, and an hour
    ),
    _Timetable(
        "reconcile_daily",
        RECONCILE,
        "30 23 * * *",  # when the day's last updates are done
        "23:30 New York: compares digests of all symbols and finishes interrupted runs.",
        patience=dt.timedelta(hours=26),
    ),
    _Timetable(
        "check_freshness_daily",
        CHECK_FRESHNESS,
        "0 7 * * *",
        "7:00 New York: compares the last bar of every series with its trading calendar.",
    ),
    _Timetable(
        "prune_runs_weekly",
        PRUNE_RUNS,
        "0 5 * * 0",
        "Sunday 5:00 New York: deletes Dagster's old runs.",
    ),
    _Timetable(
        "verify_nightly",
        VERIFY_SHARE,
        "0 3 * * *",  # between the reconcile and the day
        "3:00 New York: hashes a share of the symbols again and lists damaged files.",
    ),
    _Timetable(
        "study_saturday",
        STUDY_WEEKLY,
        "0 8 * * 6",
        "Saturday 8:00 New York: runs every study over all symbols and writes their pages.",
        is_optional=True,
    ),
)


@dataclass(frozen=True)
class LatePass:
    """A pass that its schedule should have requested long ago."""

    since: dt.datetime | None  # the last one; None where there was none
    patience: dt.timedelta  # a daemon that runs for less can still request it


def late_passes(
    instance: dg.DagsterInstance, universe: Universe, now: dt.datetime
) -> dict[str, LatePass]:
    """The late passes by job; one that is queued or running is not late."""
    late = {}
    for table in _TIMETABLES:
        if table.patience is None or is_in_progress(instance, table.job):
            continue
        since, at = last_update(instance, table.name), now - table.patience
        served = _served(universe, table.tier)
        if since is not None and since >= at:
            continue
        if table.tier is None or _due(served, since, at):
            late.update({table.job: LatePass(since, table.patience)} if served else {})
    return late


def build_schedules(current: CurrentUniverse) -> list[dg.ScheduleDefinition]:
    """The schedules; ``current`` decides which are RUNNING by default."""
    return [_schedule(table, current) for table in _TIMETABLES]


def _schedule(table: _Timetable, current: CurrentUniverse) -> dg.ScheduleDefinition:
    is_running = not table.is_optional and bool(_served(current(), table.tier))
    statuses = dg.DefaultScheduleStatus

    @dg.schedule(
        name=table.name,
        job_name=table.job,
        cron_schedule=table.cron,
        execution_timezone=table.zone,
        default_status=statuses.RUNNING if is_running else statuses.STOPPED,
        description=table.text,
    )
    def tick(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        if is_in_progress(context.instance, table.job):
            return dg.SkipReason(f"a run of {table.job} is still in progress")
        at = context.scheduled_execution_time
        since = last_update(context.instance, table.name)
        config = None
        if table.job == VERIFY_SHARE:
            config = share_config(at.date(), None if since is None else since.date())
        if table.tier is not None:
            due = _due(_served(current(), table.tier), since, at)
            if not due:
                text = f"no symbol of tier {table.tier} can have a new bar since {since}"
                return dg.SkipReason(text)
            config = listed_config(table.job, due)
        return dg.RunRequest(
            run_key=f"{table.name}:{at.isoformat()}",
            run_config=config,
            tags=update_tags(table.name, at, since),
        )

    return tick


def is_in_progress(instance: dg.DagsterInstance, job: str) -> bool:
    """True while a run of the job is queued or running: updates never overlap themselves."""
    pending = dg.RunsFilter(job_name=job, statuses=_IN_PROGRESS)
    return bool(instance.get_run_records(pending, limit=1))


def _served(universe: Universe, tier: str | None) -> list[Instrument]:
    instruments = universe.instruments if tier is None else universe.tier(tier)
    return [instrument for instrument in instruments if instrument.is_updating]


def _due(served: Sequence[Instrument], since: dt.datetime | None, at: dt.datetime) -> list[str]:
    return [
        instrument.symbol
        for instrument in served
        if is_due(instrument.market, instrument.tier, since, at)
    ]
