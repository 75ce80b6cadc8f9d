"""From what happened to a symbol to what Dagster is told about it.

In a partitioned run every good stage of every symbol is reported, changed or not, so that a good
symbol never looks missing. In a listed run (schedule, sensor) only what changed is: an event costs
about 18 ms of CPU, and a daily pass has thousands of symbols with nothing new. A listed run that
repeats one that died tells all, since what the first had done and not yet told is unchanged now.
"""

from collections.abc import Iterator

import dagster as dg

from regime_platform.orchestration.checks import check_evaluations
from regime_platform.orchestration.events.metadata import (
    IS_WALKED_ON,
    Metadata,
    data_version,
    stage_metadata,
    with_picture,
)
from regime_platform.orchestration.targets import Targets
from regime_platform.orchestration.work import Work
from regime_platform.pipeline.outcomes import Stage, Status, SymbolOutcome
from regime_platform.pipeline.platform import RunWorkspace

SymbolEvent = dg.AssetMaterialization | dg.AssetCheckEvaluation


def materializations(
    workspace: RunWorkspace, work: Work, outcome: SymbolOutcome
) -> Iterator[dg.AssetMaterialization]:
    """What one symbol came through, in the order of the walk."""
    for stage in _told(work, outcome):
        status = stage_status(outcome, stage)
        if (status and status.is_good) or _grew_before_failing(work, outcome, stage):
            yield _materialization(workspace, work, outcome, stage)


def evaluations(
    workspace: RunWorkspace, work: Work, outcome: SymbolOutcome, targets: Targets
) -> Iterator[dg.AssetCheckEvaluation]:
    """The checks of the same stages; report them after the assets that they are about."""
    # with no stage somebody executes checks alone: they judge what is there
    for stage in _told(work, outcome) if work.stages else Stage:
        yield from check_evaluations(workspace, work, outcome, stage, targets)


def _told(work: Work, outcome: SymbolOutcome) -> Iterator[Stage]:
    for stage in (stage for stage in Stage if stage in work.stages):
        status = stage_status(outcome, stage)
        if status is not None and (work.tells_all or status is not Status.UNCHANGED):
            yield stage


def stage_status(outcome: SymbolOutcome, stage: Stage) -> Status | None:
    """How the symbol came out of one stage; None where it never got there."""
    done = {
        Stage.RAW_BARS: outcome.ingest,
        Stage.VALIDATED_BARS: outcome.promote,
        Stage.COMPUTE_DB: outcome.compute,
        Stage.MANIFESTS: outcome.publish,
    }[stage]
    if done is not None:
        return done.status
    return outcome.status if outcome.stage is stage and not outcome.status.is_good else None


def _grew_before_failing(work: Work, outcome: SymbolOutcome, stage: Stage) -> bool:
    # One timeframe of several failed: what the others brought must still reach the sensor. Not in a
    # partitioned run, where the failed symbol has to turn red.
    if work.is_partitioned or stage is not Stage.RAW_BARS or outcome.ingest is None:
        return False
    return outcome.ingest.rows_inserted > 0


def _materialization(
    workspace: RunWorkspace, work: Work, outcome: SymbolOutcome, stage: Stage
) -> dg.AssetMaterialization:
    metadata = _metadata(workspace, work, outcome, stage)
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
    except Exception:  # noqa: BLE001 - the stage is done; the metadata say what is wrong
        return None


def _metadata(
    workspace: RunWorkspace, work: Work, outcome: SymbolOutcome, stage: Stage
) -> Metadata:
    try:
        metadata = stage_metadata(workspace, stage, outcome)
        if stage is Stage.RAW_BARS:
            metadata[IS_WALKED_ON] = work.stages == frozenset(Stage)
        if stage is Stage.COMPUTE_DB and _wants_picture(workspace, work, outcome.symbol):
            metadata = with_picture(workspace, outcome.symbol, metadata)
    except Exception as error:  # noqa: BLE001 - the stage is done, only its description fails
        return {"not_described": f"{type(error).__name__}: {error}"}
    return metadata


def _wants_picture(workspace: RunWorkspace, work: Work, symbol: str) -> bool:
    # 2 kB each: for whoever looks, and for the core tier; not for 1,507 daily symbols every night.
    return work.is_partitioned or workspace.universe.instrument(symbol).tier == "core"
