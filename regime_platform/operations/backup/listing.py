"""backup.json: which files a backup has, and the digest by which each is proven.

The document is replaced atomically and is the backup: a copy that it does not list does not count.
A process that was killed after replacing it may have left copies of that backup in the folder of
new copies; there they take precedence over those of the same name elsewhere.
"""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from regime_platform.errors import PathError, RegimeError, UsageError
from regime_platform.files import path_below, read_json, write_json
from regime_platform.model.digests import document_digest
from regime_platform.model.document import Document, first_fault
from regime_platform.model.instants import iso
from regime_platform.regular_files import MOST_TEXT, require_regular

LISTING = "backup.json"
_FORMAT = 2  # 1 was a mapping of names to lengths, without digests
_NEW = ".new-"
_DAMAGED = (
    "{path} is damaged ({reason}); `regime backup` into the same folder makes the backup whole "
    "again and keeps the copies that are right, else use another backup"
)


class FileCopy(Document, extra="ignore"):
    """One file of a backup."""

    bytes: int
    sha256: str | None = None  # None in a backup of format 1
    source_bytes: int  # of the file that was copied
    source_mtime_ns: int | None = None

    @classmethod
    def of(cls, size: int, sha256: str, source: tuple[int, int]) -> "FileCopy":
        """A new copy.

        Args:
            size: of the copy, in bytes.
            sha256: of the copy.
            source: bytes and mtime (ns) of the file that was copied.
        """
        return cls(bytes=size, sha256=sha256, source_bytes=source[0], source_mtime_ns=source[1])

    def is_of(self, source: tuple[int, int]) -> bool:
        """True where a file still has the bytes and mtime (ns) that it was copied with."""
        return (self.source_bytes, self.source_mtime_ns) == source


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

    @classmethod
    def of_format_1(cls, document: Mapping[str, Any]) -> "BackupListing":
        """A backup of the first format, which listed lengths alone."""
        files = {
            name: FileCopy(bytes=size, source_bytes=size)
            for name, size in document["files"].items()
        }
        return cls(
            made_at=document["made_at"],
            data_root=document["data_root"],
            generation=0,
            files=files,
        )


def new_listing(  # noqa: PLR0913, PLR0917 - the fields of the document
    now: dt.datetime,
    root: Path,
    generation: int,
    files: Mapping[str, FileCopy],
    kept: Mapping[str, str],
    damaged: Mapping[str, str],
) -> BackupListing:
    """The listing of a backup that was made at ``now``."""
    return BackupListing(
        made_at=iso(now),
        data_root=str(root),
        generation=generation,
        kept=kept,
        damaged=damaged,
        files=dict(sorted(files.items())),
    )


def write_listing(folder: Path, listing: BackupListing) -> None:
    """Replaces the listing of the backup before it."""
    document = listing.model_dump()
    write_json(folder / LISTING, {"digest": document_digest(document), **document})


class BackupError(RegimeError):
    """A backup is damaged, or not to be trusted."""

    default_code = "backup-damaged"


def group_of(name: str) -> str:
    """The unit that is kept and restored as a whole: a symbol's folder, or a single file.

    Archived symbols have theirs at ``archive/SYMBOL/N``, beside its record ``N.json``.
    """
    parts = name.split("/")
    depth = {"assets": 2, "archive": 3}.get(parts[0], len(parts))
    return "/".join(parts[:depth])


def read_listing(folder: Path) -> BackupListing | None:
    """The backup in ``folder``; None where there is none.

    Raises:
        BackupError: backup.json is damaged, or has names that lead elsewhere.
        UsageError: it is of a later release.
    """
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


def new_copies(folder: Path, generation: int) -> Path:
    """Where the copies of a backup lie until it is in force."""
    return folder / f"{_NEW}{generation}"


def folders_of_new_copies(folder: Path) -> list[Path]:
    """All such folders, those of killed backups included."""
    return sorted(path for path in folder.glob(f"{_NEW}*") if path.is_dir())


def path_of_copy(folder: Path, listing: BackupListing, name: str) -> Path:
    """Where the copy of a file lies."""
    new = new_copies(folder, listing.generation) / name
    return new if new.exists() else folder / name


def _parsed(document: dict[str, Any], path: Path) -> BackupListing:
    version = document.get("format", 1)
    if isinstance(version, int) and version > _FORMAT:
        raise UsageError(
            f"{path} has format {version}, this release knows {_FORMAT}; use the one that wrote it",
            code="newer-backup",
        )
    if version == 1:
        return BackupListing.of_format_1(document)
    facts = {name: value for name, value in document.items() if name != "digest"}
    if document["digest"] != document_digest(facts):
        raise ValueError("it was changed after it was written")
    return BackupListing.model_validate(facts)
