"""A guarded webserver that is asked."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from regime_platform_tests.orchestration.instance.guarded_server import (
    SERVE,
    free_port,
    served,
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root that is an empty Dagster home too."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    """A webserver over ``home``, answering to one further name."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, "--port", str(port)],
        env={
            **os.environ,
            "DAGSTER_HOME": str(home),
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
