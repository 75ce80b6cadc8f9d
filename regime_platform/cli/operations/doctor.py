"""`regime doctor`: its checks of what was chosen: severities, eras, symbols, alerts.

Those of the installation are in ``health``, those of the vendor in ``vendor_health``.
"""

import datetime as dt
import re
from functools import partial
from typing import Annotated
from urllib.parse import urlsplit

import typer

from regime_platform.audit.archives import all_archives
from regime_platform.bar_store.layout import DataRoot
from regime_platform.cli.console.clock import Clock
from regime_platform.cli.console.output import ALL_GOOD, NOTHING_SUCCEEDED, Output
from regime_platform.cli.console.screen import styled
from regime_platform.cli.operations.health import installation_checks
from regime_platform.cli.operations.vendor_health import live_checks
from regime_platform.operations.renames import unfinished
from regime_platform.orchestration.alerts.outgoing import is_confidential
from regime_platform.orchestration.alerts.reported import read_digest, read_reported
from regime_platform.orchestration.alerts.rules_file import read_rules
from regime_platform.orchestration.status.calendars import calendar_checks
from regime_platform.orchestration.status.check import Check, run_checks
from regime_platform.orchestration.status.credits import credit_checks
from regime_platform.pipeline.eras import adoptions, eras_in_force, unlogged
from regime_platform.pipeline.gate.validate_log import read_policy
from regime_platform.pipeline.identity import other_instrument
from regime_platform.settings import Settings, load_universe
from regime_platform.validation.policy import Policy


def doctor(
    *,
    live: Annotated[
        bool,
        typer.Option(
            "--live", help="Also query the vendor for its limits and listings; 10 credits."
        ),
    ] = False,
    clock: Clock,
    out: Output,
) -> int:
    settings, now = Settings(), clock.moment()
    checks = installation_checks(settings) + choice_checks(settings)
    checks += run_checks(settings, (partial(_calendar_ends, now),)) + credit_checks(settings, now)
    if live:
        checks += live_checks(settings, now)
    is_well = all(check.status != "error" for check in checks)
    fields = ("name", "status", "detail", "remedy")
    documents = [{name: getattr(check, name) for name in fields} for check in checks]
    out.document({"is_well": is_well, "checks": documents})
    rows = [(check.name, styled(check.status), check.text()) for check in checks]
    out.table(("check", "status", "detail"), rows, folding=("detail",))
    return ALL_GOOD if is_well else NOTHING_SUCCEEDED


_HOST = re.compile(r"[A-Za-z0-9.-]+|\[?[0-9A-Fa-f:]+\]?")


def choice_checks(settings: Settings) -> list[Check]:
    """Whether each choice can be read and is unchanged since it was made."""
    named = (_severities, _eras, _renames, _instruments, _archives, _heartbeat, _alerts)
    return run_checks(settings, (*named, _alert_rules))


def _calendar_ends(now: dt.datetime, settings: Settings) -> list[Check]:
    return calendar_checks(load_universe(settings), now)


def _severities(settings: Settings) -> list[Check]:
    root = _root(settings)
    chosen = read_policy(root).chosen.items() - Policy().chosen.items()
    changed = ", ".join(sorted(f"{rule} {name} {severity}" for (rule, name), severity in chosen))
    if not root.gate_policy.exists():
        return [Check("severities", "ok", "no gate.yaml: default severities")]
    return [Check("severities", "ok", f"{root.gate_policy}: {changed or 'default severities'}")]


def _eras(settings: Settings) -> list[Check]:
    root = _root(settings)
    in_force, adopted = eras_in_force(root), adoptions(root)
    if not adopted:
        return [Check("eras", "ok", f"{in_force.version} in force, no adoptions")]
    last, lost = adopted[-1], unlogged(root)
    if lost:
        first = f"the adoption of {lost[0].version} on {lost[0].since:%Y-%m-%d}"
        remedy = f"restore it, or `regime eras adopt {last.version} --reason TEXT` writes it again"
        return [Check("eras", "error", f"{root.adoption_log} does not have {first}", remedy)]
    adoption = f"{last.version} in force since {last.since:%Y-%m-%d} by {last.by}, unchanged"
    return [Check("eras", "ok", adoption)]


def _renames(settings: Settings) -> list[Check]:
    begun = [Check("renames", "error", rename.describe()) for rename in unfinished(settings)]
    return begun or [Check("renames", "ok", "no unfinished renames")]


def _instruments(settings: Settings) -> list[Check]:
    root = _root(settings)
    entries = load_universe(settings).instruments
    reasons = (other_instrument(root.symbol(entry.symbol), entry) for entry in entries)
    faults = [Check("instruments", "error", reason) for reason in reasons if reason]
    return faults or [Check("instruments", "ok", "stored bars match the universe")]


def _archives(settings: Settings) -> list[Check]:
    root = _root(settings)
    archives = all_archives(root)
    begun = [archive.describe() for archive in archives if not archive.is_finished]
    gone = [
        f"{archive.folder(root)} is missing; restore it from a backup"
        for archive in archives
        if archive.is_finished and not archive.folder(root).is_dir()
    ]
    faults = [Check("archive", "error", reason) for reason in (*begun, *gone)]
    count = f"{len(archives)} folders in {root.archive}" if archives else "empty"
    return faults or [Check("archive", "ok", count)]


def _alerts(settings: Settings) -> list[Check]:
    """Whether the settings of the alert channels are usable; nothing is sent."""
    faults = []
    webhook = settings.notify_webhook
    if webhook is not None and not _is_address(webhook.get_secret_value(), ("http", "https")):
        remedy = "give an https:// address"
        faults.append(Check("alerts", "error", "REGIME_NOTIFY_WEBHOOK is no address", remedy))
    server = settings.notify_smtp
    if server is not None and not _is_address(server.get_secret_value(), ("smtp", "smtps")):
        remedy = "write smtp://HOST:PORT or smtps://HOST:PORT"
        faults.append(Check("alerts", "error", "REGIME_NOTIFY_SMTP is no mail server", remedy))
    if settings.notify_email and (server is None or "@" not in settings.notify_email):
        reason = "REGIME_NOTIFY_EMAIL needs an address with @ and REGIME_NOTIFY_SMTP"
        faults.append(Check("alerts", "error", reason, "set both"))
    names = [name for name in settings.allowed_host_names() if not _HOST.fullmatch(name)]
    if names:
        reason = f"REGIME_ALLOWED_HOSTS has {', '.join(names)}"
        faults.append(Check("web", "error", reason, "give bare names, without scheme or port"))
    return faults or [Check("alerts", "ok", "all chosen channels are usable")]


def _alert_rules(settings: Settings) -> list[Check]:
    """Whether alerts.yaml, and the records of what was sent, can be read."""
    root = _root(settings)
    rules = read_rules(root, load_universe(settings)).describe()
    read_reported(settings)
    read_digest(settings)
    origin = root.alert_rules if root.alert_rules.exists() else "no alerts.yaml: defaults"
    return [Check("alert rules", "ok", f"{origin}, {rules}")]


def _is_address(text: str, schemes: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in schemes and bool(parts.hostname)
    except ValueError:
        return False


def _heartbeat(settings: Settings) -> list[Check]:
    if settings.heartbeat_url is None:
        remedy = "set REGIME_HEARTBEAT_URL to be alerted when the daemon stops"
        return [Check("heartbeat", "ok", "not sent", remedy)]
    if not is_confidential(settings.heartbeat_url):
        remedy = "give an https:// address (http:// only to this machine)"
        return [Check("heartbeat", "error", "REGIME_HEARTBEAT_URL is not used", remedy)]
    return [Check("heartbeat", "ok", "sent after every pass of the daemon")]


def _root(settings: Settings) -> DataRoot:
    return DataRoot(settings.root_folder)
