"""The channels of alerts: log and file always, webhook and e-mail where the settings name them.

A channel that fails stops neither the others nor the run that sends the alert; its failure is
logged. The address of a webhook is a secret (it permits to write there), so no message repeats it.
"""

import datetime as dt
import json
import logging
import smtplib
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

import httpx
from pydantic import SecretStr

from regime_platform.bounded_http import DeadlineError, TooLargeError
from regime_platform.errors import ConfigError
from regime_platform.files import append_line
from regime_platform.inert_text import inert, inert_json
from regime_platform.orchestration.alerts.outgoing import send
from regime_platform.orchestration.instance.storage import state_folder
from regime_platform.settings import Settings
from regime_platform.sources.http_client import is_loopback

_LOG = logging.getLogger("regime_platform.alerts")
_TIMEOUT = 20.0  # seconds that a server may take
_LINES = 20  # of an alert that are sent; the file has all

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

    kind: str  # run_failed, stale, regime_changed
    title: str
    at: dt.datetime
    lines: Sequence[str] = ()
    facts: Mapping[str, str | int] = field(default_factory=dict)

    def text(self) -> str:
        """The title and first lines as a message; each stays one line, whatever text it repeats."""
        more = [f"and {len(self.lines) - _LINES} more"] if len(self.lines) > _LINES else []
        return "\n".join(inert(line) for line in (self.title, *self.lines[:_LINES], *more))


Channel = Callable[[Alert], None]


def send_alert(settings: Settings, alert: Alert) -> list[str]:
    """Sends an alert on every channel; returns which failed, and why."""
    problems = []
    for name, channel in _channels(settings):
        try:
            channel(alert)
        except _TROUBLE as error:
            reason = f"{error}" if isinstance(error, ConfigError) else type(error).__name__
            problems.append(f"{name}: {reason}")
            _LOG.warning("the alert %r was not sent by %s", alert.title, problems[-1])
    return problems


def _channels(settings: Settings) -> Iterator[tuple[str, Channel]]:
    yield "log", lambda alert: _LOG.warning("%s", alert.text())
    yield "file", lambda alert: _keep(settings, alert)
    if (webhook := settings.notify_webhook) is not None:
        yield "webhook", lambda alert: _post(webhook, alert)
    if settings.notify_email and (server := settings.notify_smtp) is not None:
        yield "e-mail", lambda alert: _mail(server, settings.notify_email, alert)


def _keep(settings: Settings, alert: Alert) -> None:
    facts = {**asdict(alert), "at": alert.at.isoformat(timespec="seconds")}
    line = inert_json(json.dumps(facts, ensure_ascii=False))
    append_line(state_folder(settings) / "notices.jsonl", line)


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
    host, secure = address.hostname or "localhost", ssl.create_default_context()
    with _connected(address.scheme, host, address.port or 0, secure) as session:
        if address.username:
            _encrypt(session, address.scheme, host, secure)
            session.login(unquote(address.username), unquote(address.password or ""))
        session.send_message(message)


def _connected(scheme: str, host: str, port: int, secure: ssl.SSLContext) -> smtplib.SMTP:
    if scheme == "smtps":
        return smtplib.SMTP_SSL(host, port, timeout=_TIMEOUT, context=secure)
    return smtplib.SMTP(host, port, timeout=_TIMEOUT)


def _encrypt(session: smtplib.SMTP, scheme: str, host: str, secure: ssl.SSLContext) -> None:
    """Encrypts the connection, so that it may carry a password."""
    if scheme == "smtps":
        return
    session.ehlo()
    if session.has_extn("starttls"):
        session.starttls(context=secure)
    elif not is_loopback(host):
        raise ConfigError(
            f"the mail server {host} offers no STARTTLS, so it would get the password readable; "
            "set REGIME_NOTIFY_SMTP to one that does, or to smtps://",
            code="mail-not-encrypted",
        )
