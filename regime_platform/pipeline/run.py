"""Runs symbols through the stages of the pipeline, one after another.

Here a failure of one symbol becomes its outcome, so that the others go on. Errors that must end the
whole run (a refused key, an empty quota) are passed on.
"""

import datetime as dt
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from regime_platform.bar_store.locks import one_lock
from regime_platform.bar_store.rename_journal import moved_away
from regime_platform.bar_store.session import SymbolSession
from regime_platform.errors import BlockedError, RegimeError, RunEndingError, failure_reason
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.compute.compute import compute
from regime_platform.pipeline.fetch.batches import Batches
from regime_platform.pipeline.fetch.ingest import ingest
from regime_platform.pipeline.fetch.request import FetchRequest
from regime_platform.pipeline.gate.intact import require_intact
from regime_platform.pipeline.gate.promote import promote
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
from regime_platform.pipeline.publish.publish import publish
from regime_platform.pipeline.run_workspace import RunWorkspace

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


def run_symbols(  # noqa: PLR0913 - what to run, and how
    workspace: RunWorkspace,
    instruments: Sequence[Instrument],
    now: dt.datetime,
    *,
    stages: Collection[Stage] = STAGES,
    force: bool = False,
    batches: Batches | None = None,
) -> Iterator[SymbolOutcome]:
    """Runs the symbols in order, yielding each outcome as soon as it is known.

    ``batches`` is given where a fetch is to do anything else than an update of all timeframes.

    Raises:
        RunEndingError: the source refuses every request; the symbols so far are complete.
    """
    batches = batches or Batches(workspace, instruments, FetchRequest(now))
    for instrument in instruments:
        yield run_symbol(workspace, instrument, now, stages=stages, force=force, batches=batches)


def run_symbol(  # noqa: PLR0913 - what to run, and how
    workspace: RunWorkspace,
    instrument: Instrument,
    now: dt.datetime,
    *,
    stages: Collection[Stage] = STAGES,
    force: bool = False,
    batches: Batches | None = None,
) -> SymbolOutcome:
    """Runs one symbol through ``stages``, in their order, until one is not good.

    The stages share what they read, and from the gate on one lock (see `bar_store.session`). In a
    fetch each page takes the lock alone, since answers take long.

    ``force`` recomputes even where bars, parameters, eras and code are unchanged.

    Raises:
        RunEndingError: see `run_symbols`.
    """
    batches = batches or Batches(workspace, [instrument], FetchRequest(now))
    with batches.session(instrument) as paths:
        try:
            refused = _refused(workspace, instrument, paths, stages)
        except Exception as error:  # noqa: BLE001 - a damaged record must not stop the other symbols
            reason = failure_reason(error, instrument.symbol)
            return SymbolOutcome(instrument.symbol, Status.FAILED, STAGES[0], reason)
        if refused is not None:
            return refused
        outcome = SymbolOutcome(instrument.symbol, Status.UNCHANGED, STAGES[0])
        if Stage.RAW_BARS in stages:
            outcome = _step(outcome, Stage.RAW_BARS, lambda: ingest(workspace, instrument, batches))
        with one_lock(paths):
            work = _after_fetch(workspace, instrument, paths, now, stages, force=force)
            for stage in (stage for stage in work if stage in stages and outcome.status.is_good):
                outcome = _step(outcome, stage, work[stage])
    return outcome


def _after_fetch(  # noqa: PLR0913 - as above
    workspace: RunWorkspace,
    instrument: Instrument,
    paths: SymbolSession,
    now: dt.datetime,
    stages: Collection[Stage],
    *,
    force: bool,
) -> Mapping[Stage, Callable[[], _StageOutcome]]:
    def gate() -> PromoteOutcome:
        outcome = promote(workspace, instrument, paths)
        require_intact(paths, instrument)
        return outcome

    def results() -> ComputeOutcome:
        if Stage.VALIDATED_BARS not in stages:  # else proven just before
            require_intact(paths, instrument)
        return compute(workspace, instrument, paths, force=force)

    return {
        Stage.VALIDATED_BARS: gate,
        Stage.COMPUTE_DB: results,
        Stage.MANIFESTS: lambda: publish(workspace, instrument, now, paths),
    }


def _refused(
    workspace: RunWorkspace,
    instrument: Instrument,
    paths: SymbolSession,
    stages: Collection[Stage],
) -> SymbolOutcome | None:
    """Why no stage may begin; None where they may."""
    moved = moved_away(workspace.root, instrument.symbol)
    if moved is not None:  # this run loaded the universe before the rename
        return SymbolOutcome(instrument.symbol, Status.FAILED, STAGES[0], moved.describe())
    refusal = other_instrument(paths, instrument)
    if not refusal:
        return None
    # at the gate where it is among the stages, since its check is where Dagster shows reasons
    shown = (stage for stage in (Stage.VALIDATED_BARS, *STAGES) if stage in stages)
    return SymbolOutcome(instrument.symbol, Status.BLOCKED, next(shown, STAGES[0]), refusal)


def _step(before: SymbolOutcome, stage: Stage, work: Callable[[], _StageOutcome]) -> SymbolOutcome:
    try:
        done = work()
    except RunEndingError:
        raise
    except BlockedError as error:
        return replace(before, stage=stage, status=Status.BLOCKED, reason=str(error))
    except Exception as error:  # noqa: BLE001 - a defect met on one symbol must not stop the others
        reason = failure_reason(error, before.symbol)
        detail = "" if isinstance(error, RegimeError | OSError) else traceback.format_exc()
        return replace(before, stage=stage, status=Status.FAILED, reason=reason, detail=detail)
    return replace(
        before,
        **{_FIELD[stage]: done},  # type: ignore[arg-type]
        stage=stage,
        status=_worse(before.status, done.status),
        reason=done.reason or before.reason,
    )


def _worse(before: Status, stage: Status) -> Status:
    if not stage.is_good:
        return stage
    return Status.DONE if Status.DONE in (before, stage) else Status.UNCHANGED
