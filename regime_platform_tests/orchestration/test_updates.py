"""An update that its source ended early is asked again by the next tick."""

import datetime as dt
from functools import partial
from pathlib import Path

import dagster as dg
import pytest
import stamina

from regime_platform.orchestration.build import build_definitions
from regime_platform.orchestration.instance.home import open_instance
from regime_platform.orchestration.schedules import build_schedules
from regime_platform.orchestration.updates import last_update
from regime_platform.settings import Settings, load_universe
from regime_platform_tests.pipeline.vendor_street import vendor_settings
from regime_platform_tests.vendor import KEY, LoopbackVendor

FRIDAY = dt.datetime(2026, 11, 20, 22, 30, tzinfo=dt.UTC)
SYMBOLS = ["AAA", "BBB", "CCC", "DDD"]
DAILY = "after_close_daily"


def _tick(settings: Settings, instance: dg.DagsterInstance, at: dt.datetime) -> dg.RunRequest:
    schedules = build_schedules(partial(load_universe, settings))
    schedule = next(each for each in schedules if each.name == DAILY)
    request = schedule(dg.build_schedule_context(instance, scheduled_execution_time=at))
    assert isinstance(request, dg.RunRequest)
    return request


@pytest.mark.slow
def test_the_next_tick_asks_what_a_dead_vendor_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, httpserver: object
) -> None:
    settings = vendor_settings(tmp_path, LoopbackVendor(httpserver), SYMBOLS)  # type: ignore[arg-type]
    settings = settings.model_copy(update={"twelvedata_url": "http://127.0.0.1:9"})
    monkeypatch.setenv("TWELVEDATA_API_KEY", KEY)
    monkeypatch.setenv("REGIME_CREDITS_FOLDER", str(tmp_path / "credits"))
    monkeypatch.setenv("REGIME_CREDITS_PER_MINUTE", "1000")
    job = build_definitions(settings).resolve_job_def("update_daily")
    with open_instance(settings) as instance, stamina.set_testing(True, attempts=1):
        request = _tick(settings, instance, FRIDAY)
        result = job.execute_in_process(
            run_config=request.run_config,
            instance=instance,
            tags=dict(request.tags),
            raise_on_error=False,
        )
        assert last_update(instance, DAILY) is None
        again = _tick(settings, instance, FRIDAY + dt.timedelta(hours=5))

    failure = result.failure_data_for_node("update_daily_step")
    assert failure is not None
    assert failure.user_failure_data is not None
    metadata = failure.user_failure_data.metadata
    # two symbols of two series are asked for in vain
    assert metadata["not_reached"].value == "CCC, DDD"
    assert metadata["failed"].value == 2
    assert "the run ended early, 2 not reached: Twelve Data did not answer 4 requests" in str(
        failure.user_failure_data.description
    )
    assert again.run_config == request.run_config
