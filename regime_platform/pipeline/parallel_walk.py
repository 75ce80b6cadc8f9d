"""The same walk by several processes: one fetches and reports, the others judge and compute.

A fetch shares round trips among symbols and waits most of its time, so it stays in the calling
process, which also yields the outcomes, in the order asked for. Everything after it needs one
symbol's folder and a core. Workers are new processes (polars has threads, which no fork survives).
"""

import atexit
import datetime as dt
import multiprocessing
import os
import sys
import threading
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Self

from regime_platform.errors import CredentialsError, QuotaError
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.batches import Batches
from regime_platform.pipeline.derive import warm_kernels
from regime_platform.pipeline.order import Order
from regime_platform.pipeline.outcomes import Stage, Status, WalkOutcome
from regime_platform.pipeline.platform import Platform, open_platform
from regime_platform.pipeline.walk import STAGES, walk, walk_symbol
from regime_platform.settings import Settings

#: Below so many series, starting processes (two seconds of a core each) takes longer than it saves.
WORTH_PROCESSES = 48
_AHEAD = 8  # symbols per worker that are fetched and handed over before their turn to be reported
_TRIES = 2  # a symbol under work when a process dies is tried once more

_opened: list[Platform] = []  # of a worker process: its one platform


@dataclass(frozen=True)
class Task:
    """What is asked of every symbol."""

    now: dt.datetime
    stages: Collection[Stage] = STAGES
    force: bool = False


def walk_on_cores(
    platform: Platform, settings: Settings, instruments: Sequence[Instrument], task: Task
) -> Iterator[WalkOutcome]:
    """As ``walk`` does, with as many processes as the settings allow and the work is worth.

    Args:
        platform: opened with ``settings``.
        settings: what the workers open theirs with.
        instruments: the symbols, in the order of the outcomes.
        task: what to do with each.

    Raises:
        CredentialsError, QuotaError: see ``walk``; what was handed over before is complete.
    """
    workers, asks = settings.workers, set(task.stages) - {Stage.RAW_BARS}
    series = sum(len(one.timeframes) for one in instruments)
    if workers < 2 or not asks or series < WORTH_PROCESSES:
        yield from walk(platform, instruments, task.now, stages=task.stages, force=task.force)
        return
    with _Workers(settings, replace(task, stages=frozenset(asks)), workers) as pool:
        begun: deque[tuple[WalkOutcome, Instrument, Future[WalkOutcome] | None]] = deque()
        try:
            for fetched, instrument in _fetched(platform, instruments, task):
                goes_on = fetched.status.is_good
                begun.append((fetched, instrument, pool.submit(instrument) if goes_on else None))
                if len(begun) > _AHEAD * workers:
                    yield _joined(pool, *begun.popleft())
        except (CredentialsError, QuotaError):
            yield from (_joined(pool, *one) for one in begun)
            raise
        yield from (_joined(pool, *one) for one in begun)


def _fetched(
    platform: Platform, instruments: Sequence[Instrument], task: Task
) -> Iterator[tuple[WalkOutcome, Instrument]]:
    stages = set(task.stages) & {Stage.RAW_BARS}
    batches = Batches(platform, instruments, Order(task.now))
    for one in instruments:
        yield walk_symbol(platform, one, task.now, stages=stages, batches=batches), one


def _joined(
    pool: "_Workers",
    fetched: WalkOutcome,
    instrument: Instrument,
    future: Future[WalkOutcome] | None,
) -> WalkOutcome:
    if future is None:
        return fetched
    rest = pool.outcome(instrument, future)
    status = rest.status
    if status is Status.UNCHANGED and fetched.status is Status.DONE:
        status = Status.DONE
    return replace(rest, ingest=fetched.ingest, status=status, reason=rest.reason or fetched.reason)


class _Workers:
    """The processes; a dead one is replaced, and the symbols it took along are tried again."""

    def __init__(self, settings: Settings, task: Task, workers: int) -> None:
        self._settings, self._task, self._workers = settings, task, workers
        self._pool = self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def submit(self, instrument: Instrument) -> Future[WalkOutcome]:
        """Hands a symbol over."""
        with _no_main():
            try:
                return self._pool.submit(_walked, instrument, self._task)
            except BrokenProcessPool:
                self._pool = self._start()
                return self._pool.submit(_walked, instrument, self._task)

    def outcome(self, instrument: Instrument, future: Future[WalkOutcome]) -> WalkOutcome:
        """How a symbol fared, once it is known."""
        for _try in range(_TRIES):
            try:
                return future.result()
            except BrokenProcessPool:
                future = self.submit(instrument)
        try:
            return future.result()
        except BrokenProcessPool:
            reason = (
                f"{instrument.symbol}: the process that worked on it died {_TRIES + 1} times; look "
                "for lack of memory in the system's log, or set REGIME_WORKERS=1"
            )
            stage = next(one for one in STAGES if one in self._task.stages)
            return WalkOutcome(instrument.symbol, Status.FAILED, stage, reason)

    def _start(self) -> ProcessPoolExecutor:
        spawn = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(
            self._workers, spawn, initializer=_open, initargs=(self._settings,)
        )


@contextmanager
def _no_main() -> Iterator[None]:
    # a new process imports the program it was started by: Dagster, three seconds, for nothing
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _open(settings: Settings) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    atexit.register(os._exit, 0)  # nothing to put away; and bindings complain of it at length
    warm_kernels()
    _opened.append(open_platform(settings))


def _end_with_parent() -> None:
    # where the calling process was killed, nobody else would ever end this one
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _walked(instrument: Instrument, task: Task) -> WalkOutcome:
    done = walk_symbol(_opened[0], instrument, task.now, stages=task.stages, force=task.force)
    if done.promote is None:
        return done
    return replace(done, promote=replace(done.promote, promoted=dict(done.promote.promoted)))
