"""One function over many items in several processes; a process that dies loses no other item.

Workers are spawned, not forked: polars has threads, and a fork with threads can hang. They end with
the process that started them. One that dies is replaced, and its items are tried again.
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

#: Items of each worker that are handed over before their results are asked for.
AHEAD = 8
_RETRIES = 2  # of an item whose process died

Item = TypeVar("Item")
Result = TypeVar("Result")

_work: list[Callable[[Any], Any]] = []  # of a worker process: its function


class ProcessDiedError(RegimeError):
    """Every process that worked on an item died."""

    default_code = "process-died"


class Workers(Generic[Item, Result]):
    """Processes that all apply one function.

    Args:
        count: how many.
        work: the function; sent to every process once.
        begin: called first by every process.
    """

    def __init__(
        self, count: int, work: Callable[[Item], Result], begin: Callable[[], object] = bool
    ) -> None:
        self._count, self._begin_with = count, (work, begin)
        self._pool = self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def submit(self, item: Item) -> Future[Result]:
        """Hands an item over."""
        with _no_main():
            try:
                return self._pool.submit(_done, item)
            except BrokenProcessPool:
                self._pool = self._start()
                return self._pool.submit(_done, item)

    def result(self, item: Item, future: Future[Result]) -> Result:
        """The result of ``item``, once it is there.

        Raises:
            ProcessDiedError: every process that worked on it died.
        """
        for _retry in range(_RETRIES):
            try:
                return future.result()
            except BrokenProcessPool:
                future = self.submit(item)
        try:
            return future.result()
        except BrokenProcessPool as error:
            raise ProcessDiedError(
                f"the process that worked on it died {_RETRIES + 1} times; look for lack of memory "
                "in the system's log, or set REGIME_WORKERS=1"
            ) from error

    def _start(self) -> ProcessPoolExecutor:
        spawn = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(
            self._count, spawn, initializer=_begin, initargs=self._begin_with
        )


def map_in_processes(
    workers: int,
    work: Callable[[Item], Result],
    items: Iterable[Item],
    died: Callable[[Item, str], Result],
) -> Iterator[Result]:
    """One result per item, in order, each as soon as it and those before it are there.

    Args:
        workers: processes; below two, the calling process does the work.
        work: the function; it and the items can be pickled.
        items: consumed only a little ahead of the results.
        died: the result of an item whose processes died, and why.
    """
    if workers < 2:
        yield from map(work, items)
        return
    with Workers(workers, work) as pool:
        begun: deque[tuple[Item, Future[Result]]] = deque()
        for item in items:
            begun.append((item, pool.submit(item)))
            if len(begun) > AHEAD * workers:
                yield _result(pool, *begun.popleft(), died)
        yield from (_result(pool, *pair, died) for pair in begun)


def _result(
    pool: Workers[Item, Result],
    item: Item,
    future: Future[Result],
    died: Callable[[Item, str], Result],
) -> Result:
    try:
        return pool.result(item, future)
    except ProcessDiedError as error:
        return died(item, str(error))


@contextmanager
def _no_main() -> Iterator[None]:
    # a spawned process imports the main module of its parent: three seconds for Dagster, unused
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _begin(work: Callable[[Any], Any], begin: Callable[[], object]) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    atexit.register(os._exit, 0)  # nothing to clean up, and bindings print warnings at exit
    begin()
    _work.append(work)


def _end_with_parent() -> None:
    # a killed parent could not end this process
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _done(item: Any) -> Any:
    return _work[0](item)
