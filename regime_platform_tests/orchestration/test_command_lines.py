"""Dagster's own command lines and its daemon work the graph, each in its own process."""

import re
from functools import partial

import dagster as dg
import pytest

from regime_platform.orchestration.instance.home import open_instance
from regime_platform.pipeline.outcomes import Stage
from regime_platform.settings import PROJECT_ROOT, Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.end_to_end.graphql import graphql
from regime_platform_tests.orchestration.graph import BARS, green, red
from regime_platform_tests.orchestration.processes import awaited, daemon, end, start
from regime_platform_tests.scenario import serve, with_value

LAUNCH = """
mutation Launch($params: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $params) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on PythonError { message }
  }
}
"""
BAD = "LARCH"


def _finished_run(instance: dg.DagsterInstance) -> dg.DagsterRun | None:
    runs = instance.get_runs()
    assert len(runs) <= 1
    return runs[0] if runs and runs[0].is_finished else None


@pytest.mark.slow
def test_a_range_is_materialised_from_the_shell(eight: Settings) -> None:
    serve(eight, BAD, "1day", with_value(make_bars(BARS, seed=6), 200, high=1.0))
    arguments = ["--assets", ",".join(Stage), "--partition-range", f"HAZEL...{BAD}"]
    launched = start(eight, "dg", "launch", *arguments, cwd=PROJECT_ROOT)

    output = end(launched)

    assert launched.returncode == 1, output
    assert not re.search("Warning|warning:", output)  # of Python, not of the gate
    assert "nanobind" not in output
    assert f"1 of 2 symbols failed (1 blocked): {BAD} (blocked at validated_bars" in output
    with open_instance(eight) as instance:
        assert green(eight, instance, Stage.MANIFESTS) == {"HAZEL"}
        assert red(eight, instance, Stage.MANIFESTS) == {BAD}
    assert {path.name for path in eight.data_root.parent.iterdir()} == {"data", "files"}


@pytest.mark.slow
def test_the_daemon_works_a_backfill_from_the_ui_as_one_run(
    eight: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGIME_DATA_ROOT", str(eight.data_root))
    serve(eight, BAD, "1day", with_value(make_bars(BARS, seed=6), 200, high=1.0))
    params = {
        "assetSelection": [{"path": [stage.value]} for stage in Stage],
        "partitionNames": ["HAZEL", BAD, "MAPLE"],
    }
    with open_instance(eight) as instance, graphql(instance) as server:
        launched = server.ask(LAUNCH, params=params)["launchPartitionBackfill"]
    assert launched["__typename"] == "LaunchBackfillSuccess", launched

    # Started only now, so that its first look finds the backfill: it looks every 30 seconds.
    with daemon(eight), open_instance(eight) as instance:
        run = awaited(partial(_finished_run, instance), eight)

        assert run.status == dg.DagsterRunStatus.FAILURE
        for stage in Stage:
            blocked = set() if stage is Stage.RAW_BARS else {BAD}
            assert red(eight, instance, stage) == blocked
            assert green(eight, instance, stage) == {"HAZEL", BAD, "MAPLE"} - blocked
