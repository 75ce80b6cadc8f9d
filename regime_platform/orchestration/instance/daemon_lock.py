"""The lock of Dagster's daemon: one daemon per data root, and whether it runs.

The system frees a lock when the process that holds it ends, however it ends.
"""

import datetime as dt
import os
from pathlib import Path

from regime_platform.bar_store.locks import holder_of, is_locked, take
from regime_platform.errors import UsageError
from regime_platform.settings import Settings


def hold_daemon_lock(settings: Settings) -> None:
    """Takes the lock for this process and for what it turns into.

    Raises:
        UsageError: a daemon of the data root is running.
    """
    path = _lock(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    if not take(descriptor):
        os.close(descriptor)
        raise UsageError(
            f"{path.parent} is in use by {holder_of(path)}; stop it first, only one daemon can "
            "run there (`regime ui` runs one too)",
            code="daemon-running",
        )
    os.set_inheritable(descriptor, True)


def daemon_running_for(settings: Settings, now: dt.datetime) -> float | None:
    """Seconds since the lock was taken; None where no process holds it."""
    path = _lock(settings)
    return now.timestamp() - path.stat().st_mtime if is_locked(path) else None


def _lock(settings: Settings) -> Path:
    return settings.root_folder / "dagster" / "daemon.lock"
