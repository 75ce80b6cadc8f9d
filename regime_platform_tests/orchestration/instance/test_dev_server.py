"""`dagster dev` starts the guarded webserver."""

import inspect

import dagster._cli.dev
import pytest

from regime_platform.orchestration.instance import dev_server


def test_dagster_dev_starts_the_guarded_server_or_nothing() -> None:
    started = dev_server.guarded(["python", "-m", "dagster_webserver", "--port", "1"], ["--x"])
    daemon = ["python", "-m", "dagster._daemon", "run"]

    assert started[2:] == ["regime_platform.orchestration.instance.webserver", "--port", "1", "--x"]
    assert dev_server.guarded(daemon, ["--x"]) == daemon
    with pytest.raises(RuntimeError, match="unknown process"):
        dev_server.guarded(["python", "-m", "dagster_web"], [])


def test_dagster_dev_still_starts_two_processes_by_the_replaced_function() -> None:
    source = inspect.getsource(dagster._cli.dev.dev_command_impl)

    assert source.count("open_ipc_subprocess(") == 2
    assert '"-m", "dagster_webserver"' in source
    assert '"dagster._daemon"' in source
    assert "Found a dagster instance configuration value" in source
