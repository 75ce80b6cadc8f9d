"""One writer per symbol folder; readers take no lock.

The lock is the kernel's (flock), free as soon as its process has ended. Check first whether there
is anything to write: taking the lock writes the lock file.
"""

import datetime as dt
import fcntl
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path, PurePath

from filelock import FileLock, Timeout, lock_descriptor

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.session import SymbolSession
from regime_platform.errors import BarsError, RegimeError
from regime_platform.inert_text import inert
from regime_platform.redaction import redact
from regime_platform.temporary_files import sweep_below

PATIENCE = 60.0  # seconds; a full recompute of a core symbol takes a few
_LONGEST = 100  # characters of a command in a lock file


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
        waited = f" for more than {patience:g} s" if patience else ""
        raise busy(
            f"{holder_of(path)}{waited}; wait for it or end it, then try again "
            "(the lock frees itself)"
        ) from error
    with taken:
        yield


def take(descriptor: int) -> bool:
    """Takes the lock of an open file until that is closed; False where another process has it."""
    while not lock_descriptor(descriptor, blocking=False):
        if _is_taken(descriptor):
            return False
        time.sleep(0.001)  # another process looked, see `is_locked`
    _sign(descriptor)
    return True


def is_locked(path: Path) -> bool:
    """True where a process has the lock of a file.

    A look shares the lock for a moment, so that looks do not see each other. A process that takes
    the lock in that moment has to try again, as `locked` and `take` do.
    """
    if not path.exists():
        return False
    with path.open("rb") as stream:
        return _is_taken(stream.fileno())


def holder_of(path: Path) -> str:
    """The process that took a lock last, its command, and since when it has it."""
    try:
        text, taken = path.read_text(encoding="utf-8", errors="replace"), path.stat().st_mtime
    except OSError:
        return "another process"
    since = dt.datetime.fromtimestamp(taken, dt.UTC)
    return f"{inert(text) or 'another process'} since {since:%Y-%m-%d %H:%M:%S} UTC"


def _is_taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # what file systems answer where it is taken
        return True
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    return False


def _sign(descriptor: int) -> None:
    name = f"process {os.getpid()} (`{_command()}`)".encode()
    if os.pread(descriptor, len(name) + 1, 0) != name:  # a run takes the lock of a symbol thrice
        os.pwrite(descriptor, name, 0)
        os.ftruncate(descriptor, len(name))
    os.utime(descriptor)  # since when it is taken


@cache
def _command() -> str:
    """The command line of this process, which its workers share."""
    program = PurePath(sys.argv[0])
    name = program.parent.name if program.stem == "__main__" else program.name
    text = inert(redact(" ".join(["python" if name == "-c" else name, *sys.argv[1:]])))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
