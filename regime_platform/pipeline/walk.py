"""The walk itself: one symbol through the stages asked for, and many symbols one after another.

This is the only place where one symbol's failure is turned into an outcome, so that it stops nobody
else. What must end the whole run (a refused key, an empty quota) passes through.
"""

import datetime as dt
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from regime_platform.errors import BlockedError, RegimeError, RunEndingError, failure_reason
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.batches import Batches
from regime_platform.pipeline.derive import derive
from regime_platform.pipeline.identity import other_instrument
from regime_platform.pipeline.ingest import ingest
from regime_platform.pipeline.intact import derive_intact, promote_intact
from regime_platform.pipeline.order import Order
from regime_platform.pipeline.outcomes import (
    DeriveOutcome,
    IngestOutcome,
    PromoteOutcome,
    PublishOutcome,
    Stage,
    Status,
    WalkOutcome,
)
from regime_platform.pipeline.platform import Platform
from regime_platform.pipeline.polling import not_polled
from regime_platform.pipeline.publish import publish
from regime_platform.pipeline.rename_journal import moved_away

STAGES = tuple(Stage)

_StageOutcome = IngestOutcome | PromoteOutcome | DeriveOutcome | PublishOutcome
_FIELD: Mapping[Stage, str] = MappingProxyType(
    {
        Stage.RAW_BARS: "ingest",
        Stage.VALIDATED_BARS: "promote",
        Stage.COMPUTE_DB: "derive",
        Stage.MANIFESTS: "publish",
    }
)


def walk(  # noqa: PLR0913 - what to walk, and how
    platform: Platform,
    instruments: Sequence[Instrument],
    now: dt.datetime,
    *,
    stages: Collection[Stage] = STAGES,
    force: bool = False,
    batches: Batches | None = None,
) -> Iterator[WalkOutcome]:
    """Walks the instruments in order, yielding one outcome each as soon as it is known.

    ``batches`` says more about the fetch than that everything is to be caught up with.

    Raises:
        RunEndingError: the source refuses everybody, so going on is pointless; the
            symbols walked so far are complete.
    """
    batches = batches or Batches(platform, instruments, Order(now))
    for instrument in instruments:
        yield walk_symbol(platform, instrument, now, stages=stages, force=force, batches=batches)


def walk_symbol(  # noqa: PLR0913 - what to walk, and how
    platform: Platform,
    instrument: Instrument,
    now: dt.datetime,
    *,
    stages: Collection[Stage] = STAGES,
    force: bool = False,
    batches: Batches | None = None,
) -> WalkOutcome:
    """Takes one symbol through ``stages``, in the order of the walk, until one is not good.

    ``force`` recomputes even where bars, parameters, eras and code are what they were.

    Raises:
        RunEndingError: see ``walk``.
    """
    try:
        refused = _refused(platform, instrument, stages)
    except Exception as error:  # noqa: BLE001 - one damaged record must not stop the other symbols
        reason = failure_reason(error, instrument.symbol)
        return WalkOutcome(instrument.symbol, Status.FAILED, STAGES[0], reason)
    if refused is not None:
        return refused
    derived = derive if Stage.VALIDATED_BARS in stages else derive_intact  # proven just before
    fetched = batches or Batches(platform, [instrument], Order(now))
    work: Mapping[Stage, Callable[[], _StageOutcome]] = {
        Stage.RAW_BARS: lambda: not_polled(instrument) or ingest(platform, instrument, fetched),
        Stage.VALIDATED_BARS: lambda: promote_intact(platform, instrument),
        Stage.COMPUTE_DB: lambda: derived(platform, instrument, force=force),
        Stage.MANIFESTS: lambda: publish(platform, instrument, now),
    }
    walked = WalkOutcome(instrument.symbol, Status.UNCHANGED, STAGES[0])
    for stage in (stage for stage in STAGES if stage in stages):
        walked = _step(walked, stage, work[stage])
        if not walked.status.is_good:
            break
    return walked


def _refused(
    platform: Platform, instrument: Instrument, stages: Collection[Stage]
) -> WalkOutcome | None:
    """Why no stage may begin; None where they may."""
    moved = moved_away(platform.root, instrument.symbol)
    if moved is not None:  # this run loaded the universe before the rename
        return WalkOutcome(instrument.symbol, Status.FAILED, STAGES[0], moved.told())
    refusal = other_instrument(platform.root, instrument)
    if not refusal:
        return None
    # at the gate where it is among the stages, since its check is where Dagster shows reasons
    shown = (stage for stage in (Stage.VALIDATED_BARS, *STAGES) if stage in stages)
    return WalkOutcome(instrument.symbol, Status.BLOCKED, next(shown, STAGES[0]), refusal)


def _step(walked: WalkOutcome, stage: Stage, work: Callable[[], _StageOutcome]) -> WalkOutcome:
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
