"""One function over many items in several processes; one that dies is replaced, its items retried.

Workers are spawned, not forked: polars has threads, and a fork with threads can hang. They end with
the process that started them, which alone is interrupted by Ctrl-C.
"""

import atexit
import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from types import ModuleType
from typing import Any, Generic, Self, TypeVar

#: Items of each worker that are handed over before the results are waited for: with two workers the
#: next stretch of a fetch (120 symbols) is requested while they are at the last one.
AHEAD = 64
#: Of the linear algebra of numpy, read when it is loaded; its threads wait by turning in circles.
_THREADS = "OPENBLAS_NUM_THREADS"
_RETRIES = 2  # of an item whose process died
_DIED = (
    f"the process that worked on it died {_RETRIES + 1} times; look for lack of memory in the "
    "system's log, or set REGIME_WORKERS=1"
)

Item = TypeVar("Item")
Result = TypeVar("Result")

_work: list[Callable[[Any], Any]] = []  # of a worker process: its function


def map_in_processes(
    workers: int,
    work: Callable[[Item], Result],
    items: Iterable[Item],
    died: Callable[[Item, str], Result],
    begin: Callable[[], object] = bool,
) -> Iterator[Result]:
    """One result per item, in order, each as soon as it and those before it are there.

    Args:
        workers: processes; below two, the calling process does the work.
        work: the function, sent to every process once; it and the items can be pickled.
        items: consumed only a little ahead of the results.
        died: the result of an item whose processes died, and why.
        begin: called first by every process.
    """
    if workers < 2:
        yield from map(work, items)
        return
    begun: deque[tuple[Item, Future[Result]]] = deque()
    with _Pool(workers, work, begin) as pool:
        for item in items:
            begun.append((item, pool.submit(item)))
            while begun and (len(begun) > AHEAD * workers or begun[0][1].done()):
                yield pool.result(*begun.popleft(), died)
        yield from (pool.result(*pair, died) for pair in begun)


class _Pool(Generic[Item, Result]):
    """Processes that all apply one function; new ones after one of them died."""

    def __init__(
        self, workers: int, work: Callable[[Item], Result], begin: Callable[[], object]
    ) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._start = partial(
            ProcessPoolExecutor, workers, spawn, initializer=_begin, initargs=(work, begin)
        )
        self._pool = self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def submit(self, item: Item) -> Future[Result]:
        with _spawning():
            try:
                return self._pool.submit(_done, item)
            except BrokenProcessPool:
                self._pool = self._start()
                return self._pool.submit(_done, item)

    def result(
        self, item: Item, future: Future[Result], died: Callable[[Item, str], Result]
    ) -> Result:
        for _ in range(_RETRIES):
            try:
                return future.result()
            except BrokenProcessPool:
                future = self.submit(item)
        try:
            return future.result()
        except BrokenProcessPool:
            return died(item, _DIED)


@contextmanager
def _spawning() -> Iterator[None]:
    # a spawned process imports the main module of its parent: three seconds for Dagster, unused
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    # and inherits which signals are blocked
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    # another thread may take the signal, and half a start would leave a process without its orders
    caught: list[int] = []
    is_main = threading.current_thread() is threading.main_thread()
    handler = signal.getsignal(signal.SIGINT)
    if is_main:
        signal.signal(signal.SIGINT, lambda number, _frame: caught.append(number))
    os.putenv(_THREADS, "1")  # the processes are as many as the cores
    try:
        yield
    finally:
        if is_main:
            signal.signal(signal.SIGINT, handler)
        _restore_threads()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        sys.modules["__main__"] = main
        if caught:
            signal.raise_signal(signal.SIGINT)


def _restore_threads() -> None:
    own = os.environ.get(_THREADS)  # noqa: TID251 - for other processes that this one starts
    if own is None:
        os.unsetenv(_THREADS)
    else:
        os.putenv(_THREADS, own)


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
