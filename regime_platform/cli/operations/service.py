"""`regime ui` and `regime service`: Dagster's daemon and webserver, systemd units.

All processes read the same settings. A lock prevents a second daemon on the same data root, with
which neither would work.
"""

import datetime as dt
import fcntl
import os
import re
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from regime_platform.cli.console.options import Now
from regime_platform.errors import UsageError
from regime_platform.settings import Settings

Port = Annotated[int, typer.Option("--port", help="Port to listen on.")]
Host = Annotated[str, typer.Option("--host", help="Address to listen on.")]
ReadOnly = Annotated[bool, typer.Option("--read-only", help="Allow viewing only, no changes.")]

service = typer.Typer(no_args_is_help=True, add_completion=False)

_UNIT = """\
# /etc/systemd/system/regime-{name}.service
[Unit]
Description=regime_platform {name}
After=network-online.target
Wants=network-online.target

[Service]
User={user}
WorkingDirectory={folder}
Environment={root}
# TWELVEDATA_API_KEY and other settings; readable by root alone
EnvironmentFile=-/etc/regime_platform.env
ExecStart={command} service {name}
Restart=on-failure
RestartSec=10
KillSignal=SIGINT
TimeoutStopSec=120
{more}
[Install]
WantedBy=multi-user.target
"""


@service.command("install")
def install(
    user: Annotated[str, typer.Option("--user", help="System user of the services.")] = "regime",
) -> None:
    """Print two systemd units for the current data root; writes nothing."""
    import sys
    from pathlib import Path

    from regime_platform.cli.console.screen import results
    from regime_platform.settings import PROJECT_ROOT, Settings

    values = {
        "user": user,
        "folder": str(PROJECT_ROOT).replace("%", "%%"),
        "root": _quoted(f"REGIME_DATA_ROOT={Settings().root_folder}"),
        "command": _quoted(str(Path(sys.executable).with_name("regime"))),
    }
    for name, more in (("daemon", "MemoryHigh=2G\n"), ("webserver", "MemoryHigh=1G\n")):
        results().out(_UNIT.format(name=name, more=more, **values))


def _quoted(text: str) -> str:
    """A word of a systemd unit: % doubled, and quoted where it has special characters."""
    text = text.replace("%", "%%")
    if re.fullmatch(r"[\w%=+,./:@-]+", text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@service.command("daemon")
def daemon() -> None:
    """Run schedules, sensors and the run queue; one daemon per data root."""
    import sys
    from pathlib import Path

    _run([str(Path(sys.executable).with_name("dagster-daemon")), "run"], is_guarded=True)


@service.command("webserver")
def webserver(
    port: Port = 3000,
    host: Host = "127.0.0.1",
    read_only: ReadOnly = False,
) -> None:
    """Run the UI only; it has no passwords, so keep it on a local address."""
    import sys

    program = [sys.executable, "-m", "regime_platform.orchestration.instance.webserver"]
    more = ["--read-only"] if read_only else []
    _run([*program, "--host", host, "--port", str(port), *more])


@service.command("reset-history")
def reset_history(
    everything: Annotated[
        bool, typer.Option("--all", help="Set aside all databases, damaged or not.")
    ] = False,
    now: Now = None,
) -> None:
    """Set damaged databases of Dagster aside; it creates new ones. Stop daemon and UI first.

    Bars and results stay. The list of runs and the statuses in the UI are lost.
    """
    from regime_platform.cli.console.clock import moment
    from regime_platform.cli.console.screen import results
    from regime_platform.orchestration.instance.history import history_folder, set_history_aside
    from regime_platform.settings import Settings

    settings = Settings()
    hold_daemon_lock(settings)
    stamp = f"{moment(now):%Y%m%dT%H%M%S%fZ}"
    moved = set_history_aside(history_folder(settings), stamp, everything=everything)
    for path, target in moved.items():
        results().print(f"{path} was moved to {target}", soft_wrap=True)
    if not moved:
        text = "no database of Dagster is damaged; --all sets all of them aside"
        results().print(text, soft_wrap=True)


def _run(program: list[str], *, is_guarded: bool = False) -> NoReturn:
    import os

    from regime_platform.orchestration.instance.history import require_sound_history
    from regime_platform.orchestration.instance.home import prepare_home
    from regime_platform.settings import PROJECT_ROOT, Settings

    settings = Settings()
    home = prepare_home(settings)
    require_sound_history(settings)
    if is_guarded:
        hold_daemon_lock(settings)
    served = [*program, "-w", str(PROJECT_ROOT / "workspace.yaml")]
    # `env` adds the variable; only settings read the environment
    os.execvp("env", ["env", f"DAGSTER_HOME={home}", *served])  # noqa: S606, S607


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


def ui(
    port: Port = 3000,
    host: Host = "127.0.0.1",
    read_only: ReadOnly = False,
) -> None:
    """Start the Dagster UI with its schedules and sensors; stop it with Ctrl-C."""
    import os
    import signal
    import sys

    from regime_platform.cli.console.screen import messages
    from regime_platform.orchestration.instance.history import require_sound_history
    from regime_platform.orchestration.instance.home import prepare_home
    from regime_platform.settings import PROJECT_ROOT, Settings

    settings = Settings()
    home = prepare_home(settings)
    require_sound_history(settings)
    hold_daemon_lock(settings)
    messages().print(f"http://{host}:{port} in a few seconds; stop with Ctrl-C")
    program = [sys.executable, "-m", "regime_platform.orchestration.instance.dev_server"]
    served = ["-w", str(PROJECT_ROOT / "workspace.yaml"), "--host", host, "--port", str(port)]
    more = ["--read-only"] if read_only else []
    for number in (signal.SIGINT, signal.SIGTERM):
        # a background shell may ignore both, and then nothing could stop the process
        signal.signal(number, signal.SIG_DFL)
    # `env` adds the variable; only settings read the environment
    os.execvp("env", ["env", f"DAGSTER_HOME={home}", *program, *served, *more])  # noqa: S606, S607
