"""The folder of a backup: used by one process at a time, and brought in line with its listing."""

import errno
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from regime_platform.errors import RegimeError, UsageError
from regime_platform.files import move_file
from regime_platform.operations.backup.listing import (
    LISTING,
    Copy,
    Listing,
    folders_of_new_copies,
    new_copies,
)
from regime_platform.temporary_files import sweep_temporary

_LOCK = ".lock"
_BEGUN = f"{LISTING}.begun"  # written by earlier releases
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG)


def finish(target: Path, listing: Listing, before: Mapping[str, Copy]) -> int:
    """Moves the new copies of a backup in force to their places, removes what it does not name."""
    new, following = (new_copies(target, listing.generation + step) for step in (0, 1))
    for path in sorted(new.rglob("*")) if new.is_dir() else ():
        name = path.relative_to(new).as_posix()
        if name in listing.files and path.is_file():
            move_file(path, target / name)
    for folder in folders_of_new_copies(target):
        if folder != following:  # what a killed backup has copied, the next one goes on from
            shutil.rmtree(folder)
    (target / _BEGUN).unlink(missing_ok=True)
    sweep_temporary(target)
    return _remove_others(target, listing, before)


def _remove_others(target: Path, listing: Listing, before: Mapping[str, Copy]) -> int:
    removed = 0
    places = [path for path in target.iterdir() if not path.name.startswith(".")]
    for place in places:
        name = place.name
        if place.is_file() and name in before and name not in listing.files:
            place.unlink()
            removed += 1
        if not place.is_dir() or place.is_symlink():
            continue
        for path in sorted(place.rglob("*"), reverse=True):
            if path.is_dir() and not path.is_symlink():
                if not any(path.iterdir()):
                    path.rmdir()
            elif path.relative_to(target).as_posix() not in listing.files:
                path.unlink()
                removed += 1
    return removed


def is_backup(target: Path) -> bool:
    """True of a folder with a backup, whole or begun."""
    names = {path.name for path in target.iterdir()}
    return bool(names & {LISTING, _BEGUN} or folders_of_new_copies(target)) or names == {_LOCK}


@contextmanager
def alone(target: Path) -> Iterator[None]:
    """Keeps other processes from making a backup into the folder, which is made.

    Raises:
        UsageError: another one does.
    """
    target.mkdir(parents=True, exist_ok=True)
    lock = FileLock(target / _LOCK, timeout=0, fallback_to_soft=False)
    try:
        with lock:
            yield
    except Timeout as error:
        raise UsageError(
            f"another backup into {target} is being made; wait for it, or choose another folder",
            code="backup-in-use",
        ) from error


@contextmanager
def disk_full_reported(target: Path) -> Iterator[None]:
    """Names the folder and the remedy where its disk is full.

    Raises:
        RegimeError: it is, or cannot be written.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise RegimeError(
            f"{target} cannot be written ({error.strerror}); the last backup there, if any, is "
            "whole; make room and start the backup again, which goes on from what is copied",
            code="no-room",
        ) from error


def raise_if_full(error: Exception) -> None:
    """What ends the backup is passed on; what is wrong with a source is not."""
    if isinstance(error, OSError) and error.errno in _FULL:
        raise error
