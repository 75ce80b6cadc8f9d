"""Dagster shows what every run left: red where a symbol failed, green once it is good again."""

from collections.abc import Mapping

import dagster as dg
import pytest
from dagster._core.storage.asset_check_state import AssetCheckState, bulk_update_asset_check_state

from regime_platform.orchestration.partitions import symbol_partitions
from regime_platform.pipeline.outcomes import Stage
from regime_platform.settings import Settings, load_universe
from regime_platform_tests.builders import make_bars
from regime_platform_tests.orchestration.graph import (
    BARS,
    SYMBOLS,
    green,
    red,
    run_listed,
    run_range,
)
from regime_platform_tests.scenario import serve, with_value

AFTER_FETCH = (Stage.VALIDATED_BARS, Stage.COMPUTE_DB, Stage.MANIFESTS)


def _check(
    settings: Settings, instance: dg.DagsterInstance, asset: Stage, name: str
) -> Mapping[str, str]:
    """Symbol -> status of a check, as GraphQL resolves it."""
    key, partitions = (
        dg.AssetCheckKey(dg.AssetKey(asset.value), name),
        symbol_partitions(load_universe(settings)),
    )
    state = bulk_update_asset_check_state(
        instance, [(key, partitions)], {key: AssetCheckState.empty()}
    )[key]
    return {
        symbol: status.value
        for status, subset in state.subsets.items()
        for symbol in subset.subset_value.get_partition_keys()
    }


def _events(result: dg.ExecuteInProcessResult) -> int:
    """How many events of assets and checks a run reported."""
    return len(result.get_asset_materialization_events()) + len(
        result.get_asset_check_evaluations()
    )


def _reasons(instance: dg.DagsterInstance, stage: Stage, symbol: str) -> list[str]:
    """What the page of a partition says of its failures, the latest first."""
    wanted = dg.AssetRecordsFilter(dg.AssetKey(stage.value), [symbol])
    records = instance.fetch_failed_materializations(wanted, limit=9).records
    events = [record.event_log_entry.dagster_event for record in records]
    return [
        event.asset_failed_to_materialize_data.asset_materialization_failure.description or ""
        for event in events
        if event is not None
    ]


@pytest.mark.slow
def test_a_listed_run_turns_partitions_red_and_a_later_one_green(
    processed_eight: Settings, processed_instance: dg.DagsterInstance
) -> None:
    settings, instance = processed_eight, processed_instance
    assert settings.files_root is not None
    file = settings.files_root / "FIR" / "1day.parquet"
    good = file.read_bytes()
    file.write_bytes(b"no bars")
    serve(settings, "ELM", "1day", with_value(make_bars(BARS + 1, seed=3), 200, high=1.0))

    update = run_listed(settings, instance, SYMBOLS, "update_daily")
    assert not update.success
    assert red(settings, instance, Stage.RAW_BARS) == {"FIR"}
    run_listed(settings, instance, ["ELM"], "recompute")
    for stage in AFTER_FETCH:
        assert red(settings, instance, stage) == {"ELM"}
        (reason,) = _reasons(instance, stage, "ELM")
        assert reason.startswith("blocked at validated_bars: 1day: high_low_order rejected 1 bar")
        assert "`regime bars exclude ELM 1day 2012-10-08" in reason
    assert _check(settings, instance, Stage.VALIDATED_BARS, "gate")["ELM"] == "FAILED"

    again = run_listed(settings, instance, [], "reconcile")
    assert not again.success
    assert _events(again) == 0  # neither the good ones nor the failure as shown
    assert len(_reasons(instance, Stage.COMPUTE_DB, "ELM")) == 1
    assert red(settings, instance, Stage.RAW_BARS) == {"FIR"}

    file.write_bytes(good)
    serve(settings, "ELM", "1day", make_bars(BARS, seed=3))
    assert run_listed(settings, instance, SYMBOLS, "update_daily").success
    assert red(settings, instance, Stage.RAW_BARS) == set()
    assert run_listed(settings, instance, [], "reconcile").success
    for stage in Stage:
        assert green(settings, instance, stage) == set(SYMBOLS)
    assert _check(settings, instance, Stage.VALIDATED_BARS, "gate") == dict.fromkeys(
        SYMBOLS, "SUCCEEDED"
    )
    assert set(_check(settings, instance, Stage.VALIDATED_BARS, "findings")) == set(SYMBOLS)
    assert _events(run_listed(settings, instance, [], "reconcile")) == 0


@pytest.mark.slow
def test_a_repaired_symbol_is_green_although_its_results_are_unchanged(
    processed_eight: Settings, processed_instance: dg.DagsterInstance
) -> None:
    settings, instance = processed_eight, processed_instance
    manifest = settings.data_root / "assets" / "HAZEL" / "compute_manifest.json"
    good = manifest.read_bytes()
    manifest.write_text("[1, 2]")

    run_range(settings, instance, SYMBOLS[4:7])
    assert red(settings, instance, Stage.MANIFESTS) == {"HAZEL"}
    checks = _check(settings, instance, Stage.MANIFESTS, "is_complete")
    assert {symbol for symbol, status in checks.items() if status == "FAILED"} == {"HAZEL"}
    assert "compute_manifest.json" in _reasons(instance, Stage.MANIFESTS, "HAZEL")[0]
    manifest.write_bytes(good)

    reconciled = run_listed(settings, instance, [], "reconcile")

    assert reconciled.success
    assert green(settings, instance, Stage.MANIFESTS) == set(SYMBOLS)
    checks = _check(settings, instance, Stage.MANIFESTS, "is_complete")
    assert checks == dict.fromkeys(SYMBOLS, "SUCCEEDED")


@pytest.mark.slow
def test_a_symbol_without_bars_is_red_and_not_reported_every_night(
    eight: Settings, instance: dg.DagsterInstance
) -> None:
    assert eight.files_root is not None
    (eight.files_root / "FIR" / "1day.parquet").write_text("no bars")

    run_listed(eight, instance, ["FIR", "HAZEL"], "process_listed")
    first = run_listed(eight, instance, ["FIR", "HAZEL"], "reconcile")
    second = run_listed(eight, instance, ["FIR", "HAZEL"], "reconcile")

    assert (first.success, second.success) == (False, False)
    for stage in Stage:
        assert red(eight, instance, stage) == {"FIR"}
        assert green(eight, instance, stage) == {"HAZEL"}
    assert _check(eight, instance, Stage.VALIDATED_BARS, "gate")["FIR"] == "FAILED"
    assert _reasons(instance, Stage.VALIDATED_BARS, "FIR")[0].startswith("no_bars at validated_bar")
    assert _events(second) == 0
