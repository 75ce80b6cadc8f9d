"""Listed runs compute and report what is new; what is not new costs nothing."""

import dagster as dg
import pytest

from regime_platform.orchestration.build import build_definitions
from regime_platform.orchestration.instance.launch import materialize_symbols
from regime_platform.pipeline.outcomes import Stage
from regime_platform.settings import Settings
from regime_platform_tests.orchestration.graph import (
    CHANGED,
    SYMBOLS,
    append_bars,
    failure_text,
    materialized,
    run_listed,
    run_range,
)
from regime_platform_tests.scenario import fingerprint

CHECKS = ("gate", "findings", "input_is_promoted", "is_complete")


@pytest.mark.slow
def test_a_listed_run_over_all_symbols_reports_only_changed_symbols(
    processed_eight: Settings, processed_instance: dg.DagsterInstance
) -> None:
    append_bars(processed_eight, CHANGED)

    result = run_listed(processed_eight, processed_instance, SYMBOLS, "process_listed")

    assert result.success, failure_text(result)
    for stage in Stage:
        assert materialized(result, stage) == list(CHANGED)
    checks = [(each.partition, each.check_name) for each in result.get_asset_check_evaluations()]
    assert checks == [
        *((symbol, name) for symbol in CHANGED for name in CHECKS),
        *((symbol, "is_fresh") for symbol in CHANGED),
    ]


@pytest.mark.slow
def test_a_ranged_rerun_with_nothing_new_reports_all_symbols_and_changes_no_byte(
    processed_eight: Settings, processed_instance: dg.DagsterInstance
) -> None:
    materialize_symbols(processed_eight, SYMBOLS)  # reasons of fetches name the copied folder
    before = fingerprint(processed_eight.data_root)

    result = run_range(processed_eight, processed_instance, SYMBOLS)

    assert fingerprint(processed_eight.data_root) == before
    assert before
    for stage in Stage:
        assert materialized(result, stage) == list(SYMBOLS)


def test_a_listed_rerun_with_nothing_new_reports_none_and_changes_no_byte(
    processed_eight: Settings,
) -> None:
    scattered = [SYMBOLS[0], SYMBOLS[2]]
    materialize_symbols(processed_eight, scattered)  # reasons of fetches name the copied folder
    before = fingerprint(processed_eight.data_root)

    summary = materialize_symbols(processed_eight, scattered)

    assert summary.is_success
    assert summary.is_unchanged
    assert fingerprint(processed_eight.data_root) == before


def test_a_forced_run_computes_again(
    processed_eight: Settings, processed_instance: dg.DagsterInstance
) -> None:
    result = run_listed(processed_eight, processed_instance, ["ALDER"], "recompute", force=True)

    assert materialized(result, Stage.COMPUTE_DB) == ["ALDER"]
    assert materialized(result, Stage.VALIDATED_BARS) == []


def test_an_empty_list_means_all_symbols_of_the_job(
    processed_eight: Settings, processed_instance: dg.DagsterInstance
) -> None:
    append_bars(processed_eight, CHANGED)

    core = run_listed(processed_eight, processed_instance, [], "update_core")
    daily = run_listed(processed_eight, processed_instance, [], "update_daily")

    assert materialized(core, Stage.RAW_BARS) == []
    assert materialized(daily, Stage.RAW_BARS) == list(CHANGED)


@pytest.mark.slow
def test_a_group_of_symbols_is_one_run(
    processed_eight: Settings, processed_instance: dg.DagsterInstance
) -> None:
    append_bars(processed_eight, CHANGED)
    job = build_definitions(processed_eight).resolve_job_def("process_group")

    assert job.partitions_def is not None
    assert job.partitions_def.get_partition_keys() == ["daily", *(symbol[0] for symbol in SYMBOLS)]
    letter = job.execute_in_process(instance=processed_instance, partition_key="B")
    tier = job.execute_in_process(instance=processed_instance, partition_key="daily")

    assert materialized(letter, Stage.COMPUTE_DB) == ["BIRCH"]
    assert materialized(tier, Stage.COMPUTE_DB) == ["CEDAR", "LARCH"]


@pytest.mark.parametrize("job", ["process_listed", "process_group"])
def test_a_run_without_symbols_is_refused(
    processed_eight: Settings, processed_instance: dg.DagsterInstance, job: str
) -> None:
    result = run_listed(processed_eight, processed_instance, [], job)

    assert f"{job} was launched without symbols: choose" in failure_text(result)
