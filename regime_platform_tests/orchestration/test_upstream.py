"""What we lean on in Dagster itself: when one of these fails, an upgrade changed the ground.

Each test names the decision that rests on it. None of them touches the platform.
"""

import warnings
from collections.abc import Iterator

import dagster as dg
import pytest

KEYS = ["a", "b", "c"]
PARTITIONS = dg.StaticPartitionsDefinition(KEYS)
RANGE = {"dagster/asset_partition_range_start": "a", "dagster/asset_partition_range_end": "c"}
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.local_temp() as opened:
        yield opened


def _specs() -> list[dg.AssetSpec]:
    return [
        dg.AssetSpec("first", partitions_def=PARTITIONS, skippable=True),
        dg.AssetSpec("second", deps=["first"], partitions_def=PARTITIONS, skippable=True),
    ]


def _check() -> dg.AssetCheckSpec:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return dg.AssetCheckSpec("sound", asset="second", blocking=True, partitions_def=PARTITIONS)


@dg.multi_asset(
    name="both",
    specs=_specs(),
    check_specs=[_check()],
    can_subset=True,
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def both(context: dg.AssetExecutionContext):  # type: ignore[no-untyped-def]
    """All partitions pass the first asset; b fails the check and is missing from the second."""
    for key in context.partition_keys:
        passed = key != "b"
        yield dg.AssetMaterialization("first", partition=key)
        yield dg.AssetCheckEvaluation(
            asset_key=dg.AssetKey("second"),
            check_name="sound",
            passed=passed,
            partition=key,
            blocking=False,
        )
        if passed:
            yield dg.AssetMaterialization("second", partition=key)
    raise dg.Failure("b is not through", allow_retries=False)


@dg.op(out={})
def tell():  # type: ignore[no-untyped-def]
    """Reports an asset from a plain job."""
    yield dg.AssetMaterialization("second", partition="b")
    yield dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey("second"), check_name="sound", passed=True, partition="b"
    )


@dg.job
def telling() -> None:
    """A plain job."""
    tell()


DEFINITIONS = dg.Definitions(
    assets=[both],
    jobs=[
        telling,
        dg.define_asset_job("all", selection="*"),
        dg.define_asset_job("second_only", selection=["second"]),
    ],
    executor=dg.in_process_executor,
)


def _statuses(instance: dg.DagsterInstance, asset: str) -> dict[str, str | None]:
    statuses = instance.get_status_by_partition(dg.AssetKey(asset), KEYS, PARTITIONS) or {}
    return {key: None if status is None else status.value for key, status in statuses.items()}


def _run(
    instance: dg.DagsterInstance, job: str, tags: dict[str, str] | None = None
) -> dg.ExecuteInProcessResult:
    return DEFINITIONS.resolve_job_def(job).execute_in_process(
        instance=instance, tags=tags, run_config=QUIET, raise_on_error=False
    )


def test_a_failed_ranged_run_turns_red_exactly_the_partitions_it_did_not_report(
    instance: dg.DagsterInstance,
) -> None:
    """Decision: all four assets are one step that reports partition by partition."""
    result = _run(instance, "all", RANGE)

    assert not result.success
    assert _statuses(instance, "first") == dict.fromkeys(KEYS, "MATERIALIZED")
    assert _statuses(instance, "second") == {
        "a": "MATERIALIZED",
        "b": "FAILED",
        "c": "MATERIALIZED",
    }


def test_a_failed_check_event_that_is_not_blocking_does_not_end_the_step(
    instance: dg.DagsterInstance,
) -> None:
    """Decision: blocking stands on the spec for the UI, never on the event."""
    result = _run(instance, "all", RANGE)

    checks = {
        asset_check_evaluation.partition: asset_check_evaluation.passed
        for asset_check_evaluation in result.get_asset_check_evaluations()
    }
    assert checks == {"a": True, "b": False, "c": True}


@pytest.mark.slow
def test_an_unpartitioned_run_of_the_second_asset_alone_is_refused_by_dagster(
    instance: dg.DagsterInstance,
) -> None:
    """Decision: what the sensor and the schedules launch are plain jobs, not asset jobs."""
    _run(instance, "all", RANGE)
    job = DEFINITIONS.resolve_job_def("second_only")

    with pytest.raises(dg.DagsterInvariantViolationError, match="non-partitioned run"):
        job.execute_in_process(instance=instance, run_config=QUIET)


@pytest.mark.slow
def test_a_plain_job_may_report_partitions_of_assets_and_checks(
    instance: dg.DagsterInstance,
) -> None:
    """Decision: listed runs report like partitioned ones, and mend a red partition."""
    _run(instance, "all", RANGE)

    result = _run(instance, "telling")

    assert result.success
    assert _statuses(instance, "second") == dict.fromkeys(KEYS, "MATERIALIZED")


def test_a_plain_job_plans_nothing(instance: dg.DagsterInstance) -> None:
    """Decision: a listed run costs what its changes cost, since it writes no planned events."""
    result = _run(instance, "telling")

    kinds = {record.dagster_event_type for record in instance.all_logs(result.run_id)}
    assert dg.DagsterEventType.ASSET_MATERIALIZATION in kinds
    assert dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED not in kinds


def test_partitioned_checks_are_still_a_preview() -> None:
    """When this fails, the filter in orchestration.events.checks can go."""
    with pytest.warns(dg.PreviewWarning):
        dg.AssetCheckSpec("sound", asset="second", partitions_def=PARTITIONS)


def test_the_backfill_policy_of_an_asset_is_still_beta() -> None:
    """When this fails, the filter in orchestration.assets can go."""
    with pytest.warns(dg.BetaWarning, match="backfill_policy"):
        dg.asset(backfill_policy=dg.BackfillPolicy.single_run())
