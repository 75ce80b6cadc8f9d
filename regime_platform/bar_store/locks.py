"""One writer per symbol folder; readers take no lock.

The lock is the kernel's (flock), so it is free as soon as the process that has it has ended. Check
first whether there is anything to write: taking the lock writes the lock file.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

from filelock import FileLock, Timeout

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.session import KeptLock, SymbolSession
from regime_platform.errors import BarsError
from regime_platform.temporary_files import sweep_below

PATIENCE = 60.0  # seconds; a full recompute of a core symbol takes a few


@contextmanager
def writing(paths: SymbolPaths, timeout: float = PATIENCE) -> Iterator[None]:
    """Holds the symbol's lock, after sweeping the temporary files of a killed writer.

    It is reentrant in `one_lock` only: else call no function within the block that takes it.

    Raises:
        BarsError: another process still has the lock after ``timeout`` seconds.
    """
    kept = paths.kept_lock if isinstance(paths, SymbolSession) else KeptLock()
    if kept.until is None:
        with _locked(paths, timeout):
            yield
        return
    if not kept.is_held:
        kept.until.enter_context(_locked(paths, timeout))
        kept.is_held = True
    yield


@contextmanager
def one_lock(session: SymbolSession) -> Iterator[None]:
    """Within the block, the lock that the first `writing` takes is kept for all that follow."""
    kept = session.kept_lock
    with ExitStack() as stack:
        kept.until = stack
        try:
            yield
        finally:
            kept.until, kept.is_held = None, False


@contextmanager
def _locked(paths: SymbolPaths, timeout: float) -> Iterator[None]:
    paths.folder.mkdir(parents=True, exist_ok=True)
    # The fallback where flock is missing is a mere file, which would stay after a kill.
    lock = FileLock(
        paths.lock, timeout, poll_interval=0.02, fallback_to_soft=False, on_acquired=sign
    )
    try:
        lock.acquire()
    except Timeout as error:
        raise BarsError(
            f"{paths.folder} is being written by {holder_of(paths.lock)} for more than "
            f"{timeout:g} s; wait for it or end it, then try again (the lock frees itself)",
            code="locked",
        ) from error
    try:
        sweep_below(paths.folder)
        yield
    finally:
        lock.release()


@contextmanager
def writing_when_needed(paths: SymbolPaths) -> Iterator[Callable[[], None]]:
    """Yields a function that takes the symbol's lock once; it is released with the block.

    Raises:
        BarsError: as ``writing``, when the lock is taken.
    """
    with ExitStack() as stack:

        @cache
        def lock() -> None:
            stack.enter_context(writing(paths))

        yield lock


def sign(descriptor: int) -> None:
    """Writes the process id into the lock file, for the error message of other writers."""
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"process {os.getpid()}".encode())


def holder_of(lock: Path) -> str:
    """The process that has signed a lock file."""
    return lock.read_text(encoding="utf-8") or "another process"
