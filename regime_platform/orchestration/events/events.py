"""The Dagster events of a symbol's outcome.

A partitioned run reports every successful stage of every symbol. A listed run reports only what
changed: an event costs about 18 ms of CPU, and a daily pass has thousands of symbols with nothing
new. One that repeats a run that died reports all: what that one had not reported is unchanged now.
"""

from collections.abc import Iterator

import dagster as dg

from regime_platform.orchestration.events.checks import check_evaluations, unchanged_checks
from regime_platform.orchestration.events.metadata import (
    IS_PROCESSED,
    Metadata,
    stage_metadata,
    stage_outcome,
    with_picture,
)
from regime_platform.orchestration.instance.check_targets import CheckTargets
from regime_platform.orchestration.run_scope import RunScope
from regime_platform.pipeline.outcomes import STAGES, Stage, Status, SymbolOutcome
from regime_platform.pipeline.run_workspace import RunWorkspace

SymbolEvent = dg.AssetMaterialization | dg.AssetCheckEvaluation


def materializations(
    workspace: RunWorkspace, scope: RunScope, outcome: SymbolOutcome
) -> Iterator[dg.AssetMaterialization]:
    """The materialisations of one symbol, in the order of the stages."""
    for stage in _reported_stages(scope, outcome):
        status = stage_status(outcome, stage)
        is_done = status is not None and status.is_good and not _stays_red(outcome, stage)
        if is_done or _grew_before_failing(scope, outcome, stage):
            metadata, version = _described(workspace, scope, outcome, stage)
            yield dg.AssetMaterialization(
                stage.value,
                partition=outcome.symbol,
                metadata=metadata,
                tags={"dagster/data_version": version} if version else None,
            )


def evaluations(
    workspace: RunWorkspace, scope: RunScope, outcome: SymbolOutcome, targets: CheckTargets
) -> Iterator[dg.AssetCheckEvaluation]:
    """The check results of the same stages; yield them after the materialisations."""
    # a run without stages executes checks alone: they cover all stages
    stages = _reported_stages(scope, outcome) if scope.stages else Stage
    is_complete = scope.reports_unchanged or not scope.stages
    checks = scope.checks if is_complete else scope.checks - unchanged_checks(outcome)
    return check_evaluations(workspace, outcome, stages, checks, targets)


def stage_status(outcome: SymbolOutcome, stage: Stage) -> Status | None:
    """The status of a symbol after a stage; None where it did not reach the stage."""
    done = stage_outcome(outcome, stage)
    if done is not None:
        return Status(done.status)
    return outcome.status if outcome.stage is stage and not outcome.status.is_good else None


def _reported_stages(scope: RunScope, outcome: SymbolOutcome) -> Iterator[Stage]:
    for stage in (stage for stage in Stage if stage in scope.stages):
        status = stage_status(outcome, stage)
        if status is not None and (scope.reports_unchanged or status is not Status.UNCHANGED):
            yield stage


def _stays_red(outcome: SymbolOutcome, stage: Stage) -> bool:
    # Series that passed may be computed although another one is blocked: nothing of such a symbol
    # turns green from the stage on that did not pass. What was computed is in its manifests.
    return not outcome.status.is_good and STAGES.index(stage) >= STAGES.index(outcome.stage)


def _grew_before_failing(scope: RunScope, outcome: SymbolOutcome, stage: Stage) -> bool:
    # One timeframe of several failed: the bars of the others must still reach the sensor. Not in a
    # partitioned run, where the partition of the failed symbol has to be shown as failed.
    if scope.is_partitioned or stage is not Stage.RAW_BARS or outcome.ingest is None:
        return False
    return outcome.ingest.rows_inserted > 0


def _described(
    workspace: RunWorkspace, scope: RunScope, outcome: SymbolOutcome, stage: Stage
) -> tuple[Metadata, str | None]:
    version = None
    try:
        metadata, version = stage_metadata(workspace, stage, outcome)
        if stage is Stage.RAW_BARS:
            metadata[IS_PROCESSED] = scope.stages == frozenset(Stage)
        if stage is Stage.COMPUTE_DB and _wants_picture(workspace, scope, outcome.symbol):
            metadata = with_picture(workspace, outcome.symbol, metadata)
    except Exception as error:  # noqa: BLE001 - the stage is done, only its description fails
        return {"metadata_error": f"{type(error).__name__}: {error}"}, version
    return metadata, version


def _wants_picture(workspace: RunWorkspace, scope: RunScope, symbol: str) -> bool:
    # 2 kB each: in partitioned runs and for the core tier, not for 1,507 daily symbols every night
    return scope.is_partitioned or workspace.universe.instrument(symbol).tier == "core"
