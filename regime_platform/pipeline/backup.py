"""A copy of a data root, taken while it is in use, and the way back.

Nothing that must agree lies in two symbols' folders, so a symbol is copied under its write lock and
is consistent by itself; what belongs to all symbols is replaced atomically and copied as it is. A
file of the same size and time of writing is already there, so a second backup into the same folder
copies what changed. Dagster's databases are copied by SQLite's own online backup. The list of all
files is written last: a folder without it is no backup.
"""

import datetime as dt
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from regime_platform.bars.layout import PROVEN, DataRoot, SymbolPaths
from regime_platform.bars.locks import writing
from regime_platform.errors import UsageError
from regime_platform.files import copy_file, read_json, write_atomically, write_json
from regime_platform.model.series import iso

LISTING = "backup.json"
_ASSETS, _DAGSTER = "assets", "dagster"
_SKIPPED = (".tmp-", ".lock", ".board.lock")


@dataclass(frozen=True)
class BackupOutcome:
    """What a backup or a restore did."""

    files: int
    bytes: int
    copied: int  # files that were not there yet
    removed: int = 0


def backup(root: DataRoot, target: Path, now: dt.datetime) -> BackupOutcome:
    """Copies ``root`` into ``target``, or brings an older backup there up to date.

    Raises:
        UsageError: the target lies in the data root, or holds something that is no backup.
    """
    if target.resolve().is_relative_to(root.path.resolve()):
        raise UsageError(f"{target} lies in the data root {root.path}; choose a folder elsewhere")
    listing = target / LISTING
    if target.exists() and any(target.iterdir()) and not _is_backup(target):
        raise UsageError(f"{target} is neither empty nor a backup; choose another folder")
    write_json(target / f"{LISTING}.begun", {"begun_at": iso(now)})
    listing.unlink(missing_ok=True)
    copied, kept = 0, set[str]()
    for folder in _folders(root.path):
        for source in _copied_under_lock(root, folder):
            name = source.relative_to(root.path).as_posix()
            copied += _copy(source, target / name)
            kept.add(name)
    removed = _remove_others(target, kept)
    sizes = {name: (target / name).stat().st_size for name in sorted(kept)}
    write_json(listing, {"made_at": iso(now), "data_root": str(root.path), "files": sizes})
    (target / f"{LISTING}.begun").unlink()
    return BackupOutcome(len(sizes), sum(sizes.values()), copied, removed)


def restore(source: Path, root: DataRoot) -> BackupOutcome:
    """Fills an empty data root from a backup.

    Raises:
        UsageError: the data root is in use, the folder is no complete backup, or a file of it is
            missing or has another length.
    """
    listing = read_json(source / LISTING)
    if listing is None:
        raise UsageError(f"{source} has no {LISTING}: it is no backup, or one that was interrupted")
    if (root.path / _ASSETS).exists():
        raise UsageError(
            f"{root.path} holds symbols already; restore into another folder by REGIME_DATA_ROOT"
        )
    sizes: dict[str, int] = listing["files"]
    for name, size in sizes.items():
        if not (source / name).exists() or (source / name).stat().st_size != size:
            raise UsageError(f"{source / name} is missing or damaged; use another backup")
    for name in sizes:
        _copy(source / name, root.path / name)
    return BackupOutcome(len(sizes), sum(sizes.values()), len(sizes))


def _is_backup(target: Path) -> bool:
    return (target / LISTING).exists() or (target / f"{LISTING}.begun").exists()


def _folders(root: Path) -> Iterator[Path]:
    """The root itself, then every folder below it that is copied at once."""
    yield root
    for place in sorted(root.iterdir()) if root.exists() else ():
        if place.is_dir() and place.name not in {_ASSETS, PROVEN}:
            yield place
    assets = root / _ASSETS
    yield from sorted(one for one in assets.iterdir() if one.is_dir()) if assets.exists() else ()


def _copied_under_lock(root: DataRoot, folder: Path) -> Iterator[Path]:
    if folder == root.path:
        yield from (path for path in sorted(folder.iterdir()) if path.is_file() and _counts(path))
    elif folder.parent.name == _ASSETS:
        with writing(SymbolPaths(folder)):
            yield from _files(folder)
    else:
        yield from _files(folder)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and _counts(path))


def _counts(path: Path) -> bool:
    return not path.name.startswith(_SKIPPED) and not path.name.endswith(("-wal", "-shm"))


def _copy(source: Path, target: Path) -> int:
    if _DAGSTER in source.parts and source.suffix == ".db":
        write_atomically(target, lambda temporary: _copy_database(source, temporary))
        return 1
    found = source.stat()
    if target.exists():
        held = target.stat()
        if (held.st_size, held.st_mtime_ns) == (found.st_size, found.st_mtime_ns):
            return 0
    write_atomically(target, lambda temporary: copy_file(source, temporary))
    # the time of writing is how a manifest recognises its database, and a backup what it has
    os.utime(target, ns=(found.st_atime_ns, found.st_mtime_ns))
    return 1


def _copy_database(source: Path, temporary: Path) -> None:
    with closing(sqlite3.connect(source)) as held, closing(sqlite3.connect(temporary)) as copy:
        held.backup(copy)


def _remove_others(target: Path, kept: set[str]) -> int:
    removed = 0
    for path in sorted(target.rglob("*"), reverse=True):
        name = path.relative_to(target).as_posix()
        if path.is_file() and name not in kept and path.parent != target:
            path.unlink()
            removed += 1
        elif path.is_dir() and not any(path.iterdir()):
            shutil.rmtree(path)
    return removed
