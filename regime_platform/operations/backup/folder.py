"""The folder of a backup: its lock, and the files that its listing names."""

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
    BackupListing,
    FileCopy,
    folders_of_new_copies,
    new_copies,
)
from regime_platform.temporary_files import sweep_temporary

_LOCK = ".lock"
_BEGUN = f"{LISTING}.begun"  # written by earlier releases
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG)


def finish(target: Path, listing: BackupListing, before: Mapping[str, FileCopy]) -> int:
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


def _remove_others(target: Path, listing: BackupListing, before: Mapping[str, FileCopy]) -> int:
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
def locked_folder(target: Path) -> Iterator[None]:
    """Creates the folder and locks it against other backups.

    Raises:
        UsageError: another backup into it is running.
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
    """Turns the error of a full disk into one that names the folder and the remedy.

    Raises:
        RegimeError: the disk is full, or cannot be written.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise RegimeError(
            f"{target} cannot be written ({error.strerror}); the last backup there, if any, is "
            "whole; free some space and start the backup again, which continues where it was",
            code="disk-full",
        ) from error


def raise_if_full(error: Exception) -> None:
    """Raises an error again that means a full disk."""
    if isinstance(error, OSError) and error.errno in _FULL:
        raise error
