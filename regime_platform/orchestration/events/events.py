"""The Dagster events of a symbol's outcome.

A partitioned run reports every stage of every symbol. A listed run reports what changed, and what
Dagster does not show as it is: an event costs about 18 ms of CPU, and a daily pass has thousands of
symbols with nothing new. One that repeats a run that died reports all: what that one had not
reported is unchanged now.
"""

from collections.abc import Iterator

import dagster as dg

from regime_platform.orchestration.events.checks import check_evaluations, outdated_evaluations
from regime_platform.orchestration.events.metadata import (
    IS_PROCESSED,
    Metadata,
    stage_metadata,
    with_picture,
)
from regime_platform.orchestration.instance.check_targets import CheckTargets
from regime_platform.orchestration.instance.failed_partitions import (
    PartitionFailure,
    last_failure,
    report_failed,
)
from regime_platform.orchestration.run_scope import RunScope
from regime_platform.pipeline.outcomes import STAGES, Stage, Status, SymbolOutcome
from regime_platform.pipeline.run_workspace import RunWorkspace

_DRAWN = 100  # symbols of a run over partitions; each daily symbol has a page of its own too
SymbolEvent = dg.AssetMaterialization | dg.AssetCheckEvaluation


def materializations(
    workspace: RunWorkspace, scope: RunScope, outcome: SymbolOutcome
) -> Iterator[dg.AssetMaterialization]:
    """The materialisations of one symbol, in the order of the stages."""
    for stage in _reported_stages(scope, outcome):
        is_done = not _stays_red(outcome, stage)
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
    stages = _reported_stages(scope, outcome) if scope.stages else list(Stage)
    yield from check_evaluations(workspace, outcome, stages, scope.checks, targets)
    if scope.shown is not None and not scope.reports_unchanged:
        others = [stage for stage in _reached(scope, outcome) if stage not in stages]
        yield from outdated_evaluations(workspace, outcome, others, targets, scope.shown)


def report_failure(scope: RunScope, outcome: SymbolOutcome) -> None:
    """Records the stages that a symbol failed in this run; call it after its other events.

    A failure that Dagster shows already, with the same reason, is not recorded again; that the
    source refused all before a symbol is none of the symbol.
    """
    is_failure = not outcome.status.is_good and outcome.status is not Status.NOT_REACHED
    if scope.run is None or not is_failure or _is_shown_failure(scope, outcome):
        return
    for stage in scope.stages_in_order:
        if _stays_red(outcome, stage):
            failure = PartitionFailure(
                dg.AssetKey(stage.value),
                outcome.symbol,
                partition_reason(outcome),
                {"detail": outcome.detail} if outcome.detail else {},
                is_upstream=stage is not outcome.stage,
            )
            report_failed(scope.instance, scope.run, failure, is_planned=scope.is_partitioned)


def _reached(scope: RunScope, outcome: SymbolOutcome) -> list[Stage]:
    return [stage for stage in scope.stages_in_order if outcome.status_after(stage) is not None]


def _reported_stages(scope: RunScope, outcome: SymbolOutcome) -> list[Stage]:
    return [stage for stage in _reached(scope, outcome) if _is_news(scope, outcome, stage)]


def _is_news(scope: RunScope, outcome: SymbolOutcome, stage: Stage) -> bool:
    """False where Dagster shows already what the stage of a listed run came to."""
    if scope.reports_unchanged or outcome.status_after(stage) is Status.DONE:
        return True
    if stage is outcome.stage and not outcome.status.is_good:
        return not _is_shown_failure(scope, outcome)
    if scope.shown is None or _stays_red(outcome, stage):
        return False
    asset = dg.AssetKey(stage.value)
    return scope.shown.is_failed(asset, outcome.symbol) or scope.shown.is_missing(
        asset, outcome.symbol
    )


def _stays_red(outcome: SymbolOutcome, stage: Stage) -> bool:
    # Series that passed may be computed although another one is blocked: nothing of such a symbol
    # turns green from the stage on that did not pass. What was computed is in its manifests.
    if outcome.status.is_good or STAGES.index(stage) < STAGES.index(outcome.stage):
        return False
    # where some series were not fetched, later stages are as good as the bars that are stored
    is_after_fetch = Stage.RAW_BARS is outcome.stage is not stage
    status = outcome.status_after(stage)
    is_done = status is not None and status.is_good and not outcome.left_out
    return not (is_after_fetch and is_done)


def _is_shown_failure(scope: RunScope, outcome: SymbolOutcome) -> bool:
    if scope.shown is None or scope.reports_unchanged:
        return False
    assets = [
        dg.AssetKey(stage.value) for stage in scope.stages_in_order if _stays_red(outcome, stage)
    ]
    is_red = all(scope.shown.is_failed(asset, outcome.symbol) for asset in assets)
    if not assets or not is_red:
        return False
    return last_failure(scope.instance, assets[0], outcome.symbol) == partition_reason(outcome)


def partition_reason(outcome: SymbolOutcome) -> str:
    """What the page of a failed partition says."""
    return f"{outcome.status} at {outcome.stage}: {outcome.reason}"


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
    # 2 kB and 50 ms of CPU each: for the core tier, and where few symbols were asked for
    is_asked_for = scope.is_partitioned and len(scope.instruments) <= _DRAWN
    return is_asked_for or workspace.universe.instrument(symbol).tier == "core"
