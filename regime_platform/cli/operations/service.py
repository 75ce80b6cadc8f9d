"""`regime ui` and `regime service`: Dagster's daemon and webserver, systemd units.

All processes read the same settings. A lock prevents a second daemon on the same data root, with
which neither would work.
"""

import os
import re
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from regime_platform.cli.console.clock import Clock
from regime_platform.cli.console.options import Options
from regime_platform.cli.console.output import Output
from regime_platform.cli.console.screen import messages, results
from regime_platform.orchestration.instance.daemon_lock import hold_daemon_lock
from regime_platform.orchestration.instance.history import (
    history_folder,
    require_sound_history,
    set_history_aside,
)
from regime_platform.orchestration.instance.home import prepare_home
from regime_platform.settings import PROJECT_ROOT, Settings

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
MemoryHigh={memory}

[Install]
WantedBy=multi-user.target
"""
_WEBSERVER = "regime_platform.orchestration.instance.webserver"
_DEV_SERVER = "regime_platform.orchestration.instance.dev_server"  # webserver and daemon


class LogFormat(StrEnum):
    """How Dagster's programs write their lines."""

    COLORED = "colored"
    JSON = "json"
    RICH = "rich"


@dataclass(frozen=True)
class Logs(Options):
    """The lines that Dagster's programs write."""

    log_format: Annotated[
        LogFormat,
        typer.Option("--log-format", help="Form of the log: a JSON object per line for json."),
    ] = LogFormat.COLORED

    @property
    def format_words(self) -> list[str]:
        """The same option for Dagster's programs."""
        return ["--log-format", self.log_format.value]


@dataclass(frozen=True)
class Address(Logs):
    """Where the UI is, and what it may do."""

    port: Annotated[int, typer.Option("--port", help="Port to listen on.")] = 3000
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1"
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Allow viewing only, no changes.")
    ] = False

    @property
    def words(self) -> list[str]:
        """The same options for Dagster's programs."""
        more = ["--read-only"] if self.read_only else []
        return ["--host", self.host, "--port", str(self.port), *more, *self.format_words]


def install(
    user: Annotated[str, typer.Option("--user", help="System user of the services.")] = "regime",
    *,
    out: Output,
) -> None:
    values = {
        "user": user,
        "folder": str(PROJECT_ROOT).replace("%", "%%"),
        "root": _quoted(f"REGIME_DATA_ROOT={Settings().root_folder}"),
        "command": _quoted(str(Path(sys.executable).with_name("regime"))),
    }
    units = {
        name: _UNIT.format(name=name, memory=memory, **values)
        for name, memory in (("daemon", "2G"), ("webserver", "1G"))
    }
    out.document({"units": {f"regime-{name}.service": unit for name, unit in units.items()}})
    if not out.as_json:
        for unit in units.values():
            results().out(unit)


def _quoted(text: str) -> str:
    """A word of a systemd unit: % doubled, and quoted where it has special characters."""
    text = text.replace("%", "%%")
    if re.fullmatch(r"[\w%=+,./:@-]+", text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def daemon(logs: Logs) -> None:
    program = str(Path(sys.executable).with_name("dagster-daemon"))
    _serve([program, "run", *logs.format_words], has_daemon=True)


def webserver(address: Address) -> None:
    _serve([sys.executable, "-m", _WEBSERVER, *address.words])


def ui(address: Address) -> None:
    note = f"http://{address.host}:{address.port} in a few seconds; stop with Ctrl-C"
    _serve([sys.executable, "-m", _DEV_SERVER, *address.words], has_daemon=True, note=note)


def reset_history(
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="Set aside all databases, damaged or not.")
    ] = False,
    clock: Clock,
    out: Output,
) -> None:
    settings = Settings()
    hold_daemon_lock(settings)
    stamp = f"{clock.moment():%Y%m%dT%H%M%S%fZ}"
    moved = set_history_aside(history_folder(settings), stamp, everything=everything)
    out.document({"moved": {str(path): str(target) for path, target in moved.items()}})
    for path, target in moved.items():
        out.line(f"{path} was moved to {target}")
    if not moved:
        out.line("no database of Dagster is damaged; --all sets all of them aside")


def _serve(program: Sequence[str], *, has_daemon: bool = False, note: str = "") -> NoReturn:
    """Replaces this process by a program of Dagster."""
    settings = Settings()
    home = prepare_home(settings)
    require_sound_history(settings)
    if has_daemon:
        hold_daemon_lock(settings)
    if note:
        messages().print(note)
    for number in (signal.SIGINT, signal.SIGTERM):
        # a background shell may ignore both, and then nothing could stop the process
        signal.signal(number, signal.SIG_DFL)
    workspace = ["-w", str(PROJECT_ROOT / "workspace.yaml")]
    # `env` adds the variable; only settings read the environment
    os.execvp("env", ["env", f"DAGSTER_HOME={home}", *program, *workspace])  # noqa: S606, S607
