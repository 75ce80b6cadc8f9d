"""One daemon per data root, guarded by a lock that the daemon's process holds until it ends."""

import datetime as dt
import fcntl
import os
from pathlib import Path

from regime_platform.errors import UsageError
from regime_platform.settings import Settings


def hold_daemon_lock(settings: Settings) -> None:
    """Takes the lock for this process and for what it turns into; it goes with the process.

    Raises:
        UsageError: a daemon of the data root is running.
    """
    path = _lock(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise UsageError(
            f"a daemon already runs on {path.parent}; stop it first (`regime ui` runs one too)",
            code="daemon-running",
        ) from error
    os.utime(descriptor)  # since when it is taken
    os.set_inheritable(descriptor, True)


def is_daemon_running(settings: Settings) -> bool:
    """True where a process holds the lock."""
    path = _lock(settings)
    if not path.exists():
        return False
    with path.open("rb") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        fcntl.flock(stream, fcntl.LOCK_UN)
    return False


def daemon_running_for(settings: Settings, now: dt.datetime) -> float | None:
    """Seconds since the lock was taken; None where no process holds it."""
    if not is_daemon_running(settings):
        return None
    return now.timestamp() - _lock(settings).stat().st_mtime


def _lock(settings: Settings) -> Path:
    return settings.root_folder / "dagster" / "daemon.lock"
