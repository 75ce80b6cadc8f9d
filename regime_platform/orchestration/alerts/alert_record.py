"""What is on record of alerts: the last one, and those that a channel could not send."""

import datetime as dt
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from pydantic import Field, ValidationError

from regime_platform.errors import RegimeError
from regime_platform.files import read_json, write_json
from regime_platform.json_text import load_json
from regime_platform.model.document import Document, Instant
from regime_platform.model.instants import instant
from regime_platform.settings import Settings

_TAIL = 1 << 22  # bytes of the file that are searched for its last alerts


class UnsentAlerts(Document):
    """Alerts that a channel has not sent since it began to fail."""

    since: Instant
    alerts: int
    title: str  # of the newest
    reason: str


class FailingChannels(Document):
    """The channels that failed at the last alert."""

    channels: dict[str, UnsentAlerts] = Field(default_factory=dict)


class StoredAlert(NamedTuple):
    """An alert in the file of alerts."""

    kind: str
    title: str
    at: dt.datetime
    lines: tuple[str, ...]


def alert_file(settings: Settings) -> Path:
    """The file with every alert, one line of JSON each."""
    return settings.dagster_folder / "notices.jsonl"


def failing_channels(settings: Settings) -> Mapping[str, UnsentAlerts]:
    """By name; empty where all work, or where the record cannot be read."""
    try:
        stored = read_json(_record(settings))
        return {} if stored is None else FailingChannels.model_validate(stored).channels
    except (RegimeError, OSError, ValidationError):
        return {}  # rewritten at the next alert


def record_channels(
    settings: Settings, title: str, at: dt.datetime, problems: Mapping[str, str]
) -> None:
    """Records which channels failed at an alert, and why; writes only what changed.

    Raises:
        OSError: the record cannot be written.
    """
    before = failing_channels(settings)
    failing = {}
    for name, reason in problems.items():
        known = before.get(name)
        since, alerts = (at, 0) if known is None else (known.since, known.alerts)
        failing[name] = UnsentAlerts(since=since, alerts=alerts + 1, title=title, reason=reason)
    if failing != before:
        write_json(_record(settings), FailingChannels(channels=failing).model_dump(mode="json"))


def last_alert(settings: Settings) -> StoredAlert | None:
    """The newest alert; None where there is none that can be read."""
    return next(newest_alerts(settings), None)


def newest_alerts(settings: Settings) -> Iterator[StoredAlert]:
    """The alerts of the last 4 MB of the file, newest first."""
    try:
        with alert_file(settings).open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - _TAIL))
            lines = stream.read().splitlines()
    except OSError:
        return
    for line in reversed(lines):
        with suppress(ValueError, KeyError, TypeError):  # torn by a kill
            stored = load_json(line)
            at, texts = instant(stored["at"]), tuple(stored["lines"])
            yield StoredAlert(stored["kind"], stored["title"], at, texts)


def channel_names(settings: Settings) -> Collection[str]:
    """The channels that leave this machine."""
    names = {
        "webhook": settings.notify_webhook is not None,
        "e-mail": bool(settings.notify_email) and settings.notify_smtp is not None,
    }
    return [name for name, is_set in names.items() if is_set]


def _record(settings: Settings) -> Path:
    return settings.dagster_folder / "failing_channels.json"
