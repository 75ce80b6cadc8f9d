"""Guarded webservers that are asked."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from regime_platform.orchestration.instance.home import prepare_home
from regime_platform.settings import Settings
from regime_platform_tests.orchestration.instance.guarded_server import (
    SERVE,
    free_port,
    served,
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root, with the home folder of a user in it."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    """A webserver over ``home``, answering to further names."""
    with _webserver(home) as address:
        yield address


@pytest.fixture(scope="module")
def read_only_address(home: Path) -> Iterator[str]:
    """The same with ``--read-only``."""
    with _webserver(home, "--read-only") as address:
        yield address


@contextmanager
def _webserver(home: Path, *options: str) -> Iterator[str]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, "--port", str(port), *options],
        env={
            **os.environ,
            "DAGSTER_HOME": str(prepare_home(Settings(_env_file=None, REGIME_DATA_ROOT=home))),
            "HOME": str(home / "user"),
            "REGIME_DATA_ROOT": str(home),
            "REGIME_ALLOWED_HOSTS": "Desk.example, b",
        },
        cwd=home,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    )
    try:
        yield served(process, f"127.0.0.1:{port}")
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
