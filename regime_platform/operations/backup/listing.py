"""backup.json: which files a backup has, and the digest by which each is proven.

The document is replaced atomically and is the backup: a copy that it does not name does not count.
Copies of the backup that it describes may still lie in the folder of new copies when a process was
killed after replacing it; there they take precedence over those of the same name elsewhere.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from regime_platform.errors import PathError, RegimeError, UsageError
from regime_platform.files import path_below, read_json, write_json
from regime_platform.model.digests import facts_digest
from regime_platform.model.series import iso
from regime_platform.regular_files import MOST_TEXT, require_regular

LISTING = "backup.json"
_FORMAT = 2  # 1 was a mapping of names to lengths, without digests
_NEW = ".new-"


@dataclass(frozen=True)
class Copy:
    """One file of a backup."""

    bytes: int
    sha256: str | None = None  # None in a backup of format 1
    source: tuple[int, int] | None = None  # bytes and mtime (ns) of the file that was copied

    def facts(self) -> dict[str, Any]:
        """Plain values for backup.json."""
        size, modified = self.source or (self.bytes, None)
        return {
            "bytes": self.bytes,
            "sha256": self.sha256,
            "source_bytes": size,
            "source_mtime_ns": modified,
        }


@dataclass(frozen=True)
class Listing:
    """A whole backup."""

    made_at: str
    data_root: str
    generation: int
    files: Mapping[str, Copy]
    #: Symbol's folder or file -> why its source was not copied; the copies it has are older ones.
    kept: Mapping[str, str] = field(default_factory=dict)
    #: Symbol's folder -> what was wrong with its source, which was copied for lack of a better one.
    damaged: Mapping[str, str] = field(default_factory=dict)

    def facts(self) -> dict[str, Any]:
        """The document, which a digest protects against later changes."""
        facts = {
            "format": _FORMAT,
            "made_at": self.made_at,
            "data_root": self.data_root,
            "generation": self.generation,
            "kept": dict(self.kept),
            "damaged": dict(self.damaged),
            "files": {name: copy.facts() for name, copy in sorted(self.files.items())},
        }
        return {"digest": facts_digest(facts), **facts}


def new_listing(  # noqa: PLR0913, PLR0917 - the fields of the document
    now: dt.datetime,
    root: Path,
    generation: int,
    files: Mapping[str, Copy],
    kept: Mapping[str, str],
    damaged: Mapping[str, str],
) -> Listing:
    """The listing of a backup that was made at ``now``."""
    return Listing(iso(now), str(root), generation, files, kept, damaged)


def write_listing(folder: Path, listing: Listing) -> None:
    """Puts a backup in the place of the one before it."""
    write_json(folder / LISTING, listing.facts())


class BackupError(RegimeError):
    """A backup is damaged, or not to be trusted."""


def group_of(name: str) -> str:
    """What is kept and restored as a whole: the folder of a symbol, else every file by itself.

    Archived symbols have theirs at ``archive/SYMBOL/N``, beside its record ``N.json``.
    """
    parts = name.split("/")
    depth = {"assets": 2, "archive": 3}.get(parts[0], len(parts))
    return "/".join(parts[:depth])


def read_listing(folder: Path) -> Listing | None:
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
    except (RegimeError, OSError, AttributeError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, UsageError):
            raise
        raise BackupError(
            _DAMAGED.format(path=path, reason=error), code="backup-damaged"
        ) from error
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


def path_of_copy(folder: Path, listing: Listing, name: str) -> Path:
    """Where the copy of a file lies."""
    new = new_copies(folder, listing.generation) / name
    return new if new.exists() else folder / name


_DAMAGED = (
    "{path} is damaged ({reason}); `regime backup` into the same folder makes the backup whole "
    "again and keeps the copies that are right, else use another backup"
)


def _parsed(document: Any, path: Path) -> Listing:
    version = document.get("format", 1)
    if isinstance(version, int) and version > _FORMAT:
        raise UsageError(
            f"{path} has format {version}, this release knows {_FORMAT}; use the one that wrote it",
            code="newer-backup",
        )
    if version == 1:
        files = {name: Copy(int(size)) for name, size in document["files"].items()}
        return Listing(document["made_at"], document["data_root"], 0, files)
    facts = {name: value for name, value in document.items() if name != "digest"}
    if document["digest"] != facts_digest(facts):
        raise ValueError("it was changed after it was written")
    return Listing(
        document["made_at"],
        document["data_root"],
        document["generation"],
        {name: _copy(entry) for name, entry in document["files"].items()},
        document["kept"],
        document["damaged"],
    )


def _copy(entry: Mapping[str, Any]) -> Copy:
    source = (entry["source_bytes"], entry["source_mtime_ns"])
    return Copy(entry["bytes"], entry["sha256"], source)
