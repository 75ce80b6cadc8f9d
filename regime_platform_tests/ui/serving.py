"""Webserver and daemon on a free loopback port, over a data root of their own."""

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

from regime_platform.orchestration.home import prepare_home
from regime_platform.settings import PROJECT_ROOT, Settings

PATIENCE = 180  # seconds to start; 15 on idle cores
_Process = subprocess.Popen[bytes]

#: Dagster's own daemon, but that it looks after backfills every second instead of every 30.
_DAEMON = """
from dagster._daemon import controller
from dagster._daemon.cli import main
controller.DEFAULT_DAEMON_INTERVAL_SECONDS = 1
main()
"""


@contextmanager
def served(settings: Settings) -> Iterator[str]:
    """The two services of the platform; gives the address, and leaves no process behind."""
    log = settings.data_root.parent / "dagster.log"
    address = f"http://127.0.0.1:{_free_port()}"
    host, port = address.removeprefix("http://").split(":")
    regime = str(Path(sys.executable).with_name("regime"))
    workspace = str(PROJECT_ROOT / "workspace.yaml")
    processes = [
        _start(settings, log, [regime, "service", "webserver", "--host", host, "--port", port]),
        _start(settings, log, [sys.executable, "-c", _DAEMON, "run", "-w", workspace]),
    ]
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
    while all(one.poll() is None for one in processes) and time.monotonic() < deadline:
        with suppress(httpx.TransportError):
            if httpx.get(f"{address}/server_info").is_success:
                return
        time.sleep(0.3)
    raise AssertionError(f"no service at {address}:\n{log.read_text()[-3000:]}")


def _stop(processes: Sequence[_Process]) -> None:
    for one in processes:
        with suppress(ProcessLookupError):
            os.killpg(one.pid, signal.SIGINT)
    for one in processes:
        with suppress(subprocess.TimeoutExpired):
            one.wait(timeout=20)
        with suppress(ProcessLookupError):  # whoever of its children is still there
            os.killpg(one.pid, signal.SIGKILL)
        one.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
