"""Dagster's own command lines and its daemon work the graph, each in its own process."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from regime_platform.orchestration.home import open_instance, prepare_home
from regime_platform.pipeline.outcomes import Stage
from regime_platform.settings import PROJECT_ROOT, Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.orchestration.conftest import HELD
from regime_platform_tests.orchestration.graph import green, red
from regime_platform_tests.street import serve, with_value

WORKSPACE = str(PROJECT_ROOT / "workspace.yaml")
LAUNCH = """
mutation Launch($params: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $params) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on PythonError { message }
  }
}
"""
PATIENCE = 240  # seconds; half a minute on idle cores
BAD = "LARCH"


def _start(
    settings: Settings, command: str, *arguments: str, cwd: Path | None = None
) -> subprocess.Popen[str]:
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
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # Dagster copies the SIGINT handler to SIGTERM: where it is ignored, neither would end it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
        start_new_session=True,
    )


def _end(process: subprocess.Popen[str]) -> str:
    output, _ = process.communicate(timeout=PATIENCE)
    return output


@contextmanager
def _daemon(settings: Settings) -> Iterator[None]:
    process = _start(settings, "dagster-daemon", "run", "-w", WORKSPACE)
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def _finished_run(instance: dg.DagsterInstance) -> dg.DagsterRun:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        runs = instance.get_runs()
        if runs and runs[0].is_finished:
            assert len(runs) == 1
            return runs[0]
        time.sleep(0.5)
    raise AssertionError([run.status for run in instance.get_runs()])


def test_a_range_is_materialised_and_the_definitions_are_checked_from_the_shell(
    eight: Settings,
) -> None:
    serve(eight, BAD, "1day", with_value(make_bars(HELD, seed=6), 200, high=1.0))
    arguments = ["-m", "regime_platform.definitions", "--select", "*"]
    launched = _start(
        eight, "dagster", "asset", "materialize", *arguments, "--partition-range", f"HAZEL...{BAD}"
    )
    checked = _start(eight, "dg", "check", "defs", cwd=PROJECT_ROOT)

    output, verdict = _end(launched), _end(checked)

    assert launched.returncode == 1, output
    assert f"1 of 2 symbols are not through: {BAD} (blocked at validated_bars" in output
    assert checked.returncode == 0, verdict
    with open_instance(eight) as instance:
        assert green(eight, instance, Stage.MANIFESTS) == {"HAZEL"}
        assert red(eight, instance, Stage.MANIFESTS) == {BAD}
    assert {path.name for path in eight.data_root.parent.iterdir()} == {"data", "files"}


def test_the_daemon_works_a_backfill_from_the_ui_as_one_run(eight: Settings) -> None:
    serve(eight, BAD, "1day", with_value(make_bars(HELD, seed=6), 200, high=1.0))
    params = {
        "assetSelection": [{"path": [stage.value]} for stage in Stage],
        "partitionNames": ["HAZEL", BAD, "MAPLE"],
    }
    asked = _start(
        eight,
        "dagster-graphql",
        *("-w", WORKSPACE, "-t", LAUNCH, "-v", json.dumps({"params": params})),
    )
    assert "LaunchBackfillSuccess" in _end(asked)

    # Started only now, so that its first look finds the backfill: it looks every 30 seconds.
    with _daemon(eight), open_instance(eight) as instance:
        run = _finished_run(instance)

        assert run.status == dg.DagsterRunStatus.FAILURE
        for stage in Stage:
            blocked = set() if stage is Stage.RAW_BARS else {BAD}
            assert red(eight, instance, stage) == blocked
            assert green(eight, instance, stage) == {"HAZEL", BAD, "MAPLE"} - blocked
