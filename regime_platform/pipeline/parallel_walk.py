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
from regime_platform.pipeline.batches import Batches
from regime_platform.pipeline.derive import warm_kernels
from regime_platform.pipeline.order import Order
from regime_platform.pipeline.outcomes import Stage, Status, WalkOutcome
from regime_platform.pipeline.platform import Platform
from regime_platform.pipeline.walk import STAGES, walk, walk_symbol
from regime_platform.pipeline.workers import AHEAD, ProcessDiedError, Workers

#: Below so many series, starting processes (two seconds of a core each) takes longer than it saves.
WORTH_PROCESSES = 48


@dataclass(frozen=True)
class Task:
    """What is asked of every symbol."""

    now: dt.datetime
    stages: Collection[Stage] = STAGES
    force: bool = False


def walk_on_cores(
    platform: Platform, instruments: Sequence[Instrument], task: Task, workers: int
) -> Iterator[WalkOutcome]:
    """As ``walk`` does, by several processes where the work is worth them.

    Args:
        platform: where they live.
        instruments: the symbols, in the order of the outcomes.
        task: what to do with each.
        workers: processes, at most.

    Raises:
        RunEndingError: see ``walk``; what was handed over before is complete.
    """
    asks = set(task.stages) - {Stage.RAW_BARS}
    series = sum(len(one.timeframes) for one in instruments)
    if workers < 2 or not asks or series < WORTH_PROCESSES:
        yield from walk(platform, instruments, task.now, stages=task.stages, force=task.force)
        return
    rest = replace(task, stages=frozenset(asks))
    with Workers(workers, partial(_walked, platform, rest), warm_kernels) as pool:
        joined = partial(_joined, pool, next(one for one in STAGES if one in asks))
        begun: deque[tuple[WalkOutcome, Instrument, Future[WalkOutcome] | None]] = deque()
        try:
            for fetched, instrument in _fetched(platform, instruments, task):
                goes_on = fetched.status.is_good
                begun.append((fetched, instrument, pool.submit(instrument) if goes_on else None))
                if len(begun) > AHEAD * workers:
                    yield joined(*begun.popleft())
        except RunEndingError:
            yield from (joined(*one) for one in begun)
            raise
        yield from (joined(*one) for one in begun)


def _fetched(
    platform: Platform, instruments: Sequence[Instrument], task: Task
) -> Iterator[tuple[WalkOutcome, Instrument]]:
    stages = set(task.stages) & {Stage.RAW_BARS}
    batches = Batches(platform, instruments, Order(task.now))
    for one in instruments:
        yield walk_symbol(platform, one, task.now, stages=stages, batches=batches), one


def _joined(
    pool: Workers[Instrument, WalkOutcome],
    first: Stage,
    fetched: WalkOutcome,
    instrument: Instrument,
    future: Future[WalkOutcome] | None,
) -> WalkOutcome:
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


def _walked(platform: Platform, task: Task, instrument: Instrument) -> WalkOutcome:
    done = walk_symbol(platform, instrument, task.now, stages=task.stages, force=task.force)
    if done.promote is None:
        return done
    return replace(done, promote=replace(done.promote, promoted=dict(done.promote.promoted)))
