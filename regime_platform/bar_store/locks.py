"""One writer per symbol folder; readers never lock.

The lock is the kernel's (flock), so it is free the moment its holder is gone, however it went. Look
whether there is anything to write before taking it: taking it writes the lock file.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache

from filelock import FileLock, Timeout

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.errors import BarsError
from regime_platform.temporary_files import sweep_below

PATIENCE = 60.0  # seconds; a full recompute of a core symbol takes a few


@contextmanager
def writing(paths: SymbolPaths, timeout: float = PATIENCE) -> Iterator[None]:
    """Holds the symbol's lock, after sweeping what a killed writer left behind.

    It is not reentrant: whoever holds it calls functions that do not take it.

    Raises:
        BarsError: somebody else still holds the lock after ``timeout`` seconds.
    """
    paths.folder.mkdir(parents=True, exist_ok=True)
    # A lock that is a mere file (the fallback where flock is missing) would outlive its holder.
    lock = FileLock(
        paths.lock, timeout, poll_interval=0.02, fallback_to_soft=False, on_acquired=_sign
    )
    try:
        lock.acquire()
    except Timeout as error:
        raise BarsError(
            f"{paths.folder} is being written by {_holder(paths)} for more than {timeout:g} s; "
            "wait for it or end it, then try again (the lock frees itself)",
            code="locked",
        ) from error
    try:
        sweep_below(paths.folder)
        yield
    finally:
        lock.release()


@contextmanager
def writing_when_needed(paths: SymbolPaths) -> Iterator[Callable[[], None]]:
    """Gives what takes the symbol's lock; called again it does nothing. Freed with the block.

    Raises:
        BarsError: as ``writing``, when the lock is taken.
    """
    with ExitStack() as held:

        @cache
        def hold() -> None:
            held.enter_context(writing(paths))

        yield hold


def _sign(descriptor: int) -> None:
    """Writes who holds the lock into it, for the error of whoever waits in vain."""
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"process {os.getpid()}".encode())


def _holder(paths: SymbolPaths) -> str:
    return paths.lock.read_text(encoding="utf-8") or "another process"
