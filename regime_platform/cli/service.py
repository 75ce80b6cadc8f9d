"""The platform as services of the system: units for systemd, and what they start.

Both processes read the same settings; the daemon is guarded by a lock that lives as long as it
does, since a second one on the same state would silently keep both from working.
"""

from typing import Annotated, NoReturn

import typer

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
Environment=REGIME_DATA_ROOT={root}
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
        "folder": PROJECT_ROOT,
        "root": Settings().data_root.expanduser().absolute(),
        "command": Path(sys.executable).with_name("regime"),
    }
    for name, more in (("daemon", "MemoryHigh=2G\n"), ("webserver", "MemoryHigh=1G\n")):
        results().out(_UNIT.format(name=name, more=more, **facts), highlight=False)


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


def _run(program: list[str], *, is_guarded: bool = False) -> NoReturn:
    import os

    from regime_platform.cli.daemon_lock import hold_daemon_lock
    from regime_platform.orchestration.home import prepare_home
    from regime_platform.settings import PROJECT_ROOT, Settings

    settings = Settings()
    home = prepare_home(settings)
    if is_guarded:
        hold_daemon_lock(settings)
    served = [*program, "-w", str(PROJECT_ROOT / "workspace.yaml")]
    # `env` adds the variable; only settings read the environment
    os.execvp("env", ["env", f"DAGSTER_HOME={home}", *served])  # noqa: S606, S607
