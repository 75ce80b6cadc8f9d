"""Webserver and daemon on a free loopback port, over a data root of their own; no schedule runs."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from regime_platform.orchestration.instance.home import prepare_home
from regime_platform.settings import PROJECT_ROOT, Settings
from regime_platform_tests.orchestration.stopped_schedules import stop_schedules

PATIENCE = 180  # seconds to start; 15 to 30 on idle cores
_Process = subprocess.Popen[bytes]
_WORKSPACE = str(PROJECT_ROOT / "workspace.yaml")
#: Dagster's own daemon, but that it looks after backfills every 2 seconds instead of every 30.
_EAGER_DAEMON = """
from dagster._daemon import controller
from dagster._daemon.cli import main
controller.DEFAULT_DAEMON_INTERVAL_SECONDS = 2
main()
"""


@contextmanager
def dagster_dev(settings: Settings) -> Iterator[str]:
    """What `regime ui` starts; gives the address, and leaves no process behind."""
    port = _free_port()
    with _running(settings, port, [_listening("dev_server", port=port)]) as address:
        yield address


@contextmanager
def eager_services(settings: Settings) -> Iterator[str]:
    """Webserver and daemon by themselves; a backfill waits for nothing but its work."""
    port = _free_port()
    daemon = [sys.executable, "-c", _EAGER_DAEMON, "run", "-w", _WORKSPACE]
    webserver = _listening("webserver", port=port)
    with _running(settings, port, [webserver, daemon]) as address:
        yield address


def _listening(program: str, *, port: int) -> list[str]:
    command = [sys.executable, "-m", f"regime_platform.orchestration.instance.{program}"]
    return [*command, "-w", _WORKSPACE, "--host", "127.0.0.1", "--port", str(port)]


@contextmanager
def _running(settings: Settings, port: int, commands: Sequence[Sequence[str]]) -> Iterator[str]:
    log = settings.data_root.parent / "dagster.log"
    address = f"http://127.0.0.1:{port}"
    stop_schedules(settings)
    processes = [_start(settings, log, command) for command in commands]
    try:
        _wait_until_served(processes, address, log)
        yield address
    finally:
        _stop(processes)


def _start(settings: Settings, log: Path, command: Sequence[str]) -> _Process:
    environment = {
        **os.environ,
        "DAGSTER_HOME": str(prepare_home(settings)),
        "REGIME_DATA_ROOT": str(settings.data_root),
        "REGIME_FILES_ROOT": str(settings.files_root),
    }
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            cwd=settings.data_root.parent,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Dagster copies the SIGINT handler to SIGTERM: where it is ignored, neither would end
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
            start_new_session=True,
        )


def _wait_until_served(processes: Sequence[_Process], address: str, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while all(process.poll() is None for process in processes) and time.monotonic() < deadline:
        with suppress(httpx.TransportError):
            if httpx.get(f"{address}/server_info").is_success:
                return
        time.sleep(0.3)
    raise AssertionError(f"no service at {address}:\n{log.read_text()[-3000:]}")


def _stop(processes: Sequence[_Process]) -> None:
    for process in processes:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
    for process in processes:
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=20)
        with suppress(ProcessLookupError):  # its remaining children
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
