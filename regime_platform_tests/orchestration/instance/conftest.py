"""A guarded webserver that is asked."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from regime_platform_tests.orchestration.instance.guarded_server import (
    SERVE,
    free_port,
    served,
)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A webserver over an empty Dagster home, answering to one further name."""
    home, port = tmp_path_factory.mktemp("home"), free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, "--port", str(port)],
        env={**os.environ, "DAGSTER_HOME": str(home), "REGIME_ALLOWED_HOSTS": "Desk.example, b"},
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
