"""The platform as services of the system: units for systemd, and what they start.

Both processes read the same settings; the daemon is guarded by a lock that lives as long as it
does, since a second one on the same state would silently keep both from working.
"""

import re
from typing import Annotated, NoReturn

import typer

from regime_platform.cli.options import Now

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
    user: Annotated[str, typer.Option("--user", help="The system's user to run as.")] = "regime",
) -> None:
    """Print the two systemd units for the data root in force; writes nothing."""
    import sys
    from pathlib import Path

    from regime_platform.cli.screen import results
    from regime_platform.settings import PROJECT_ROOT, Settings

    facts = {
        "user": user,
        "folder": str(PROJECT_ROOT).replace("%", "%%"),
        "root": _quoted(f"REGIME_DATA_ROOT={Settings().data_root.expanduser().absolute()}"),
        "command": _quoted(str(Path(sys.executable).with_name("regime"))),
    }
    for name, more in (("daemon", "MemoryHigh=2G\n"), ("webserver", "MemoryHigh=1G\n")):
        results().out(_UNIT.format(name=name, more=more, **facts), highlight=False)


def _quoted(text: str) -> str:
    """A word of a systemd unit: quoted where it has more than plain signs, % always doubled."""
    text = text.replace("%", "%%")
    if re.fullmatch(r"[\w%=+,./:@-]+", text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@service.command("daemon")
def daemon() -> None:
    """Run schedules, sensors and the queue of runs; one per data root."""
    import sys
    from pathlib import Path

    _run([str(Path(sys.executable).with_name("dagster-daemon")), "run"], is_guarded=True)


@service.command("webserver")
def webserver(
    port: Annotated[int, typer.Option("--port", help="Port to listen on.")] = 3000,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Show everything, start and change nothing.")
    ] = False,
) -> None:
    """Run the UI alone; it has no passwords, so let it listen to this machine only."""
    import sys

    program = [sys.executable, "-m", "regime_platform.orchestration.webserver"]
    more = ["--read-only"] if read_only else []
    _run([*program, "--host", host, "--port", str(port), *more])


@service.command("reset-history")
def reset_history(
    everything: Annotated[
        bool, typer.Option("--all", help="Set everything aside, whether it is damaged or not.")
    ] = False,
    now: Now = None,
) -> None:
    """Set damaged databases of Dagster aside, so that it begins new ones; stop daemon and UI first.

    Bars and results are untouched. Lost are the list of runs and the statuses that the UI shows.
    """
    from regime_platform.cli.clock import moment
    from regime_platform.cli.daemon_lock import hold_daemon_lock
    from regime_platform.cli.screen import results
    from regime_platform.orchestration.history import history_folder, set_history_aside
    from regime_platform.settings import Settings

    settings = Settings()
    hold_daemon_lock(settings)
    stamp = f"{moment(now):%Y%m%dT%H%M%S%fZ}"
    moved = set_history_aside(history_folder(settings), stamp, everything=everything)
    for path, target in moved.items():
        results().print(f"{path} was moved to {target}", markup=False, soft_wrap=True)
    if not moved:
        text = "no database of Dagster is damaged; --all sets the whole history aside all the same"
        results().print(text, markup=False, soft_wrap=True)


def _run(program: list[str], *, is_guarded: bool = False) -> NoReturn:
    import os

    from regime_platform.cli.daemon_lock import hold_daemon_lock
    from regime_platform.orchestration.history import require_sound_history
    from regime_platform.orchestration.home import prepare_home
    from regime_platform.settings import PROJECT_ROOT, Settings

    settings = Settings()
    home = prepare_home(settings)
    require_sound_history(settings)
    if is_guarded:
        hold_daemon_lock(settings)
    served = [*program, "-w", str(PROJECT_ROOT / "workspace.yaml")]
    # `env` adds the variable; only settings read the environment
    os.execvp("env", ["env", f"DAGSTER_HOME={home}", *served])  # noqa: S606, S607
