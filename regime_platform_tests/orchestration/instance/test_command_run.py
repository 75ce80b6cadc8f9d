"""A run that stands for commands shows partitions green and red, and the same check again."""

import dagster as dg
import pytest
from sqlalchemy.exc import IntegrityError

from regime_platform.orchestration.instance.check_targets import CheckTargets
from regime_platform.orchestration.instance.command_run import COMMAND_LINE, CommandRun
from regime_platform.orchestration.instance.failed_partitions import (
    PartitionFailure,
    report_failed,
)
from regime_platform.orchestration.instance.shown_states import not_green
from regime_platform.orchestration.partitions import symbol_partitions
from regime_platform.pipeline.outcomes import Stage
from regime_platform.settings import Settings, load_universe
from regime_platform_tests.orchestration.graph import green, red

BARS = dg.AssetKey(Stage.VALIDATED_BARS.value)
GATE = dg.AssetCheckKey(BARS, "gate")


def _gate(instance: dg.DagsterInstance, *, passed: bool) -> dg.AssetCheckEvaluation:
    return dg.AssetCheckEvaluation(
        asset_key=BARS,
        check_name="gate",
        passed=passed,
        partition="ALDER",
        target_materialization_data=CheckTargets(instance).of(BARS, "ALDER"),
    )


def test_partitions_and_checks_change_their_state_as_often_as_commands_run(
    eight: Settings, instance: dg.DagsterInstance
) -> None:
    partitions = symbol_partitions(load_universe(eight))
    bars = dg.AssetMaterialization(BARS, partition="ALDER")

    def bad() -> set[str]:
        return not_green(instance, partitions, BARS, ["ALDER", "BIRCH"], [GATE])

    first, failed, second = (CommandRun(instance, is_success=good) for good in (True, False, True))
    first.report(bars)
    first.report(_gate(instance, passed=True))
    after_first = bad()
    failed.note("BIRCH failed at validated_bars: its bars are damaged")
    failure = PartitionFailure(BARS, "BIRCH", "no file")
    report_failed(instance, failed.stored(), failure, is_planned=False)
    failed.report(_gate(instance, passed=False))
    after_failure, shown_red = bad(), red(eight, instance, Stage.VALIDATED_BARS)
    for symbol in ("ALDER", "BIRCH"):
        second.report(dg.AssetMaterialization(BARS, partition=symbol))
    second.report(_gate(instance, passed=True))

    assert after_first == {"BIRCH"}
    assert (after_failure, shown_red) == ({"ALDER", "BIRCH"}, {"BIRCH"})
    assert bad() == set()
    assert green(eight, instance, Stage.VALIDATED_BARS) == {"ALDER", "BIRCH"}
    assert {run.job_name for run in instance.get_runs()} == {COMMAND_LINE}


def test_dagster_refuses_a_second_result_of_a_check_without_a_run(
    instance: dg.DagsterInstance,
) -> None:
    instance.report_runless_asset_event(_gate(instance, passed=True))

    with pytest.raises(IntegrityError):
        instance.report_runless_asset_event(_gate(instance, passed=False))
