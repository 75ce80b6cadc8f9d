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
from regime_platform.operations.backup.listing import (
    BackupListing,
    FileCopy,
    path_of_copy,
)

_SQLITE_LOGS = ("-wal", "-journal")
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
    before: BackupListing | None  # the last backup, as far as it can be read
    today: dt.date
    check_all: bool = False
    copied: int = 0
    damaged_copies: list[str] = field(default_factory=list)
    _made: set[str] = field(default_factory=set)  # names in the folder of new copies that count

    def reusable(self, name: str) -> FileCopy | None:
        """The copy that the last backup has of a file, where it can be reused.

        Raises:
            FileNotFoundError: the source is gone.
        """
        if self.before is None or name not in self.before.files:
            return None
        copy = self.before.files[name]
        if copy.sha256 is None or not copy.is_of(_state(self.root / name)):
            return None
        if is_database(name) and _has_log(self.root / name):
            return None
        return copy if self.is_sound(name, copy) else None

    def is_sound(self, name: str, copy: FileCopy) -> bool:
        """True where a copy of the last backup has its length and, in its turn, its digest."""
        assert self.before is not None  # it has the copy
        path = path_of_copy(self.target, self.before, name)
        try:
            is_sound = path.stat().st_size == copy.bytes
            if is_sound and copy.sha256 is not None and self._is_due(name):
                is_sound = file_sha256(path) == copy.sha256
        except OSError:
            is_sound = False
        if not is_sound:
            self.damaged_copies.append(name)
        return is_sound

    def copy(self, name: str) -> FileCopy:
        """Makes a new copy, or takes one that a killed or an older backup made of the same bytes.

        Raises:
            SourceDamagedError: it is a database that cannot be read whole.
            FileNotFoundError: the source is gone.
        """
        if is_database(name):
            return self._copy_database(name)
        source, new = self.root / name, self.new / name
        state = _state(source)
        for made in (new, self._older(name)):
            if made is not None and made.exists() and _state(made) == state:
                digest = file_sha256(made)
                if digest == file_sha256(source):
                    self._made |= {name} if made == new else set()
                    return FileCopy.of(state[0], digest, state)
        digests: list[str] = []
        write_atomically(new, lambda temporary: digests.append(copy_hashed(source, temporary)))
        self._count(name)
        return FileCopy.of(new.stat().st_size, digests[0], state)

    def drop_unused(self) -> None:
        """Removes what a killed backup has copied and this one does not use."""
        for path in self.new.rglob("*"):
            if path.is_file() and path.relative_to(self.new).as_posix() not in self._made:
                path.unlink()

    def _count(self, name: str) -> None:
        self._made.add(name)
        self.copied += 1

    def _older(self, name: str) -> Path | None:
        """The copy that a backup made without remembering its digest."""
        is_listed = self.before is not None and name in self.before.files
        if is_listed and self.before is not None and self.before.files[name].sha256 is not None:
            return None
        return self.target / name

    def _copy_database(self, name: str) -> FileCopy:
        source, new = self.root / name, self.new / name
        state = _state(source)
        write_atomically(new, lambda temporary: _copy_sqlite(source, temporary))
        self._count(name)
        return FileCopy.of(new.stat().st_size, file_sha256(new), state)

    def _is_due(self, name: str) -> bool:
        share = int.from_bytes(sha256(name.encode()).digest()[:4], "big") % CHECKED_EVERY
        return self.check_all or share == self.today.toordinal() % CHECKED_EVERY


def is_database(name: str) -> bool:
    """True of the databases of Dagster, which other processes write while they are copied."""
    return name.startswith("dagster/storage/") and name.endswith(".db")


def _has_log(source: Path) -> bool:
    beside = [Path(f"{source}{suffix}") for suffix in _SQLITE_LOGS]
    return any(path.exists() and path.stat().st_size for path in beside)


def _copy_sqlite(source: Path, temporary: Path) -> None:
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


def _state(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns
