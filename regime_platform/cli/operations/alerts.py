"""`regime alerts list` and `test`."""

from itertools import islice
from typing import Annotated

import typer

from regime_platform.cli.console.clock import Clock
from regime_platform.cli.console.output import ALL_GOOD, NOTHING_SUCCEEDED, LongOutput, Output
from regime_platform.model.instants import iso
from regime_platform.orchestration.alerts.alert_record import (
    alert_file,
    channel_names,
    newest_alerts,
)
from regime_platform.orchestration.alerts.channels import Alert, send_alert
from regime_platform.settings import Settings

_LINES = 5  # of each alert, without --all-rows


def list_alerts(
    *,
    last: Annotated[int, typer.Option("--last", min=1, help="How many alerts.")] = 10,
    out: LongOutput,
) -> None:
    settings = Settings()
    alerts = list(islice(newest_alerts(settings), last))[::-1]
    out.document([{**alert._asdict(), "at": iso(alert.at)} for alert in alerts])
    for alert in alerts:
        out.line(f"{alert.at:%Y-%m-%d %H:%M} {alert.kind}: {alert.title}", "bold")
        for line in out.shown(alert.lines, _LINES):
            out.line(f"  {line}")
        out.cut(len(alert.lines) - _LINES if not out.all_rows else 0, "line")
    if not alerts:
        out.note(f"no alerts in {alert_file(settings)}")


def send_test(*, clock: Clock, out: Output) -> int:
    settings, now = Settings(), clock.stamp()
    alert = Alert("test", f"test of alerts about {settings.root_folder}", now, ["no action needed"])
    problems = send_alert(settings, alert)
    names = ["log", "file", *channel_names(settings)]
    out.document({"channels": names, "problems": problems})
    for name in names:
        problem = next((each for each in problems if each.startswith(f"{name}: ")), "")
        out.line(problem or f"{name}: sent", "bold red" if problem else "")
    if not channel_names(settings):
        out.note("set REGIME_NOTIFY_WEBHOOK, or REGIME_NOTIFY_EMAIL and _SMTP, to get alerts")
    return NOTHING_SUCCEEDED if problems else ALL_GOOD
