"""The walk itself: one symbol through the stages asked for, and many symbols one after another.

This is the only place where one symbol's failure is turned into an outcome, so that it stops nobody
else. What must end the whole run (a refused key, an empty quota) passes through.
"""

import datetime as dt
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from regime_platform.bar_store.rename_journal import moved_away
from regime_platform.errors import BlockedError, RegimeError, RunEndingError, failure_reason
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.compute.compute import compute
from regime_platform.pipeline.fetch.batches import Batches
from regime_platform.pipeline.fetch.ingest import ingest
from regime_platform.pipeline.fetch.polling import not_polled
from regime_platform.pipeline.fetch.request import FetchRequest
from regime_platform.pipeline.gate.intact import derive_intact, promote_intact
from regime_platform.pipeline.identity import other_instrument
from regime_platform.pipeline.outcomes import (
    ComputeOutcome,
    IngestOutcome,
    PromoteOutcome,
    PublishOutcome,
    Stage,
    Status,
    SymbolOutcome,
)
from regime_platform.pipeline.platform import RunWorkspace
from regime_platform.pipeline.publish.publish import publish

STAGES = tuple(Stage)

_StageOutcome = IngestOutcome | PromoteOutcome | ComputeOutcome | PublishOutcome
_FIELD: Mapping[Stage, str] = MappingProxyType(
    {
        Stage.RAW_BARS: "ingest",
        Stage.VALIDATED_BARS: "promote",
        Stage.COMPUTE_DB: "compute",
        Stage.MANIFESTS: "publish",
    }
)


def run_symbols(  # noqa: PLR0913 - what to walk, and how
    workspace: RunWorkspace,
    instruments: Sequence[Instrument],
    now: dt.datetime,
    *,
    stages: Collection[Stage] = STAGES,
    force: bool = False,
    batches: Batches | None = None,
) -> Iterator[SymbolOutcome]:
    """Walks the instruments in order, yielding one outcome each as soon as it is known.

    ``batches`` says more about the fetch than that everything is to be caught up with.

    Raises:
        RunEndingError: the source refuses everybody, so going on is pointless; the
            symbols walked so far are complete.
    """
    batches = batches or Batches(workspace, instruments, FetchRequest(now))
    for instrument in instruments:
        yield run_symbol(workspace, instrument, now, stages=stages, force=force, batches=batches)


def run_symbol(  # noqa: PLR0913 - what to walk, and how
    workspace: RunWorkspace,
    instrument: Instrument,
    now: dt.datetime,
    *,
    stages: Collection[Stage] = STAGES,
    force: bool = False,
    batches: Batches | None = None,
) -> SymbolOutcome:
    """Takes one symbol through ``stages``, in the order of the walk, until one is not good.

    ``force`` recomputes even where bars, parameters, eras and code are what they were.

    Raises:
        RunEndingError: see ``walk``.
    """
    try:
        refused = _refused(workspace, instrument, stages)
    except Exception as error:  # noqa: BLE001 - one damaged record must not stop the other symbols
        reason = failure_reason(error, instrument.symbol)
        return SymbolOutcome(instrument.symbol, Status.FAILED, STAGES[0], reason)
    if refused is not None:
        return refused
    derived = compute if Stage.VALIDATED_BARS in stages else derive_intact  # proven just before
    fetched = batches or Batches(workspace, [instrument], FetchRequest(now))
    work: Mapping[Stage, Callable[[], _StageOutcome]] = {
        Stage.RAW_BARS: lambda: not_polled(instrument) or ingest(workspace, instrument, fetched),
        Stage.VALIDATED_BARS: lambda: promote_intact(workspace, instrument),
        Stage.COMPUTE_DB: lambda: derived(workspace, instrument, force=force),
        Stage.MANIFESTS: lambda: publish(workspace, instrument, now),
    }
    walked = SymbolOutcome(instrument.symbol, Status.UNCHANGED, STAGES[0])
    for stage in (stage for stage in STAGES if stage in stages):
        walked = _step(walked, stage, work[stage])
        if not walked.status.is_good:
            break
    return walked


def _refused(
    workspace: RunWorkspace, instrument: Instrument, stages: Collection[Stage]
) -> SymbolOutcome | None:
    """Why no stage may begin; None where they may."""
    moved = moved_away(workspace.root, instrument.symbol)
    if moved is not None:  # this run loaded the universe before the rename
        return SymbolOutcome(instrument.symbol, Status.FAILED, STAGES[0], moved.told())
    refusal = other_instrument(workspace.root, instrument)
    if not refusal:
        return None
    # at the gate where it is among the stages, since its check is where Dagster shows reasons
    shown = (stage for stage in (Stage.VALIDATED_BARS, *STAGES) if stage in stages)
    return SymbolOutcome(instrument.symbol, Status.BLOCKED, next(shown, STAGES[0]), refusal)


def _step(walked: SymbolOutcome, stage: Stage, work: Callable[[], _StageOutcome]) -> SymbolOutcome:
    try:
        outcome = work()
    except RunEndingError:
        raise
    except BlockedError as error:
        return replace(walked, stage=stage, status=Status.BLOCKED, reason=str(error))
    except Exception as error:  # noqa: BLE001 - a defect met on one symbol must not stop the others
        reason = failure_reason(error, walked.symbol)
        detail = "" if isinstance(error, RegimeError | OSError) else traceback.format_exc()
        return replace(walked, stage=stage, status=Status.FAILED, reason=reason, detail=detail)
    return replace(
        walked,
        **{_FIELD[stage]: outcome},  # type: ignore[arg-type]
        stage=stage,
        status=_worse(walked.status, outcome.status),
        reason=outcome.reason or walked.reason,
    )


def _worse(so_far: Status, step: Status) -> Status:
    if not step.is_good:
        return step
    return Status.DONE if Status.DONE in (so_far, step) else Status.UNCHANGED
