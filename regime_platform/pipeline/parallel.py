"""The same walk by several processes: one fetches and reports, the others judge and compute.

A fetch shares round trips among symbols and waits most of its time, so it stays in the calling
process, which also yields the outcomes, in the order asked for. Everything after it needs one
symbol's folder and a core.
"""

import datetime as dt
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial

from regime_platform.errors import RunEndingError
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.compute.compute import warm_kernels
from regime_platform.pipeline.fetch.batches import Batches
from regime_platform.pipeline.fetch.request import FetchRequest
from regime_platform.pipeline.outcomes import Stage, Status, SymbolOutcome
from regime_platform.pipeline.platform import RunWorkspace
from regime_platform.pipeline.run import STAGES, run_symbol, run_symbols
from regime_platform.pipeline.workers import AHEAD, ProcessDiedError, Workers

#: Below so many series, starting processes (two seconds of a core each) takes longer than it saves.
WORTH_PROCESSES = 48


@dataclass(frozen=True)
class Task:
    """What is asked of every symbol."""

    now: dt.datetime
    stages: Collection[Stage] = STAGES
    force: bool = False


def run_in_parallel(
    workspace: RunWorkspace, instruments: Sequence[Instrument], task: Task, workers: int
) -> Iterator[SymbolOutcome]:
    """As ``walk`` does, by several processes where the work is worth them.

    Args:
        workspace: where they live.
        instruments: the symbols, in the order of the outcomes.
        task: what to do with each.
        workers: processes, at most.

    Raises:
        RunEndingError: see ``walk``; what was handed over before is complete.
    """
    asks = set(task.stages) - {Stage.RAW_BARS}
    series = sum(len(one.timeframes) for one in instruments)
    if workers < 2 or not asks or series < WORTH_PROCESSES:
        yield from run_symbols(
            workspace, instruments, task.now, stages=task.stages, force=task.force
        )
        return
    rest = replace(task, stages=frozenset(asks))
    with Workers(workers, partial(_walked, workspace, rest), warm_kernels) as pool:
        joined = partial(_joined, pool, next(stage for stage in STAGES if stage in asks))
        begun: deque[tuple[SymbolOutcome, Instrument, Future[SymbolOutcome] | None]] = deque()
        try:
            for fetched, instrument in _fetched(workspace, instruments, task):
                goes_on = fetched.status.is_good
                begun.append((fetched, instrument, pool.submit(instrument) if goes_on else None))
                if len(begun) > AHEAD * workers:
                    yield joined(*begun.popleft())
        except RunEndingError:
            yield from (joined(*one) for one in begun)
            raise
        yield from (joined(*one) for one in begun)


def _fetched(
    workspace: RunWorkspace, instruments: Sequence[Instrument], task: Task
) -> Iterator[tuple[SymbolOutcome, Instrument]]:
    stages = set(task.stages) & {Stage.RAW_BARS}
    batches = Batches(workspace, instruments, FetchRequest(task.now))
    for instrument in instruments:
        yield (
            run_symbol(workspace, instrument, task.now, stages=stages, batches=batches),
            instrument,
        )


def _joined(
    pool: Workers[Instrument, SymbolOutcome],
    first: Stage,
    fetched: SymbolOutcome,
    instrument: Instrument,
    future: Future[SymbolOutcome] | None,
) -> SymbolOutcome:
    if future is None:
        return fetched
    try:
        rest = pool.told(instrument, future)
    except ProcessDiedError as error:
        reason = f"{instrument.symbol}: {error}"
        return replace(fetched, status=Status.FAILED, stage=first, reason=reason)
    status = rest.status
    if status is Status.UNCHANGED and fetched.status is Status.DONE:
        status = Status.DONE
    return replace(rest, ingest=fetched.ingest, status=status, reason=rest.reason or fetched.reason)


def _walked(workspace: RunWorkspace, task: Task, instrument: Instrument) -> SymbolOutcome:
    done = run_symbol(workspace, instrument, task.now, stages=task.stages, force=task.force)
    if done.promote is None:
        return done
    return replace(done, promote=replace(done.promote, promoted=dict(done.promote.promoted)))
