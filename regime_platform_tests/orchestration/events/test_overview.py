"""What `regime status` learns of Dagster: the last passes, and the failed runs of a day."""

import datetime as dt

import dagster as dg
import pytest

from regime_platform.orchestration.events.overview import overview
from regime_platform.orchestration.instance.command_run import CommandRun
from regime_platform.settings import Settings
from regime_platform_tests.orchestration.graph import run_listed


@pytest.mark.slow
def test_a_pass_and_a_failed_run_are_shown(
    processed_eight: Settings, processed_instance: dg.DagsterInstance
) -> None:
    done = run_listed(processed_eight, processed_instance, [], "reconcile")
    failed = run_listed(processed_eight, processed_instance, [], "process_listed")
    CommandRun(processed_instance, is_success=False).note("ALDER failed")  # in the terminal
    now = dt.datetime.now(dt.UTC)

    shown = overview(processed_eight, now)

    passes = {last.job: last for last in shown.passes}
    assert (passes["reconcile"].run, passes["reconcile"].status) == (done.run_id, "success")
    assert passes["update_core"].status == "never"
    assert [run.run for run in shown.failed] == [failed.run_id]
    assert (shown.beats, shown.waiting, shown.working) == ({}, 0, 0)
    processed_instance.add_run_tags(failed.run_id, {"dagster/auto_retry_run_id": done.run_id})
    assert overview(processed_eight, now).failed == ()
    assert overview(processed_eight, now + dt.timedelta(days=2)).failed == ()
