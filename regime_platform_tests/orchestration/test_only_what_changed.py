"""What is new is recomputed, by the sensor, once; what is not new costs nothing."""

from collections.abc import Sequence
from functools import partial

import dagster as dg
import pytest

from regime_platform.orchestration import sensors
from regime_platform.orchestration.build import build_definitions
from regime_platform.orchestration.instance.launch import materialize_symbols
from regime_platform.orchestration.sensors import build_sensors
from regime_platform.pipeline.outcomes import Stage
from regime_platform.settings import Settings, load_universe
from regime_platform_tests.builders import make_bars
from regime_platform_tests.orchestration.conftest import HELD, SYMBOLS
from regime_platform_tests.orchestration.graph import (
    QUIET,
    failure_text,
    materialized,
    run_listed,
    run_range,
)
from regime_platform_tests.scenario import fingerprint, serve

CHANGED = ("BIRCH", "CEDAR", "LARCH")  # not one range


def _tick(
    settings: Settings, instance: dg.DagsterInstance, cursor: str | None
) -> dg.SensorResult | dg.SkipReason:
    (sensor,) = build_sensors(partial(load_universe, settings))
    answer = sensor(dg.build_sensor_context(instance=instance, cursor=cursor))
    assert isinstance(answer, dg.SensorResult | dg.SkipReason)
    return answer


def _append(settings: Settings, symbols: Sequence[str], bars: int = 1) -> None:
    for symbol in symbols:
        longer = make_bars(HELD, seed=SYMBOLS.index(symbol))
        last = longer.tail(1)
        for _ in range(bars):
            last = last.with_columns(ts=last["ts"].dt.offset_by("7d"))
            longer = longer.extend(last)
        serve(settings, symbol, "1day", longer)


def test_three_symbols_with_new_bars_are_exactly_what_the_sensor_recomputes(
    walked_eight: Settings, walked_instance: dg.DagsterInstance
) -> None:
    first = _tick(walked_eight, walked_instance, None)
    _append(walked_eight, CHANGED)

    update = run_listed(walked_eight, walked_instance, SYMBOLS, "update_daily")
    answer = _tick(walked_eight, walked_instance, None)

    assert isinstance(first, dg.SkipReason)  # walked on by the run that fetched them
    assert materialized(update, Stage.RAW_BARS) == list(CHANGED)
    assert isinstance(answer, dg.SensorResult)
    (request,) = answer.run_requests or []
    config = request.run_config["ops"]["recompute_step"]["config"]
    assert config["symbols"] == list(CHANGED)
    assert "dagster/asset_partition_range_start" not in request.tags
    assert request.tags["regime/lane"] == "daily"

    recompute = run_listed(walked_eight, walked_instance, config["symbols"], "recompute")

    assert recompute.success
    for stage in (Stage.VALIDATED_BARS, Stage.COMPUTE_DB, Stage.MANIFESTS):
        assert materialized(recompute, stage) == list(CHANGED)
    assert isinstance(_tick(walked_eight, walked_instance, answer.cursor), dg.SkipReason)


def test_symbols_wait_for_the_rest_of_their_update_but_not_for_long(
    walked_eight: Settings, walked_instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    _append(walked_eight, CHANGED)
    run_listed(walked_eight, walked_instance, CHANGED, "update_daily")
    started = dg.DagsterRun("update_daily", status=dg.DagsterRunStatus.STARTED)
    walked_instance.add_run(started)

    waiting = _tick(walked_eight, walked_instance, None)
    monkeypatch.setattr(sensors, "_GATHERING", 0.0)
    goes_on = _tick(walked_eight, walked_instance, None)
    monkeypatch.undo()
    walked_instance.report_run_failed(started)
    over = _tick(walked_eight, walked_instance, None)

    assert isinstance(waiting, dg.SkipReason)
    assert "3 symbols wait for more" in str(waiting.skip_message)
    for answer in (goes_on, over):
        assert isinstance(answer, dg.SensorResult)
        assert len(answer.run_requests or []) == 1


def test_a_listed_run_over_everybody_reports_only_who_changed(
    walked_eight: Settings, walked_instance: dg.DagsterInstance
) -> None:
    _append(walked_eight, CHANGED)

    result = run_listed(walked_eight, walked_instance, SYMBOLS, "walk_listed")

    assert result.success, failure_text(result)
    for stage in Stage:
        assert materialized(result, stage) == list(CHANGED)
    *judged, fresh = result.get_asset_check_evaluations()
    assert [one.partition for one in judged] == [one for one in CHANGED for _ in range(3)]
    assert fresh.check_name == "is_fresh"


def test_a_ranged_rerun_with_nothing_new_reports_everybody_and_changes_no_byte(
    walked_eight: Settings, walked_instance: dg.DagsterInstance
) -> None:
    before = fingerprint(walked_eight.data_root)

    result = run_range(walked_eight, walked_instance, SYMBOLS)

    assert fingerprint(walked_eight.data_root) == before
    assert before
    for stage in Stage:
        assert materialized(result, stage) == list(SYMBOLS)


def test_a_listed_rerun_with_nothing_new_reports_nobody_and_changes_no_byte(
    walked_eight: Settings,
) -> None:
    scattered = [SYMBOLS[0], SYMBOLS[2]]
    before = fingerprint(walked_eight.data_root)

    summary = materialize_symbols(walked_eight, scattered)

    assert summary.is_success
    assert summary.is_unchanged
    assert fingerprint(walked_eight.data_root) == before


def test_a_forced_run_computes_again(
    walked_eight: Settings, walked_instance: dg.DagsterInstance
) -> None:
    result = run_listed(walked_eight, walked_instance, ["ALDER"], "recompute", force=True)

    assert materialized(result, Stage.COMPUTE_DB) == ["ALDER"]
    assert materialized(result, Stage.VALIDATED_BARS) == []


def test_an_empty_list_means_everybody_the_job_is_about(
    walked_eight: Settings, walked_instance: dg.DagsterInstance
) -> None:
    _append(walked_eight, CHANGED)

    core = run_listed(walked_eight, walked_instance, [], "update_core")
    daily = run_listed(walked_eight, walked_instance, [], "update_daily")

    assert materialized(core, Stage.RAW_BARS) == []
    assert materialized(daily, Stage.RAW_BARS) == list(CHANGED)


def test_a_group_of_symbols_is_one_run(
    walked_eight: Settings, walked_instance: dg.DagsterInstance
) -> None:
    _append(walked_eight, CHANGED)
    job = build_definitions(walked_eight).resolve_job_def("walk_group")

    assert job.partitions_def is not None
    assert job.partitions_def.get_partition_keys() == ["daily", *(symbol[0] for symbol in SYMBOLS)]
    letter = job.execute_in_process(instance=walked_instance, partition_key="B")
    everybody = job.execute_in_process(instance=walked_instance, partition_key="daily")

    assert materialized(letter, Stage.COMPUTE_DB) == ["BIRCH"]
    assert materialized(everybody, Stage.COMPUTE_DB) == ["CEDAR", "LARCH"]


def test_a_run_of_the_assets_without_partitions_is_refused(
    walked_eight: Settings, walked_instance: dg.DagsterInstance
) -> None:
    job = build_definitions(walked_eight).resolve_job_def("walk_all")

    result = job.execute_in_process(
        instance=walked_instance, run_config={"loggers": QUIET}, raise_on_error=False
    )

    assert "choose some, or launch the job walk_listed" in failure_text(result)


@pytest.mark.parametrize("job", ["walk_listed", "walk_group"])
def test_a_walk_of_nobody_in_particular_is_refused(
    walked_eight: Settings, walked_instance: dg.DagsterInstance, job: str
) -> None:
    result = run_listed(walked_eight, walked_instance, [], job)

    assert f"{job} was launched for nobody: choose" in failure_text(result)
