"""Runs symbols in several processes: this one fetches and reports, the others do the rest.

A fetch shares requests among symbols and mostly waits, so it stays in the calling process, which
also yields the outcomes, in the order asked for. The stages after it need one symbol's folder and a
processor core.
"""

import datetime as dt
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial

from regime_platform.compute.warming import warm_up
from regime_platform.errors import RunEndingError
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.fetch.batches import Batches
from regime_platform.pipeline.fetch.request import FetchRequest
from regime_platform.pipeline.outcomes import Stage, Status, SymbolOutcome
from regime_platform.pipeline.run import STAGES, run_symbol, run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.pipeline.workers import AHEAD, ProcessDiedError, Workers

#: With fewer series, starting processes (two seconds of a core each) takes longer than it saves.
WORTH_PROCESSES = 48


@dataclass(frozen=True)
class Task:
    """What is done with every symbol."""

    now: dt.datetime
    stages: Collection[Stage] = STAGES
    force: bool = False


def run_in_parallel(
    workspace: RunWorkspace, instruments: Sequence[Instrument], task: Task, workers: int
) -> Iterator[SymbolOutcome]:
    """As `run_symbols` does, in several processes where there is enough work for them.

    Args:
        workspace: where the symbols live.
        instruments: the symbols, in the order of the outcomes.
        task: what to do with each.
        workers: processes, at most.

    Raises:
        RunEndingError: see `run_symbols`; the symbols fetched before are complete.
    """
    after_fetch = [stage for stage in STAGES[1:] if stage in task.stages]
    series = sum(len(instrument.timeframes) for instrument in instruments)
    if workers < 2 or not after_fetch or series < WORTH_PROCESSES:
        stages, force = task.stages, task.force
        yield from run_symbols(workspace, instruments, task.now, stages=stages, force=force)
        return
    rest = replace(task, stages=frozenset(after_fetch))
    with Workers(workers, partial(_run_rest, workspace, rest), warm_up) as pool:
        joined = partial(_joined, pool, after_fetch[0])
        begun: deque[tuple[SymbolOutcome, Instrument, Future[SymbolOutcome] | None]] = deque()
        try:
            for fetched, instrument in _fetch(workspace, instruments, task):
                goes_on = fetched.status.is_good
                begun.append((fetched, instrument, pool.submit(instrument) if goes_on else None))
                if len(begun) > AHEAD * workers:
                    yield joined(*begun.popleft())
        except RunEndingError:
            yield from (joined(*parts) for parts in begun)
            raise
        yield from (joined(*parts) for parts in begun)


def _fetch(
    workspace: RunWorkspace, instruments: Sequence[Instrument], task: Task
) -> Iterator[tuple[SymbolOutcome, Instrument]]:
    stages = set(task.stages) & {Stage.RAW_BARS}
    batches = Batches(workspace, instruments, FetchRequest(task.now))
    for instrument in instruments:
        outcome = run_symbol(workspace, instrument, task.now, stages=stages, batches=batches)
        yield outcome, instrument


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
        rest = pool.result(instrument, future)
    except ProcessDiedError as error:
        reason = f"{instrument.symbol}: {error}"
        return replace(fetched, status=Status.FAILED, stage=first, reason=reason)
    status = rest.status
    if status is Status.UNCHANGED and fetched.status is Status.DONE:
        status = Status.DONE
    return replace(rest, ingest=fetched.ingest, status=status, reason=rest.reason or fetched.reason)


def _run_rest(workspace: RunWorkspace, task: Task, instrument: Instrument) -> SymbolOutcome:
    return run_symbol(workspace, instrument, task.now, stages=task.stages, force=task.force)
