"""Runs symbols through the stages of the pipeline.

A failure of one symbol becomes its outcome, so that the others go on. A fetch shares requests
among symbols and mostly waits, so it stays in the calling process; other processes do the stages
after it where there are enough symbols.
"""

import datetime as dt
import traceback
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from functools import partial

from regime_platform.bar_store.locks import one_lock
from regime_platform.bar_store.rename_journal import moved_away
from regime_platform.bar_store.session import SymbolSession
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.compute.engine import warm_up
from regime_platform.errors import BlockedError, NoBarsError, RegimeError, failure_reason
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.compute import compute
from regime_platform.pipeline.fetch.catch_up import FetchRequest
from regime_platform.pipeline.fetch.ingest import Batches, ingest
from regime_platform.pipeline.gate.doubts import note_doubts
from regime_platform.pipeline.gate.intact import require_intact, require_whole
from regime_platform.pipeline.gate.promote import promote
from regime_platform.pipeline.identity import other_instrument
from regime_platform.pipeline.outcomes import (
    STAGE_FIELDS,
    STAGES,
    Stage,
    StageOutcome,
    Status,
    SymbolOutcome,
)
from regime_platform.pipeline.publish import publish, publish_bars
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.workers import map_in_processes

#: With fewer series, starting processes (two seconds of a core each) takes longer than it saves.
WORTH_PROCESSES = 48


def run_symbols(  # noqa: PLR0913 - what to run, and how
    workspace: RunWorkspace,
    instruments: Sequence[Instrument],
    now: dt.datetime,
    *,
    stages: Collection[Stage] = STAGES,
    force: bool = False,
    batches: Batches | None = None,
    workers: int = 1,
) -> Iterator[SymbolOutcome]:
    """Runs the symbols, yielding each outcome as soon as it is known.

    They are in order, except that those which another process is fetching come last.

    Args:
        workspace: where the symbols live.
        instruments: the symbols, in the order of the outcomes.
        now: the time of the run.
        stages: those to run, in their order, until one is not good; where some series of a
            symbol are not fetched, or the gate blocks them, they go on with the others.
        force: recompute even where bars, parameters, eras and code are unchanged.
        batches: given where a fetch is to do anything else than an update of all timeframes.
        workers: processes, at most.

    Raises:
        RunEndingError: the source refused every request from some moment on, after the outcomes of
            all symbols; those that needed one more are not reached.
    """
    run = partial(run_symbol, workspace, now=now, force=force)
    batches = batches or Batches(workspace, instruments, FetchRequest(now))
    in_turn = _in_turn(batches, instruments) if Stage.RAW_BARS in stages else instruments
    after_fetch = [stage for stage in STAGES[1:] if stage in stages]
    series = sum(len(instrument.timeframes) for instrument in instruments)
    if workers < 2 or not after_fetch or series < WORTH_PROCESSES:
        for instrument in in_turn:
            yield run(instrument, stages=stages, batches=batches)
        batches.raise_end()
        return

    def died(item: tuple[Instrument, SymbolOutcome, dt.datetime], reason: str) -> SymbolOutcome:
        return _ended(item[1], after_fetch[0], Status.FAILED, f"{item[0].symbol}: {reason}")

    fetch = set(stages) & {Stage.RAW_BARS}
    fetched = (
        (instrument, run(instrument, stages=fetch, batches=batches), batches.request.stamp())
        for instrument in in_turn
    )
    rest = partial(_run_rest, partial(run, stages=after_fetch))
    begin = warm_up if Stage.COMPUTE_DB in after_fetch else bool
    yield from map_in_processes(workers, rest, fetched, died, begin)
    batches.raise_end()


def run_symbol(  # noqa: PLR0913 - what to run, and how
    workspace: RunWorkspace,
    instrument: Instrument,
    now: dt.datetime,
    *,
    stages: Collection[Stage] = STAGES,
    force: bool = False,
    batches: Batches | None = None,
    before: SymbolOutcome | None = None,
) -> SymbolOutcome:
    """Runs one symbol; ``before`` is the outcome of stages before these.

    The stages share what they read, and from the gate on one lock (see `bar_store.session`). In a
    fetch each page takes the lock alone, since answers take long.
    """
    batches = batches or Batches(workspace, [instrument], FetchRequest(now))
    outcome = before or SymbolOutcome(instrument.symbol, Status.UNCHANGED, STAGES[0])
    with batches.session(instrument) as paths:
        outcome = _refused(workspace, instrument, paths, stages, outcome)
        if Stage.RAW_BARS in stages and outcome.status.is_good:
            outcome = _step(outcome, Stage.RAW_BARS, lambda: ingest(workspace, instrument, batches))

        def promoted() -> StageOutcome:
            before = read_verdict(paths)
            done = promote(workspace, instrument, paths)
            note_doubts(paths, before)
            require_intact(paths, instrument)
            if Stage.MANIFESTS in stages:
                return done
            is_new = publish_bars(workspace, instrument, batches.request.stamp(), paths)
            is_done = is_new and done.status is Status.UNCHANGED
            return replace(done, status=Status.DONE) if is_done else done

        def computed() -> StageOutcome:
            if Stage.VALIDATED_BARS not in stages:  # else proven just before
                require_whole(paths, instrument)
            return compute(workspace, instrument, paths, force=force)

        with one_lock(paths):
            for stage, work in (
                (Stage.VALIDATED_BARS, promoted),
                (Stage.COMPUTE_DB, computed),
                (
                    Stage.MANIFESTS,
                    lambda: publish(workspace, instrument, batches.request.stamp(), paths),
                ),
            ):
                if stage in stages and (outcome.status.is_good or outcome.is_partial):
                    outcome = _step(outcome, stage, work)
    return outcome


def _in_turn(batches: Batches, instruments: Sequence[Instrument]) -> Iterator[Instrument]:
    """The instruments in their order; last those that another process is fetching just now."""
    postponed = []
    for instrument in instruments:
        try:
            is_free = batches.begin(instrument)
        except Exception:  # noqa: BLE001 - met again, and reported, when the symbol is run
            is_free = True
        if is_free:
            yield instrument
        else:
            postponed.append(instrument)
    yield from postponed


def _run_rest(
    run: Callable[..., SymbolOutcome], item: tuple[Instrument, SymbolOutcome, dt.datetime]
) -> SymbolOutcome:
    instrument, fetched, moment = item
    goes_on = fetched.status.is_good or fetched.is_partial
    return run(instrument, now=moment, before=fetched) if goes_on else fetched


def _refused(
    workspace: RunWorkspace,
    instrument: Instrument,
    paths: SymbolSession,
    stages: Collection[Stage],
    before: SymbolOutcome,
) -> SymbolOutcome:
    """``before``, or the reason why no stage may begin."""
    try:
        moved = moved_away(workspace.root, instrument.symbol)
        refusal = "" if moved else other_instrument(paths, instrument)
    except Exception as error:  # noqa: BLE001 - a damaged record must not stop the other symbols
        reason = failure_reason(error, instrument.symbol)
        return replace(before, status=Status.FAILED, stage=STAGES[0], reason=reason)
    if moved is not None:  # this run loaded the universe before the rename
        return replace(before, status=Status.FAILED, stage=STAGES[0], reason=moved.describe())
    if not refusal:
        return before
    # at the gate where it is among the stages, since its check is where Dagster shows reasons
    shown = (stage for stage in (Stage.VALIDATED_BARS, *STAGES) if stage in stages)
    return replace(before, status=Status.BLOCKED, stage=next(shown, STAGES[0]), reason=refusal)


def _step(before: SymbolOutcome, stage: Stage, work: Callable[[], StageOutcome]) -> SymbolOutcome:
    try:
        done = work()
    except NoBarsError as error:
        return _ended(before, stage, Status.NO_BARS, str(error))
    except BlockedError as error:
        return _ended(before, stage, Status.BLOCKED, str(error))
    except Exception as error:  # noqa: BLE001 - a defect met on one symbol must not stop the others
        reason = failure_reason(error, before.symbol)
        detail = "" if isinstance(error, RegimeError | OSError) else traceback.format_exc()
        return _ended(before, stage, Status.FAILED, reason, detail)
    after = replace(before, **{STAGE_FIELDS[stage]: done})  # type: ignore[arg-type]
    if before.is_partial:  # what failed or is blocked stays what has to be seen
        is_blocked_too = stage is Stage.VALIDATED_BARS and done.status is Status.BLOCKED
        reason = _joined(before, done.reason) if is_blocked_too else before.reason
        return replace(after, reason=reason, left_out=done.left_out)
    if done.left_out:
        message = " | ".join(done.left_out.values())
        return replace(
            after, stage=stage, status=Status.BLOCKED, reason=message, left_out=done.left_out
        )
    is_still_done = before.status is Status.DONE and done.status is Status.UNCHANGED
    return replace(
        after,
        stage=stage,
        status=Status.DONE if is_still_done else done.status,
        reason=done.reason or before.reason,
    )


def _ended(
    before: SymbolOutcome, stage: Stage, status: Status, reason: str, detail: str = ""
) -> SymbolOutcome:
    reason = _joined(before, reason)
    return replace(before, status=status, stage=stage, reason=reason, detail=detail)


def _joined(before: SymbolOutcome, reason: str) -> str:
    """The reason after that of a series which failed or is blocked before."""
    return f"{before.reason} | {reason}" if before.is_partial else reason
