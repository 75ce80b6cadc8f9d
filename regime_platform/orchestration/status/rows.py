"""All rows of `regime status`: also those of the report, so that the two always agree."""

import datetime as dt
from collections.abc import Callable, Sequence

import dagster as dg

from regime_platform.orchestration.status.calendars import calendar_checks
from regime_platform.orchestration.status.check import Check, reason_of
from regime_platform.orchestration.status.daemon import daemon_checks
from regime_platform.orchestration.status.resources import alert_check, credit_rows, disk_check
from regime_platform.orchestration.status.symbols import (
    ROWS,
    exact_other_code,
    instrument_check,
    symbol_checks,
)
from regime_platform.pipeline.run_workspace import RunWorkspace


def status_rows(
    workspace: RunWorkspace,
    now: dt.datetime,
    *,
    with_stale_code: bool = False,
    opened: dg.DagsterInstance | None = None,
) -> list[Check]:
    """Every state as a row; one that cannot be read is an error with the reason.

    ``opened`` is Dagster's instance where it is open already.
    """
    settings = workspace.settings
    checks = [
        *checked("daemon", lambda: daemon_checks(settings, now, workspace.universe, opened)),
        *_symbols(workspace, now),
        *checked("other instrument", lambda: [instrument_check(workspace)]),
        *checked("calendar ends", lambda: calendar_checks(workspace.universe, now)),
        *checked("credits", lambda: credit_rows(settings, now)),
        *checked("disk", lambda: [disk_check(workspace, now)]),
        *checked("alerts", lambda: [alert_check(workspace)]),
    ]
    if not with_stale_code:
        return checks
    exact = checked("other code", lambda: [exact_other_code(workspace)])
    return [*exact, *(check for check in checks if check.name != "other code")]


def _symbols(workspace: RunWorkspace, now: dt.datetime) -> Sequence[Check]:
    checks = checked("board", lambda: symbol_checks(workspace, now))
    if len(checks) > 1:
        return checks
    unknown = "not known, since the board cannot be read"
    return [*(Check(name, "note", unknown) for name in ROWS if name != "board"), *checks]


def checked(name: str, check: Callable[[], Sequence[Check]]) -> Sequence[Check]:
    """The results of a check, or why it failed."""
    try:
        return check()
    except Exception as error:  # noqa: BLE001 - the other checks must still run
        return [Check(name, "error", f"cannot be read: {reason_of(error)}", is_fatal=True)]
