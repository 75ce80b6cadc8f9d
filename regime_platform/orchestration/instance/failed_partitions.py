"""Failures of partitions, as Dagster's own runs over partitions record them.

Dagster shows a partition as failed where a run that failed had planned it and did not materialise
it. A listed run plans nothing, since that takes an event for each symbol and asset; the partitions
that failed in it are recorded as planned when they fail. The reason is in a second event, which
Dagster's UI shows on the page of the partition.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import dagster as dg
from dagster._core.definitions.events import (
    AssetMaterializationFailure,
    AssetMaterializationFailureReason,
    AssetMaterializationFailureType,
)
from dagster._core.events import AssetMaterializationPlannedData


@dataclass(frozen=True)
class PartitionFailure:
    """An asset of a symbol that was not materialised, and why."""

    asset: dg.AssetKey
    symbol: str
    reason: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    is_upstream: bool = False  # an asset before it failed


def report_failed(
    instance: dg.DagsterInstance,
    run: dg.DagsterRun,
    failure: PartitionFailure,
    *,
    is_planned: bool,
) -> None:
    """Records that a partition failed in a run; ``is_planned`` where the run already planned it.

    The partition is shown as failed once the run has ended as failed.
    """
    if not is_planned:
        planned = AssetMaterializationPlannedData(failure.asset, partition=failure.symbol)
        _report(
            instance,
            run,
            dg.DagsterEvent.build_asset_materialization_planned_event(run.job_name, "", planned),
        )
    reasons = AssetMaterializationFailureReason
    event = AssetMaterializationFailure(
        asset_key=failure.asset,
        partition=failure.symbol,
        failure_type=AssetMaterializationFailureType.FAILED,
        reason=reasons.UPSTREAM_FAILED_TO_MATERIALIZE
        if failure.is_upstream
        else reasons.FAILED_TO_MATERIALIZE,
        description=failure.reason,
        metadata=failure.metadata,
    )
    _report(
        instance,
        run,
        dg.DagsterEvent.build_asset_failed_to_materialize_event(run.job_name, None, event),
    )


def last_failure(instance: dg.DagsterInstance, asset: dg.AssetKey, symbol: str) -> str:
    """The reason of the last failure of a partition; empty where it never failed."""
    wanted = dg.AssetRecordsFilter(asset_key=asset, asset_partitions=[symbol])
    for record in instance.fetch_failed_materializations(wanted, limit=1).records:
        event = record.event_log_entry.dagster_event
        if event is not None:
            failure = event.asset_failed_to_materialize_data.asset_materialization_failure
            return failure.description or ""
    return ""


def runs_of_failures(instance: dg.DagsterInstance, asset: dg.AssetKey) -> Iterator[str]:
    """The runs by which partitions of an asset are shown as failed."""
    storage = instance.event_log_storage
    attempts = storage.get_latest_asset_partition_materialization_attempts_without_materializations(
        asset
    )
    for run, _event in attempts.values():
        yield run


def _report(instance: dg.DagsterInstance, run: dg.DagsterRun, event: dg.DagsterEvent) -> None:
    instance.report_dagster_event(event, run_id=run.run_id, log_level=logging.DEBUG)
