"""The Dagster events of a symbol's outcome.

A partitioned run reports every successful stage of every symbol, changed or not, so that no
successful symbol looks missing. A listed run (schedule, sensor) reports only what changed: an event
costs about 18 ms of CPU, and a daily pass has thousands of symbols with nothing new. A listed run
that repeats a run that died reports all, since what the first one had finished and not yet reported
is unchanged by then.
"""

from collections.abc import Iterator

import dagster as dg

from regime_platform.orchestration.checks import check_evaluations
from regime_platform.orchestration.events.check_targets import CheckTargets
from regime_platform.orchestration.events.metadata import (
    IS_PROCESSED,
    Metadata,
    data_version,
    stage_metadata,
    with_picture,
)
from regime_platform.orchestration.run_scope import RunScope
from regime_platform.pipeline.outcomes import Stage, Status, SymbolOutcome
from regime_platform.pipeline.run_workspace import RunWorkspace

SymbolEvent = dg.AssetMaterialization | dg.AssetCheckEvaluation


def materializations(
    workspace: RunWorkspace, scope: RunScope, outcome: SymbolOutcome
) -> Iterator[dg.AssetMaterialization]:
    """The materialisations of one symbol, in the order of the stages."""
    for stage in _reported_stages(scope, outcome):
        status = stage_status(outcome, stage)
        if (status and status.is_good) or _grew_before_failing(scope, outcome, stage):
            yield _materialization(workspace, scope, outcome, stage)


def evaluations(
    workspace: RunWorkspace, scope: RunScope, outcome: SymbolOutcome, targets: CheckTargets
) -> Iterator[dg.AssetCheckEvaluation]:
    """The check results of the same stages; yield them after the materialisations."""
    # a run without stages executes checks alone: they cover all stages
    for stage in _reported_stages(scope, outcome) if scope.stages else Stage:
        yield from check_evaluations(workspace, scope, outcome, stage, targets)


def _reported_stages(scope: RunScope, outcome: SymbolOutcome) -> Iterator[Stage]:
    for stage in (stage for stage in Stage if stage in scope.stages):
        status = stage_status(outcome, stage)
        if status is not None and (scope.reports_unchanged or status is not Status.UNCHANGED):
            yield stage


def stage_status(outcome: SymbolOutcome, stage: Stage) -> Status | None:
    """The status of a symbol after a stage; None where it did not reach the stage."""
    done = {
        Stage.RAW_BARS: outcome.ingest,
        Stage.VALIDATED_BARS: outcome.promote,
        Stage.COMPUTE_DB: outcome.compute,
        Stage.MANIFESTS: outcome.publish,
    }[stage]
    if done is not None:
        return done.status
    return outcome.status if outcome.stage is stage and not outcome.status.is_good else None


def _grew_before_failing(scope: RunScope, outcome: SymbolOutcome, stage: Stage) -> bool:
    # One timeframe of several failed: the bars of the others must still reach the sensor. Not in a
    # partitioned run, where the partition of the failed symbol has to be shown as failed.
    if scope.is_partitioned or stage is not Stage.RAW_BARS or outcome.ingest is None:
        return False
    return outcome.ingest.rows_inserted > 0


def _materialization(
    workspace: RunWorkspace, scope: RunScope, outcome: SymbolOutcome, stage: Stage
) -> dg.AssetMaterialization:
    metadata = _metadata(workspace, scope, outcome, stage)
    version = _version(workspace, outcome, stage)
    return dg.AssetMaterialization(
        stage.value,
        partition=outcome.symbol,
        metadata=metadata,
        tags={"dagster/data_version": version} if version else None,
    )


def _version(workspace: RunWorkspace, outcome: SymbolOutcome, stage: Stage) -> str | None:
    try:
        return data_version(workspace, stage, outcome)
    except Exception:  # noqa: BLE001 - the stage is done; the metadata name the error
        return None


def _metadata(
    workspace: RunWorkspace, scope: RunScope, outcome: SymbolOutcome, stage: Stage
) -> Metadata:
    try:
        metadata = stage_metadata(workspace, stage, outcome)
        if stage is Stage.RAW_BARS:
            metadata[IS_PROCESSED] = scope.stages == frozenset(Stage)
        if stage is Stage.COMPUTE_DB and _wants_picture(workspace, scope, outcome.symbol):
            metadata = with_picture(workspace, outcome.symbol, metadata)
    except Exception as error:  # noqa: BLE001 - the stage is done, only its description fails
        return {"metadata_error": f"{type(error).__name__}: {error}"}
    return metadata


def _wants_picture(workspace: RunWorkspace, scope: RunScope, symbol: str) -> bool:
    # 2 kB each: in partitioned runs and for the core tier, not for 1,507 daily symbols every night
    return scope.is_partitioned or workspace.universe.instrument(symbol).tier == "core"
