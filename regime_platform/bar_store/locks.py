"""One writer per symbol folder; readers take no lock.

The lock is the kernel's (flock), free as soon as its process has ended. Check first whether there
is anything to write: taking the lock writes the lock file.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

from filelock import FileLock, Timeout, lock_descriptor

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.session import SymbolSession
from regime_platform.errors import BarsError, RegimeError
from regime_platform.temporary_files import sweep_below

PATIENCE = 60.0  # seconds; a full recompute of a core symbol takes a few


@contextmanager
def writing(paths: SymbolPaths, timeout: float = PATIENCE) -> Iterator[None]:
    """Holds the symbol's lock, after sweeping the temporary files of a killed writer.

    It is reentrant in `one_lock` only: else call no function within the block that takes it.

    Raises:
        BarsError: another process still has the lock after ``timeout`` seconds.
    """
    if isinstance(paths, SymbolSession) and paths.shared_lock:
        paths.shared_lock[-1]()
        yield
        return

    def busy(reason: str) -> BarsError:
        return BarsError(f"{paths.folder} is being written by {reason}", code="locked")

    with locked(paths.lock, timeout, busy):
        sweep_below(paths.folder)
        yield


@contextmanager
def writing_when_needed(paths: SymbolPaths) -> Iterator[Callable[[], None]]:
    """Yields a function that takes the lock as `writing` does, once and until the block ends."""
    with ExitStack() as stack:

        @cache
        def lock() -> None:
            stack.enter_context(writing(paths))

        yield lock


@contextmanager
def one_lock(session: SymbolSession) -> Iterator[None]:
    """Within the block, the lock that the first `writing` takes is kept for all that follow."""
    with writing_when_needed(SymbolPaths(session.folder)) as lock:
        session.shared_lock.append(lock)
        try:
            yield
        finally:
            session.shared_lock.remove(lock)


@contextmanager
def locked(path: Path, patience: float, busy: Callable[[str], RegimeError]) -> Iterator[None]:
    """Holds the lock at ``path``, whose file names the process that has it.

    Raises:
        RegimeError: the error that ``busy`` makes of holder and remedy, after ``patience`` seconds.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # The fallback where flock is missing is a mere file, which would stay after a kill.
    lock = FileLock(path, patience, poll_interval=0.02, fallback_to_soft=False, on_acquired=_sign)
    try:
        taken = lock.acquire()
    except Timeout as error:
        holder = path.read_text(encoding="utf-8") or "another process"
        raise busy(
            f"{holder} for more than {patience:g} s; wait for it or end it, then try again "
            "(the lock frees itself)"
        ) from error
    with taken:
        yield


def is_locked(path: Path) -> bool:
    """True where a process has the lock of a file."""
    if not path.exists():
        return False
    with path.open("rb") as stream:  # closing it frees the lock again
        return not lock_descriptor(stream.fileno(), blocking=False)


def _sign(descriptor: int) -> None:
    name = f"process {os.getpid()}".encode()
    if os.pread(descriptor, 2 * len(name), 0) != name:  # a run takes the lock of a symbol thrice
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, name, 0)
