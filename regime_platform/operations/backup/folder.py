"""The folder of a backup: its lock, its files, and backup.json, which lists and proves them.

The document is replaced atomically and is the backup: a copy that it does not list does not count.
A process that was killed after replacing it may have left copies of that backup in the folder of
new copies; there they take precedence over those of the same name elsewhere.
"""

import errno
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from regime_platform.bar_store.locks import locked
from regime_platform.errors import PathError, RegimeError, UsageError
from regime_platform.files import move, path_below, read_json, write_json
from regime_platform.model.digests import document_digest
from regime_platform.model.document import Document, first_fault
from regime_platform.regular_files import MOST_TEXT, require_regular
from regime_platform.temporary_files import sweep_temporary

LISTING = "backup.json"
_BEGUN = f"{LISTING}.begun"  # written by earlier releases
_LOCK = ".lock"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG)
_FORMAT = 2  # 1 was a mapping of names to lengths, without digests
_NEW = ".new-"
_DAMAGED = (
    "{path} is damaged ({reason}); `regime backup` into the same folder makes the backup whole "
    "again and keeps the copies that are right, else use another backup"
)


class BackupError(RegimeError, code="backup-damaged"):
    """A backup is damaged, or not to be trusted."""


class FileCopy(Document, extra="ignore"):
    """One file of a backup."""

    bytes: int
    sha256: str | None = None  # None in a backup of format 1
    source_bytes: int  # of the file that was copied
    source_mtime_ns: int | None = None

    @property
    def source(self) -> tuple[int, int | None]:
        """Bytes and mtime of the file that was copied."""
        return self.source_bytes, self.source_mtime_ns


class BackupListing(Document, extra="ignore"):
    """backup.json without its digest: a whole backup."""

    format: int = _FORMAT
    made_at: str  # ISO 8601 UTC
    data_root: str
    generation: int
    #: Symbol's folder or file -> why its source was not copied; the copies it has are older ones.
    kept: Mapping[str, str] = Field(default_factory=dict)
    #: Symbol's folder -> what was wrong with its source, which was copied for lack of a better one.
    damaged: Mapping[str, str] = Field(default_factory=dict)
    files: Mapping[str, FileCopy]

    def below(self, name: str) -> Mapping[str, FileCopy]:
        """The copy of a file, or those of all files of a folder."""
        if name in self.files:
            return {name: self.files[name]}
        return {path: copy for path, copy in self.files.items() if path.startswith(f"{name}/")}

    def path(self, folder: Path, name: str) -> Path:
        """Where the copy of a file lies in the ``folder`` of the backup."""
        new = new_copies(folder, self.generation) / name
        return new if new.exists() else folder / name


#: What the first backup into a folder finds there.
NO_BACKUP = BackupListing(made_at="", data_root="", generation=0, files={})


def read_listing(folder: Path) -> BackupListing | None:
    """The backup in ``folder``, if any; BackupError where it is damaged, UsageError if newer."""
    path = folder / LISTING
    try:
        if path.exists():
            require_regular(path, MOST_TEXT)
        document = read_json(path)
        listing = None if document is None else _parsed(document, path)
    except UsageError:
        raise
    except ValidationError as error:
        raise BackupError(_DAMAGED.format(path=path, reason=first_fault(error))) from error
    except (RegimeError, OSError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise BackupError(_DAMAGED.format(path=path, reason=error)) from error
    for name in () if listing is None else listing.files:
        try:
            path_below(folder, name)
        except PathError as error:
            raise BackupError(
                f"{path} cannot be trusted: {error}; use another backup", code="unsafe-path"
            ) from error
    return listing


def write_listing(folder: Path, listing: BackupListing) -> None:
    """Replaces the listing of the backup before it."""
    document = listing.model_dump()
    write_json(folder / LISTING, {"digest": document_digest(document), **document})


def group_of(name: str) -> str:
    """The unit that is kept and restored as a whole: a symbol's folder, or a single file.

    Archived symbols have theirs at ``archive/SYMBOL/N``, beside its record ``N.json``.
    """
    parts = name.split("/")
    depth = {"assets": 2, "archive": 3}.get(parts[0], len(parts))
    return "/".join(parts[:depth])


def new_copies(folder: Path, generation: int) -> Path:
    """Where the copies of a backup lie until it is in force."""
    return folder / f"{_NEW}{generation}"


def folders_of_new_copies(folder: Path) -> list[Path]:
    """All such folders, those of killed backups included."""
    return sorted(path for path in folder.glob(f"{_NEW}*") if path.is_dir())


def finish(target: Path, listing: BackupListing, before: BackupListing) -> int:
    """Moves the new copies of a backup in force to their places and removes what it does not name.

    Returns:
        How many files were removed.
    """
    new, following = (new_copies(target, listing.generation + step) for step in (0, 1))
    for path in sorted(new.rglob("*")) if new.is_dir() else ():
        name = path.relative_to(new).as_posix()
        if name in listing.files and path.is_file():
            move(path, target / name)
    for folder in folders_of_new_copies(target):
        if folder != following:  # what a killed backup has copied, the next one goes on from
            shutil.rmtree(folder)
    (target / _BEGUN).unlink(missing_ok=True)
    sweep_temporary(target)
    removed = 0
    for place in [path for path in target.iterdir() if not path.name.startswith(".")]:
        is_old = place.name in before.files and place.name not in listing.files
        if place.is_dir() and not place.is_symlink():
            removed += _remove_below(place, target, listing)
        elif place.is_file() and is_old:
            place.unlink()
            removed += 1
    return removed


def _remove_below(folder: Path, target: Path, listing: BackupListing) -> int:
    removed = 0
    for path in sorted(folder.rglob("*"), reverse=True):
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
    """Locks the folder of a backup; UsageError where it is in use, RegimeError on a full disk."""

    def busy(reason: str) -> UsageError:
        return UsageError(
            f"a backup into {target} is being made by {reason}; or choose another folder",
            code="backup-in-use",
        )

    try:
        with locked(target / _LOCK, 0.0, busy):
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


def _parsed(document: dict[str, Any], path: Path) -> BackupListing:
    version = document.get("format", 1)
    if isinstance(version, int) and version > _FORMAT:
        raise UsageError(
            f"{path} has format {version}, this release knows {_FORMAT}; use the one that wrote it",
            code="newer-backup",
        )
    if version == 1:
        lengths = document["files"].items()
        files = {name: FileCopy(bytes=size, source_bytes=size) for name, size in lengths}
        made_at, root = document["made_at"], document["data_root"]
        return BackupListing(made_at=made_at, data_root=root, generation=0, files=files)
    facts = {name: value for name, value in document.items() if name != "digest"}
    if document["digest"] != document_digest(facts):
        raise ValueError("it was changed after it was written")
    return BackupListing.model_validate(facts)
