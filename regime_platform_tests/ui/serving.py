"""`dagster dev` on a free loopback port, over a data root of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from regime_platform.orchestration.home import prepare_home
from regime_platform.settings import PROJECT_ROOT, Settings

PATIENCE = 180  # seconds to start; 20 to 30 on idle cores


@contextmanager
def dagster_dev(settings: Settings) -> Iterator[str]:
    """Webserver and daemon; gives the address, and leaves no process behind."""
    log = settings.data_root.parent / "dagster-dev.log"
    address = f"http://127.0.0.1:{_free_port()}"
    process = _start(settings, address, log)
    try:
        _wait_until_served(process, address, log)
        yield address
    finally:
        _stop(process)


def _start(settings: Settings, address: str, log: Path) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "DAGSTER_HOME": str(prepare_home(settings)),
        "REGIME_DATA_ROOT": str(settings.data_root),
        "REGIME_FILES_ROOT": str(settings.files_root),
    }
    host, port = address.removeprefix("http://").split(":")
    with log.open("wb") as output:
        return subprocess.Popen(
            [
                Path(sys.executable).with_name("dagster"),
                "dev",
                *("-w", PROJECT_ROOT / "workspace.yaml"),
                *("--host", host, "--port", port),
            ],
            cwd=settings.data_root.parent,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Dagster copies the SIGINT handler to SIGTERM: where it is ignored, neither would end
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
            start_new_session=True,
        )


def _wait_until_served(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(httpx.TransportError):
            if httpx.get(f"{address}/server_info").is_success:
                return
        time.sleep(0.3)
    raise AssertionError(f"dagster dev does not serve {address}:\n{log.read_text()[-3000:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=20)
    with suppress(ProcessLookupError):  # whoever of its children is still there
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
