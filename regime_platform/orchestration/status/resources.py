"""The rows of `regime status` about disk, credits and alerts."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from regime_platform.errors import RegimeError
from regime_platform.operations.disk_budget import DiskBudget, disk_budget
from regime_platform.orchestration.alerts.alert_record import (
    channel_names,
    failing_channels,
    last_alert,
)
from regime_platform.orchestration.alerts.reported import read_reported
from regime_platform.orchestration.alerts.rules_file import read_rules
from regime_platform.orchestration.status.check import Check, free_space, gigabytes
from regime_platform.orchestration.status.credits import credit_checks
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings

_FEW_DAYS = 60
_YEARS = 10


@dataclass(frozen=True)
class AlertItem:
    """A line of the last alert, or a channel that does not send."""

    name: str
    reason: str = ""


def disk_check(workspace: RunWorkspace, now: dt.datetime) -> Check:
    """Space taken and free; looks at the size of every file."""
    disk, space = disk_budget(workspace, now), free_space(workspace.root.path)
    used = gigabytes(disk.used_bytes)
    text = f"{used} used, {space.detail}{_lasts(disk)}"
    is_short = disk.days_left is not None and disk.days_left < _FEW_DAYS
    remedy = space.remedy or ("free space or move the data root" if is_short else "")
    status = "error" if is_short else space.status
    facts = {**asdict(disk), "bytes_a_year": disk.bytes_a_year, "days_left": disk.days_left}
    return Check("disk", status, text, remedy, more="regime compact --all", facts=facts)


def _lasts(disk: DiskBudget) -> str:
    """How long the free space will do; nothing where nothing grows."""
    if disk.days_left is None:
        return ""
    if disk.days_left > _YEARS * 365:
        return f", for over {_YEARS} years"
    return f", for {disk.days_left:,} days"


def credit_rows(settings: Settings, now: dt.datetime) -> Sequence[Check]:
    """Credits spent and the vendor's clock, without what to do about an unused vendor."""
    more = "regime doctor"
    return [
        replace(check, more=more, remedy=check.remedy if check.status == "error" else "")
        for check in credit_checks(settings, now)
    ]


def alert_check(workspace: RunWorkspace) -> Check:
    """The last alert, where alerts go, and why they do not go there, or not by alerts.yaml."""
    settings = workspace.settings
    last, more = last_alert(settings), "regime status --all-rows"
    failing = failing_channels(settings)
    channels = channel_names(settings)
    facts = {
        "channels": list(channels),
        "failing": {name: unsent.model_dump(mode="json") for name, unsent in failing.items()},
        "last": None if last is None else {"title": last.title, "at": last.at},
    }
    if failing:
        items = [
            AlertItem(
                name,
                f"has not sent {unsent.alerts} alert{'s' * (unsent.alerts > 1)} since "
                f"{unsent.since:%Y-%m-%d %H:%M} ({unsent.reason}): {unsent.title}",
            )
            for name, unsent in failing.items()
        ]
        text = f"not sent by {', '.join(failing)}"
        remedy = "correct the address or the server; `regime doctor` checks the settings"
        return Check("alerts", "error", text, remedy, more=more, items=items, facts=facts)
    try:
        read_rules(workspace.root, workspace.universe)
        read_reported(settings)
    except RegimeError as error:
        return Check("alerts", "error", f"{error}", more="regime alerts preview", facts=facts)
    to = f"to {', '.join(channels)}" if channels else "kept in a file only"
    if last is None:
        return Check("alerts", "ok", f"{to}; none yet", more="regime doctor", facts=facts)
    text = f"{to}; last {last.at:%Y-%m-%d %H:%M}: {last.title}"
    items = [AlertItem(line) for line in last.lines]
    return Check("alerts", "ok", text, more=more, items=items, facts=facts)
