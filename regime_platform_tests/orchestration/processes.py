"""Dagster's command lines and its daemon over a data root, each a group of processes of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TypeVar

from regime_platform.orchestration.instance.home import prepare_home
from regime_platform.settings import PROJECT_ROOT, Settings
from regime_platform_tests.orchestration.stopped_schedules import stop_schedules

WORKSPACE = str(PROJECT_ROOT / "workspace.yaml")
PATIENCE = 240  # seconds; half a minute on idle cores
Found = TypeVar("Found")


def start(
    settings: Settings,
    command: str,
    *arguments: str,
    cwd: Path | None = None,
    output: int | IO[str] = subprocess.PIPE,
) -> subprocess.Popen[str]:
    """Starts a command of this environment over the data root."""
    environment = {
        **os.environ,
        "DAGSTER_HOME": str(prepare_home(settings)),
        "REGIME_DATA_ROOT": str(settings.data_root),
        "REGIME_FILES_ROOT": str(settings.files_root),
    }
    return subprocess.Popen(
        [Path(sys.executable).with_name(command), *arguments],
        cwd=cwd or settings.data_root.parent,
        env=environment,
        stdout=output,
        stderr=subprocess.STDOUT,
        text=True,
        # Dagster copies the SIGINT handler to SIGTERM: where it is ignored, neither would end it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
        start_new_session=True,
    )


def end(process: subprocess.Popen[str]) -> str:
    """What a command wrote, once it has ended."""
    output, _ = process.communicate(timeout=PATIENCE)
    return output


@contextmanager
def daemon(
    settings: Settings, command: Sequence[str] = ("regime", "service", "daemon")
) -> Iterator[subprocess.Popen[str]]:
    """The daemon of the data root, its schedules stopped; no process of it is left behind."""
    stop_schedules(settings)
    with _log(settings).open("a") as log:
        process = start(settings, *command, output=log)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=20)
        kill(process)


def kill(process: subprocess.Popen[str]) -> None:
    """Ends a command and all its children as a power cut would."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def awaited(look: Callable[[], Found | None], settings: Settings) -> Found:
    """What ``look`` finds, as soon as it finds something; the daemon's last words otherwise."""
    deadline = time.monotonic() + PATIENCE
    while not (answer := look()):
        assert time.monotonic() < deadline, _log(settings).read_text()[-3000:]
        time.sleep(0.4)  # to look takes the processor from what is waited for
    return answer


def _log(settings: Settings) -> Path:
    return settings.data_root.parent / "daemon.log"
