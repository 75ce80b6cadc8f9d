"""The checks of `regime doctor` about what persons chose: severities, eras, symbols."""

import re
from urllib.parse import urlsplit

from regime_platform.bars.layout import DataRoot
from regime_platform.cli.health import Finding, looked_at
from regime_platform.settings import Settings

_HOST = re.compile(r"[A-Za-z0-9.-]+|\[?[0-9A-Fa-f:]+\]?")


def choice_findings(settings: Settings) -> list[Finding]:
    """Whether what was chosen can be read, and is what it was when it was chosen."""
    return looked_at(
        settings, (_severities, _eras, _renames, _instruments, _archives, _heartbeat, _alerts)
    )


def _severities(settings: Settings) -> list[Finding]:
    from regime_platform.pipeline.judging import severities
    from regime_platform.validation.policy import Policy

    root = _root(settings)
    chosen = severities(root).chosen.items() - Policy().chosen.items()
    told = ", ".join(sorted(f"{rule} {name} {severity}" for (rule, name), severity in chosen))
    if not root.gate_policy.exists():
        return [Finding("severities", "ok", "no gate.yaml: every rule as it ships")]
    return [Finding("severities", "ok", f"{root.gate_policy}: {told or 'as they ship'}")]


def _eras(settings: Settings) -> list[Finding]:
    from regime_platform.pipeline.eras import adoptions, eras_in_force

    root = _root(settings)
    in_force, adopted = eras_in_force(root), adoptions(root)
    if not adopted:
        return [Finding("eras", "ok", f"{in_force.version} in force, none was ever adopted")]
    last = adopted[-1]
    told = f"{last.version} in force since {last.since:%Y-%m-%d} by {last.by}, as it was adopted"
    return [Finding("eras", "ok", told)]


def _renames(settings: Settings) -> list[Finding]:
    from regime_platform.pipeline.renaming import unfinished

    begun = [Finding("renames", "wrong", one.told()) for one in unfinished(settings)]
    return begun or [Finding("renames", "ok", "none is unfinished")]


def _instruments(settings: Settings) -> list[Finding]:
    from regime_platform.pipeline.identity import other_instrument
    from regime_platform.settings import load_universe

    root = _root(settings)
    entries = load_universe(settings).instruments
    refused = [reason for entry in entries if (reason := other_instrument(root, entry))]
    found = [Finding("instruments", "wrong", reason) for reason in refused]
    return found or [Finding("instruments", "ok", "the universe names those of the stored bars")]


def _archives(settings: Settings) -> list[Finding]:
    from regime_platform.pipeline.archives import all_archives

    root = _root(settings)
    archives = all_archives(root)
    begun = [archive.describe() for archive in archives if not archive.is_finished]
    gone = [
        f"{archive.folder(root)} is gone, restore it from a backup"
        for archive in archives
        if archive.is_finished and not archive.folder(root).is_dir()
    ]
    found = [Finding("archive", "wrong", reason) for reason in (*begun, *gone)]
    count = f"{len(archives)} folders in {root.archive}" if archives else "empty"
    return found or [Finding("archive", "ok", count)]


def _alerts(settings: Settings) -> list[Finding]:
    """Whether alerts can leave the machine by the ways that were chosen; nothing is sent."""
    findings = []
    webhook = settings.notify_webhook
    if webhook is not None and not _is_address(webhook.get_secret_value(), ("http", "https")):
        remedy = "give an https:// address"
        findings.append(Finding("alerts", "wrong", "REGIME_NOTIFY_WEBHOOK is no address", remedy))
    server = settings.notify_smtp
    if server is not None and not _is_address(server.get_secret_value(), ("smtp", "smtps")):
        remedy = "write smtp://HOST:PORT or smtps://HOST:PORT"
        findings.append(Finding("alerts", "wrong", "REGIME_NOTIFY_SMTP is no mail server", remedy))
    if settings.notify_email and (server is None or "@" not in settings.notify_email):
        reason = "REGIME_NOTIFY_EMAIL needs an address with @ and REGIME_NOTIFY_SMTP beside it"
        findings.append(Finding("alerts", "wrong", reason, "set both"))
    names = [name for name in settings.allowed_host_names() if not _HOST.fullmatch(name)]
    if names:
        reason = f"REGIME_ALLOWED_HOSTS has {', '.join(names)}"
        findings.append(Finding("web", "wrong", reason, "give bare names, without scheme or port"))
    return findings or [Finding("alerts", "ok", "every way that was chosen can be used")]


def _is_address(text: str, schemes: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in schemes and bool(parts.hostname)
    except ValueError:
        return False


def _heartbeat(settings: Settings) -> list[Finding]:
    from regime_platform.orchestration.outgoing import is_confidential

    if settings.heartbeat_url is None:
        remedy = "set REGIME_HEARTBEAT_URL to hear of a daemon that is gone"
        return [Finding("heartbeat", "ok", "none is sent", remedy)]
    if not is_confidential(settings.heartbeat_url):
        remedy = "give an https:// address (http:// only to this machine)"
        return [Finding("heartbeat", "wrong", "REGIME_HEARTBEAT_URL is not used", remedy)]
    return [Finding("heartbeat", "ok", "sent after every pass of the daemon")]


def _root(settings: Settings) -> DataRoot:
    return DataRoot(settings.data_root.expanduser().absolute())
