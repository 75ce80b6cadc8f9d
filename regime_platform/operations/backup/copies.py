"""Copies of single files: which of the last backup are reused, and how new ones are made.

A copy is reused as long as its source has the size and mtime it was copied with and it has its own
size. A new copy is made beside those of the last backup, never over them.
"""

import datetime as dt
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from regime_platform.errors import RegimeError
from regime_platform.files import copy_hashed, file_sha256, write_atomically
from regime_platform.operations.backup.folder import BackupListing, FileCopy

#: A copy that still counts is nevertheless read again every so many days.
CHECKED_EVERY = 30


class SourceDamagedError(RegimeError):
    """A file is damaged, so that it must not replace its copy in the last backup."""


@dataclass
class Copier:
    """Copies files of a data root into the folder of new copies of a backup."""

    root: Path
    target: Path
    new: Path  # the folder of new copies
    before: BackupListing  # the last backup, as far as it can be read
    today: dt.date
    check_all: bool = False
    copied: int = 0
    damaged_copies: set[str] = field(default_factory=set)
    _made: set[str] = field(default_factory=set)  # names in the folder of new copies that count

    def reusable(self, name: str) -> FileCopy | None:
        """The copy of the last backup, if it can be reused; FileNotFoundError without a source."""
        copy, source = self.before.files.get(name), self.root / name
        if copy is None or copy.sha256 is None or copy.source != _state(source):
            return None
        if is_database(name) and _has_log(source):
            return None
        return copy if self.is_sound(name, copy) else None

    def is_sound(self, name: str, copy: FileCopy) -> bool:
        """True where a copy of the last backup has its length and, in its turn, its digest."""
        path = self.before.path(self.target, name)
        share = int.from_bytes(sha256(name.encode()).digest()[:4], "big") % CHECKED_EVERY
        is_due = self.check_all or share == self.today.toordinal() % CHECKED_EVERY
        try:
            is_sound = path.stat().st_size == copy.bytes
            if is_sound and copy.sha256 is not None and is_due:
                is_sound = file_sha256(path) == copy.sha256
        except OSError:
            is_sound = False
        if not is_sound:
            self.damaged_copies.add(name)
        return is_sound

    def copy(self, name: str) -> FileCopy:
        """Makes a copy, or takes one of the same bytes; SourceDamagedError on a broken database."""
        source, new = self.root / name, self.new / name
        size, mtime = state = _state(source)
        for made in () if is_database(name) else self._without_digest(name):
            if made.exists() and _state(made) == state:
                digest = file_sha256(made)
                if digest == file_sha256(source):
                    self._made |= {name} if made == new else set()
                    return FileCopy(
                        bytes=size, sha256=digest, source_bytes=size, source_mtime_ns=mtime
                    )
        make = _copy_sqlite if is_database(name) else copy_hashed
        digests: list[str] = []
        write_atomically(new, lambda temporary: digests.append(make(source, temporary)))
        self._made.add(name)
        self.copied += 1
        return FileCopy(
            bytes=new.stat().st_size, sha256=digests[0], source_bytes=size, source_mtime_ns=mtime
        )

    def drop_unused(self) -> None:
        """Removes what a killed backup has copied and this one does not use."""
        for path in self.new.rglob("*"):
            if path.is_file() and path.relative_to(self.new).as_posix() not in self._made:
                path.unlink()

    def _without_digest(self, name: str) -> list[Path]:
        """Copies that a backup may have made without remembering their digest."""
        listed = self.before.files.get(name)
        is_remembered = listed is not None and listed.sha256 is not None
        return [self.new / name, *(() if is_remembered else [self.target / name])]


def is_database(name: str) -> bool:
    """True of the databases of Dagster, which other processes write while they are copied."""
    return name.startswith("dagster/storage/") and name.endswith(".db")


def _has_log(source: Path) -> bool:
    beside = [Path(f"{source}{suffix}") for suffix in ("-wal", "-journal")]
    return any(path.exists() and path.stat().st_size for path in beside)


def _copy_sqlite(source: Path, temporary: Path) -> str:
    """Copies by SQLite's own backup; returns the SHA-256 of the copy."""
    if source.stat().st_size == 0:
        raise SourceDamagedError("the database is empty", code="database-empty")
    try:
        with (
            closing(sqlite3.connect(source)) as stored,
            closing(sqlite3.connect(temporary)) as copy,
        ):
            stored.backup(copy)
            problem = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        raise SourceDamagedError(
            f"the database cannot be read ({error})", code="database-damaged"
        ) from error
    if problem != "ok":
        raise SourceDamagedError(
            f"the database is damaged ({' '.join(problem.split())})", code="database-damaged"
        )
    return file_sha256(temporary)


def _state(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns
