"""The sensor new_bars starts one run for exactly the symbols with new bars."""

import sqlite3
from contextlib import closing
from functools import partial

import dagster as dg
import pytest

from regime_platform.orchestration import sensors
from regime_platform.orchestration.sensors import build_new_bars
from regime_platform.pipeline.outcomes import Stage
from regime_platform.settings import Settings, load_universe
from regime_platform_tests.orchestration.graph import (
    CHANGED,
    SYMBOLS,
    append_bars,
    materialized,
    run_listed,
)


def _tick(
    settings: Settings, instance: dg.DagsterInstance, cursor: str | None
) -> dg.SensorResult | dg.SkipReason:
    sensor = build_new_bars(partial(load_universe, settings))
    answer = sensor(dg.build_sensor_context(instance=instance, cursor=cursor))
    assert isinstance(answer, dg.SensorResult | dg.SkipReason)
    return answer


@pytest.mark.slow
def test_three_symbols_with_new_bars_are_exactly_what_the_sensor_recomputes(
    processed_eight: Settings, processed_instance: dg.DagsterInstance
) -> None:
    first = _tick(processed_eight, processed_instance, None)
    append_bars(processed_eight, CHANGED)

    update = run_listed(processed_eight, processed_instance, SYMBOLS, "update_daily")
    answer = _tick(processed_eight, processed_instance, None)

    assert isinstance(first, dg.SkipReason)  # processed by the run that fetched them
    assert materialized(update, Stage.RAW_BARS) == list(CHANGED)
    assert isinstance(answer, dg.SensorResult)
    (request,) = answer.run_requests or []
    config = request.run_config["ops"]["recompute_step"]["config"]
    assert config["symbols"] == list(CHANGED)
    assert "dagster/asset_partition_range_start" not in request.tags
    assert request.tags["regime/lane"] == "daily"

    recompute = run_listed(processed_eight, processed_instance, config["symbols"], "recompute")

    assert recompute.success
    for stage in (Stage.VALIDATED_BARS, Stage.COMPUTE_DB, Stage.MANIFESTS):
        assert materialized(recompute, stage) == list(CHANGED)
    assert isinstance(_tick(processed_eight, processed_instance, answer.cursor), dg.SkipReason)


def test_symbols_wait_for_the_rest_of_their_update_but_not_for_long(
    processed_eight: Settings,
    processed_instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    append_bars(processed_eight, CHANGED)
    run_listed(processed_eight, processed_instance, CHANGED, "update_daily")
    started = dg.DagsterRun("update_daily", status=dg.DagsterRunStatus.STARTED)
    processed_instance.add_run(started)

    waiting = _tick(processed_eight, processed_instance, None)
    monkeypatch.setattr(sensors, "_GATHERING", 0.0)
    goes_on = _tick(processed_eight, processed_instance, None)
    monkeypatch.undo()
    processed_instance.report_run_failed(started)
    over = _tick(processed_eight, processed_instance, None)

    assert isinstance(waiting, dg.SkipReason)
    assert "3 symbols wait for more" in str(waiting.skip_message)
    for answer in (goes_on, over):
        assert isinstance(answer, dg.SensorResult)
        assert len(answer.run_requests or []) == 1


@pytest.mark.slow
def test_a_deleted_run_hides_no_later_bars(
    processed_eight: Settings, processed_instance: dg.DagsterInstance
) -> None:
    settings, instance = processed_eight, processed_instance
    append_bars(settings, CHANGED)
    first = run_listed(settings, instance, SYMBOLS, "update_daily")
    before = _tick(settings, instance, None)
    log = settings.dagster_folder / "storage" / "history" / "runs" / "index.db"
    with closing(sqlite3.connect(log)) as database, database:  # as in a history without the trigger
        database.execute("DROP TRIGGER keep_last_id")
    instance.delete_run(first.run_id)  # the ids of its events are given again
    append_bars(settings, ["ALDER"])
    run_listed(settings, instance, SYMBOLS, "update_daily")
    assert isinstance(before, dg.SensorResult)

    after = _tick(settings, instance, before.cursor)

    assert isinstance(after, dg.SensorResult)
    (earlier,), (request,) = before.run_requests or [], after.run_requests or []
    assert request.run_config["ops"]["recompute_step"]["config"]["symbols"] == ["ALDER"]
    assert request.run_key != earlier.run_key
    assert isinstance(_tick(settings, instance, after.cursor), dg.SkipReason)


def test_an_event_without_a_run_is_followed_and_a_cursor_of_a_number_is_read(
    processed_eight: Settings, processed_instance: dg.DagsterInstance
) -> None:
    processed = _tick(processed_eight, processed_instance, None)
    page = processed_instance.fetch_materializations(dg.AssetKey("raw_bars"), limit=1)
    number = str(page.records[0].storage_id)
    event = dg.AssetMaterialization("raw_bars", partition="ELM", metadata={"rows_inserted": 2})
    processed_instance.report_runless_asset_event(event)

    answer = _tick(processed_eight, processed_instance, number)

    assert isinstance(processed, dg.SkipReason)
    assert isinstance(answer, dg.SensorResult)
    (request,) = answer.run_requests or []
    assert request.run_config["ops"]["recompute_step"]["config"]["symbols"] == ["ELM"]
    assert isinstance(_tick(processed_eight, processed_instance, answer.cursor), dg.SkipReason)
