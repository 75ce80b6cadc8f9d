"""The same work on many symbols by several processes, none of which takes anything with it.

Workers are new processes (polars has threads, which no fork survives). They end with the one that
started them; one that dies is replaced, and what it had under work is tried again.
"""

import atexit
import multiprocessing
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Generic, Self, TypeVar

from regime_platform.errors import RegimeError

#: Of each worker: handed over before their turn to be told.
AHEAD = 8
_TRIES = 2  # so often what was under work when a process died is tried again

Given = TypeVar("Given")
Told = TypeVar("Told")

_work: list[Callable[[Any], Any]] = []  # of a worker process: the one thing it does


class ProcessDiedError(RegimeError):
    """Whatever process does this work dies of it."""


class Workers(Generic[Given, Told]):
    """Processes that all do one thing.

    Args:
        count: how many.
        work: what to do with each item; goes to every process once.
        begin: done first by every process.
    """

    def __init__(
        self, count: int, work: Callable[[Given], Told], begin: Callable[[], object] = bool
    ) -> None:
        self._count, self._begin_with = count, (work, begin)
        self._pool = self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def submit(self, given: Given) -> Future[Told]:
        """Hands an item over."""
        with _no_main():
            try:
                return self._pool.submit(_done, given)
            except BrokenProcessPool:
                self._pool = self._start()
                return self._pool.submit(_done, given)

    def told(self, given: Given, future: Future[Told]) -> Told:
        """What was made of ``given``, once it is known.

        Raises:
            ProcessDiedError: process after process died of it.
        """
        for _try in range(_TRIES):
            try:
                return future.result()
            except BrokenProcessPool:
                future = self.submit(given)
        try:
            return future.result()
        except BrokenProcessPool as error:
            raise ProcessDiedError(
                f"the process that worked on it died {_TRIES + 1} times; look for lack of memory "
                "in the system's log, or set REGIME_WORKERS=1"
            ) from error

    def _start(self) -> ProcessPoolExecutor:
        spawn = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(
            self._count, spawn, initializer=_begin, initargs=self._begin_with
        )


def in_turn(
    workers: int,
    work: Callable[[Given], Told],
    items: Iterable[Given],
    died: Callable[[Given, str], Told],
) -> Iterator[Told]:
    """One answer per item, in order, each as soon as it and those before it are known.

    Args:
        workers: processes; below two, the calling one does it all.
        work: what to do with each item; it and the items can be pickled.
        items: taken only a little ahead.
        died: the answer where processes die of an item, and why.
    """
    if workers < 2:
        yield from map(work, items)
        return
    with Workers(workers, work) as pool:
        begun: deque[tuple[Given, Future[Told]]] = deque()
        for one in items:
            begun.append((one, pool.submit(one)))
            if len(begun) > AHEAD * workers:
                yield _answer(pool, *begun.popleft(), died)
        yield from (_answer(pool, *one, died) for one in begun)


def _answer(
    pool: Workers[Given, Told],
    given: Given,
    future: Future[Told],
    died: Callable[[Given, str], Told],
) -> Told:
    try:
        return pool.told(given, future)
    except ProcessDiedError as error:
        return died(given, str(error))


@contextmanager
def _no_main() -> Iterator[None]:
    # a new process imports the program it was started by: Dagster, three seconds, for nothing
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _begin(work: Callable[[Any], Any], begin: Callable[[], object]) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    atexit.register(os._exit, 0)  # nothing to put away; and bindings complain of it at length
    begin()
    _work.append(work)


def _end_with_parent() -> None:
    # where the calling process was killed, nobody else would ever end this one
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _done(given: Any) -> Any:
    return _work[0](given)
