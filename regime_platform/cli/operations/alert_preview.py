"""`regime alerts preview`: what the rules would have sent, and the digest as it is now."""

import datetime as dt
from itertools import islice
from typing import Annotated, Any

import typer

from regime_platform.cli.console.clock import Clock
from regime_platform.cli.console.options import Symbols
from regime_platform.cli.console.output import Output
from regime_platform.cli.console.progress import announced
from regime_platform.model.instants import iso
from regime_platform.orchestration.alerts.channels import Alert
from regime_platform.orchestration.alerts.preview import preview
from regime_platform.orchestration.alerts.rules_file import read_rules
from regime_platform.orchestration.alerts.weekly import next_digest
from regime_platform.workspace import Workspace

_NAMED = 5  # series without results


def preview_alerts(
    symbols: Symbols = None,
    *,
    days: Annotated[int, typer.Option("--days", min=1, help="How many days back.")] = 7,
    clock: Clock,
    out: Output,
) -> None:
    workspace, now = Workspace.open(), clock.moment()
    rules = read_rules(workspace.root, workspace.universe)
    universe = workspace.universe
    wanted = universe.select(symbols) if symbols else universe.instruments
    result = preview(workspace, rules, announced(wanted), now, days)
    digest = None
    if rules.digest and not symbols:
        made = next_digest(workspace.settings, universe, rules.digest, now)
        digest = None if made is None else made.alert
    out.document(
        {
            "rules": rules.describe(),
            "since": iso(now - dt.timedelta(days=days)),
            **result._asdict(),
            "alerts": [_document(alert) for alert in result.alerts],
            "digest": None if digest is None else _document(digest),
        }
    )
    for alert in result.alerts:
        out.line(f"{alert.at:%Y-%m-%d}", "bold")
        _show(alert, out)
    if digest is not None:
        out.line(f"next digest, {rules.digest}", "bold")
        _show(digest, out)
    for name, reason in islice(result.left_out.items(), _NAMED):
        out.note(f"{name}: {reason}", "yellow")
    if (more := len(result.left_out) - _NAMED) > 0:
        out.note(f"and {more:,} more series without results", "yellow")
    out.note(
        f"{len(result.alerts):,} alerts in {days:,} days, of {result.series:,} series with "
        f"{result.raw:,} changes of which {result.counted:,} count; {rules.describe()}"
    )


def _show(alert: Alert, out: Output) -> None:
    for line in alert.text().splitlines():
        out.line(line)


def _document(alert: Alert) -> dict[str, Any]:
    return {"at": iso(alert.at), "title": alert.title, "lines": alert.lines, "facts": alert.facts}
