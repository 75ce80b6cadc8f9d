"""Telling persons: a notice goes to the log and a file, and where the settings say so further.

A channel that fails stops neither the others nor the run that has something to say; that it failed
is logged. An address of a webhook is a secret (whoever has it can write), so no message repeats it.
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
from regime_platform.orchestration.instance.state import state_folder
from regime_platform.settings import Settings
from regime_platform.sources.http_client import is_loopback

_LOG = logging.getLogger("regime_platform.notices")
_PATIENCE = 20.0  # seconds that a server may take
_LINES = 20  # of a notice that are sent; the file and the UI have all

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
class Notice:
    """Something that a person should know."""

    kind: str  # run_failed, stale, regime_changed
    title: str
    at: dt.datetime
    lines: Sequence[str] = ()
    facts: Mapping[str, str | int] = field(default_factory=dict)

    def text(self) -> str:
        """The notice as a message, its first lines; each is one line, whatever it repeats."""
        more = [f"and {len(self.lines) - _LINES} more"] if len(self.lines) > _LINES else []
        return "\n".join(inert(line) for line in (self.title, *self.lines[:_LINES], *more))


Channel = Callable[[Notice], None]


def notify(settings: Settings, notice: Notice) -> list[str]:
    """Tells a notice on every channel; returns which failed, and why."""
    problems = []
    for name, channel in _channels(settings):
        try:
            channel(notice)
        except _TROUBLE as error:
            reason = f"{error}" if isinstance(error, ConfigError) else type(error).__name__
            problems.append(f"{name}: {reason}")
            _LOG.warning("the notice %r did not go out by %s", notice.title, problems[-1])
    return problems


def _channels(settings: Settings) -> Iterator[tuple[str, Channel]]:
    yield "log", lambda notice: _LOG.warning("%s", notice.text())
    yield "file", lambda notice: _keep(settings, notice)
    if (webhook := settings.notify_webhook) is not None:
        yield "webhook", lambda notice: _post(webhook, notice)
    if settings.notify_email and (server := settings.notify_smtp) is not None:
        yield "e-mail", lambda notice: _mail(server, settings.notify_email, notice)


def _keep(settings: Settings, notice: Notice) -> None:
    facts = {**asdict(notice), "at": notice.at.isoformat(timespec="seconds")}
    line = inert_json(json.dumps(facts, ensure_ascii=False))
    append_line(state_folder(settings) / "notices.jsonl", line)


def _post(webhook: SecretStr, notice: Notice) -> None:
    # "text" is what chat servers show; the rest is for programs
    body = {"text": notice.text(), "kind": notice.kind, **notice.facts}
    send("POST", webhook, deadline=_PATIENCE, body=body)


def _mail(server: SecretStr, to: str, notice: Notice) -> None:
    place = urlsplit(server.get_secret_value())
    message = EmailMessage()
    message["Subject"] = f"regime: {' '.join(notice.title.split())}"
    message["From"] = message["To"] = to
    message.set_content(notice.text())
    host, secure = place.hostname or "localhost", ssl.create_default_context()
    with _connected(place.scheme, host, place.port or 0, secure) as session:
        if place.username:
            _encrypt(session, place.scheme, host, secure)
            session.login(unquote(place.username), unquote(place.password or ""))
        session.send_message(message)


def _connected(scheme: str, host: str, port: int, secure: ssl.SSLContext) -> smtplib.SMTP:
    if scheme == "smtps":
        return smtplib.SMTP_SSL(host, port, timeout=_PATIENCE, context=secure)
    return smtplib.SMTP(host, port, timeout=_PATIENCE)


def _encrypt(session: smtplib.SMTP, scheme: str, host: str, secure: ssl.SSLContext) -> None:
    """Makes the connection one that may carry a password."""
    if scheme == "smtps":
        return
    session.ehlo()
    if session.has_extn("starttls"):
        session.starttls(context=secure)
    elif not is_loopback(host):
        raise ConfigError(
            f"the mail server {host} offers no STARTTLS, so it would get the password readable; "
            "set REGIME_NOTIFY_SMTP to one that does, or to smtps://"
        )
