"""The channels of alerts: log and file always, webhook and e-mail where the settings name them.

A channel that fails stops neither the others nor the run. The address of a webhook is a secret, so
no message repeats it.
"""

import datetime as dt
import json
import logging
import smtplib
import ssl
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

import httpx
from pydantic import SecretStr

from regime_platform.bounded_http import DeadlineError, TooLargeError
from regime_platform.errors import ConfigError
from regime_platform.files import append_line
from regime_platform.inert_text import inert, inert_json
from regime_platform.orchestration.alerts.alert_record import alert_file, record_channels
from regime_platform.orchestration.alerts.outgoing import send
from regime_platform.settings import Settings
from regime_platform.sources.http_client import is_loopback

_LOG = logging.getLogger("regime_platform.alerts")
_TIMEOUT = 20.0  # seconds that a server may take
_LINES = 20  # of an alert that are sent; the file has all
_ALL = "`regime alerts list --all-rows` shows all"

_TROUBLE = (
    OSError,
    httpx.HTTPError,
    httpx.InvalidURL,
    smtplib.SMTPException,
    ValueError,
    ConfigError,
    TooLargeError,
    DeadlineError,
)


@dataclass(frozen=True)
class Alert:
    """An event that an operator should know of."""

    kind: str  # run_failed, stale, regime_changed, weekly_digest, rules_invalid, test
    title: str
    at: dt.datetime
    lines: Sequence[str] = ()
    facts: Mapping[str, str | int] = field(default_factory=dict)
    groups: Sequence[str] = ()  # of each line; empty where lines are not grouped

    def text(self) -> str:
        """At most a screen: the title, the first lines, and the number of the others by group.

        Each stays one line, whatever text it repeats.
        """
        lines = (self.title, *self.lines[:_LINES], *self._rest())
        return "\n".join(inert(line) for line in lines)

    def _rest(self) -> Sequence[str]:
        left = len(self.lines) - _LINES
        if left <= 0:
            return []
        counts = Counter(self.groups[_LINES:])
        by_group = ", ".join(f"{count:,} {group}" for group, count in counts.items())
        return [f"and {left:,} more{f': {by_group}' if counts else ''}; {_ALL}"]


def send_alert(settings: Settings, alert: Alert) -> list[str]:
    """Sends an alert on every channel; returns which failed, and why, and records it."""
    problems: dict[str, str] = {}
    for name, send_by in _channels(settings):
        try:
            send_by(alert)
        except _TROUBLE as error:
            reason = f"{error}" if isinstance(error, ConfigError) else type(error).__name__
            problems[name] = reason
            _LOG.warning("the alert %r was not sent by %s: %s", alert.title, name, reason)
    with suppress(OSError):  # of a full disk, which the log reports
        record_channels(settings, alert.title, alert.at, problems)
    return [f"{name}: {reason}" for name, reason in problems.items()]


def _channels(settings: Settings) -> Iterator[tuple[str, Callable[[Alert], None]]]:
    yield "log", lambda alert: _LOG.warning("%s", alert.text())
    yield "file", partial(_keep, alert_file(settings))
    if settings.notify_webhook is not None:
        yield "webhook", partial(_post, settings.notify_webhook)
    if settings.notify_email and settings.notify_smtp is not None:
        yield "e-mail", partial(_mail, settings.notify_smtp, settings.notify_email)


def _keep(file: Path, alert: Alert) -> None:
    facts = {**asdict(alert), "at": alert.at.isoformat(timespec="seconds")}
    append_line(file, inert_json(json.dumps(facts, ensure_ascii=False)))


def _post(webhook: SecretStr, alert: Alert) -> None:
    # "text" is what chat servers show; the rest is for programs
    body = {"text": alert.text(), "kind": alert.kind, **alert.facts}
    send("POST", webhook, deadline=_TIMEOUT, body=body)


def _mail(server: SecretStr, to: str, alert: Alert) -> None:
    address = urlsplit(server.get_secret_value())
    message = EmailMessage()
    message["Subject"] = f"regime: {' '.join(alert.title.split())}"
    message["From"] = message["To"] = to
    message.set_content(alert.text())
    with _session(address, ssl.create_default_context()) as session:
        if address.username:
            session.login(unquote(address.username), unquote(address.password or ""))
        session.send_message(message)


def _session(address: SplitResult, secure: ssl.SSLContext) -> smtplib.SMTP:
    """A connection to the mail server, encrypted where it is to carry a password.

    Raises:
        ConfigError: the server would get the password readable.
    """
    host, port = address.hostname or "localhost", address.port or 0
    if address.scheme == "smtps":
        return smtplib.SMTP_SSL(host, port, timeout=_TIMEOUT, context=secure)
    session = smtplib.SMTP(host, port, timeout=_TIMEOUT)
    if not address.username:
        return session
    session.ehlo()
    if session.has_extn("starttls"):
        session.starttls(context=secure)
    elif not is_loopback(host):
        session.close()
        raise ConfigError(
            f"the mail server {host} offers no STARTTLS, so it would get the password readable; "
            "set REGIME_NOTIFY_SMTP to one that does, or to smtps://",
            code="mail-not-encrypted",
        )
    return session
