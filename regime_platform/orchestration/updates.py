"""The time of the last update of a schedule, as tags of its runs.

The next update covers the bars due since then. A run that its source ended early sets that time
back to what it was before, so that the next tick requests what was not reached.
"""

import datetime as dt

import dagster as dg

ASKED_AT = "regime/asked_at"
_ASKED_BY = "regime/asked_by"
_ASKED_SINCE = "regime/asked_since"


def update_tags(timetable: str, at: dt.datetime, since: dt.datetime | None) -> dict[str, str]:
    """The tags of an update at ``at``, after the one at ``since``."""
    before = "" if since is None else since.isoformat()
    return {ASKED_AT: at.isoformat(), _ASKED_BY: timetable, _ASKED_SINCE: before}


def last_update(instance: dg.DagsterInstance, timetable: str) -> dt.datetime | None:
    """The time of the last update of a timetable; None where there was none.

    A failed update counts: the symbols that failed are fetched when their next bar is due.
    """
    done = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]
    wanted = dg.RunsFilter(tags={_ASKED_BY: timetable}, statuses=done)
    records = instance.get_run_records(wanted, limit=1)
    asked = records[0].dagster_run.tags[ASKED_AT] if records else ""
    return dt.datetime.fromisoformat(asked) if asked else None


def set_back(context: dg.OpExecutionContext) -> None:
    """Records that the run of an update ended early."""
    before = context.run.tags.get(_ASKED_SINCE)
    if before is not None:
        context.instance.add_run_tags(context.run_id, {ASKED_AT: before})
