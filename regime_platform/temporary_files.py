"""I/O: temporary files of atomic writes, and the removal of those that killed writers left.

A writer holds a lock on its temporary file, which the kernel frees when the process ends in any
way. So a temporary file without a lock has no writer and is removed, whatever its age; one with a
lock is left alone. filelock locks the open descriptor, since its ``FileLock`` leaves a file behind.
"""

import atexit
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from itertools import groupby
from pathlib import Path

from filelock import lock_descriptor

#: Every name in a data root with this prefix is a temporary file, of earlier releases too.
TEMPORARY = ".tmp-"
#: Outside a data root only names that no other program makes are removed.
OURS = f"{TEMPORARY}regime-"
#: The common part of a database's name and those beside it, as ``.tmp-regime-abcdefgh.db.wal``.
_FAMILY = re.compile(rf"{re.escape(TEMPORARY)}(?:regime-)?[a-z0-9_]{{8}}")
_COMPANIONS = (".wal", "-wal", "-shm", "-journal")  # of DuckDB and SQLite


@contextmanager
def temporary_beside(target: Path) -> Iterator[Path]:
    """An empty file in the folder of ``target``; removed after the block, unless it was renamed.

    The logs that a database keeps beside it are removed too.
    """
    descriptor, path = _locked(target)
    try:
        yield path
    finally:
        for suffix in ("", *_COMPANIONS):
            Path(f"{path}{suffix}").unlink(missing_ok=True)
        os.close(descriptor)


@contextmanager
def cache_temporary(target: Path) -> Iterator[Path | None]:
    """The temporary file of a cache, always of the same name; None while another process writes it.

    So the next writer of a cache takes over what a killed one left, and no folder has to be listed.
    """
    path = target.with_name(f"{OURS}{target.name}")
    # no link that another user may have put there is followed
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
    try:
        is_ours = lock_descriptor(descriptor, blocking=False) and _is_at(path, descriptor)
        try:
            yield path if is_ours else None
        except BaseException:
            if is_ours:
                path.unlink(missing_ok=True)
            raise
    finally:
        os.close(descriptor)


def spill_folder() -> str:
    """Where DuckDB puts what does not fit into memory, for this user alone; empty: nowhere.

    DuckDB makes the folder when it needs it, and removes files of dead processes, but the folder
    above has to exist: call this before each use, since cleaners remove what is old.
    """
    private = Path(tempfile.gettempdir()) / f"regime_platform-{os.geteuid()}"
    try:
        with suppress(FileExistsError):
            private.mkdir(mode=0o700)
        status = private.lstat()
        is_ours = stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()
        if not is_ours or status.st_mode & 0o077:
            private = _another_private_folder()
    except OSError:
        return ""
    return str(private / "duckdb")


@cache
def _another_private_folder() -> Path:
    """For this process, where another user has made one of that name."""
    folder = Path(tempfile.mkdtemp(prefix="regime_platform-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def is_private_to_write(status: os.stat_result) -> bool:
    """True of a file that only this user and root can have written."""
    return status.st_uid in {0, os.geteuid()} and not status.st_mode & 0o022


def sweep_temporary(folder: Path, prefix: str = TEMPORARY) -> None:
    """Removes the temporary files of ``folder`` that no process is writing."""
    if not folder.is_dir():
        return
    with os.scandir(folder) as entries:  # a tenth of the time of a glob, and every write calls it
        _sweep(folder, [entry.name for entry in entries if entry.name.startswith(prefix)])


def sweep_below(folder: Path) -> None:
    """The same for a folder of a data root and all folders below it."""
    for path, _, names in os.walk(folder):
        _sweep(Path(path), [name for name in names if name.startswith(TEMPORARY)])


def _sweep(folder: Path, names: list[str]) -> None:
    files = [path for path in map(folder.joinpath, sorted(names)) if _is_file(path)]
    for _, family in groupby(files, lambda path: _family_name(path.name)):
        _remove_unless_locked([*family])


def _is_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _locked(target: Path) -> tuple[int, Path]:
    while True:
        descriptor, name = tempfile.mkstemp(prefix=OURS, suffix=target.suffix, dir=target.parent)
        lock_descriptor(descriptor)
        if Path(name).exists():  # else another process swept it before it was locked
            return descriptor, Path(name)
        os.close(descriptor)


def _is_at(path: Path, descriptor: int) -> bool:
    """False where another process renamed or swept the file before it was locked."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _remove_unless_locked(family: list[Path]) -> None:
    """Removes a database and the files beside it; the lock is on the first of them."""
    try:
        descriptor = os.open(family[0], os.O_RDONLY)
    except FileNotFoundError:
        return
    try:
        for path in family if lock_descriptor(descriptor, blocking=False) else ():
            path.unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def _family_name(name: str) -> str:
    match = _FAMILY.match(name)
    return match[0] if match else name
