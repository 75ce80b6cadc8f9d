"""Copies a data root while it is in use; `operations.backup.restore` copies it back.

Each symbol is copied under its write lock: files that must agree always belong to one symbol.
Files of all symbols are replaced atomically by their writers and are copied as they are.
Dagster's databases come last, by SQLite's own online backup.

What has changed is verified before its copy replaces an older one: of a damaged symbol or file the
older copy stays. New copies lie in a folder of their own until the listing that names them
has replaced the one before; so a backup that is killed leaves the last one whole.
"""

import datetime as dt
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from regime_platform.audit.verify.copied_files import damage_of_file, damage_of_symbol
from regime_platform.bar_store.layout import PROVEN, DataRoot, SymbolPaths
from regime_platform.bar_store.locks import writing
from regime_platform.errors import RegimeError, UsageError
from regime_platform.files import path_below
from regime_platform.model.universe.universe import parse_universe
from regime_platform.operations.backup.copies import Copier
from regime_platform.operations.backup.folder import (
    disk_full_reported,
    finish,
    is_backup,
    locked_folder,
    raise_if_full,
)
from regime_platform.operations.backup.listing import (
    BackupError,
    BackupListing,
    FileCopy,
    folders_of_new_copies,
    group_of,
    new_copies,
    new_listing,
    read_listing,
    write_listing,
)
from regime_platform.regular_files import read_text
from regime_platform.temporary_files import sweep_below

_ASSETS, _DAGSTER = "assets", "dagster"


@dataclass(frozen=True)
class BackupOutcome:
    """What a backup did."""

    files: int
    bytes: int
    copied: int  # files that were not there yet, or not as they are now
    removed: int = 0
    damaged_copies: tuple[str, ...] = ()  # of the last backup, made again where the source is sound
    kept: Mapping[str, str] = field(default_factory=dict)  # symbol's folder or file -> why
    damaged: Mapping[str, str] = field(default_factory=dict)  # copied although damaged, and why


def backup(
    root: DataRoot, target: Path, now: dt.datetime, *, check_all: bool = False
) -> BackupOutcome:
    """Copies ``root`` into ``target``, or brings an older backup there up to date.

    Args:
        root: the data root.
        target: a new folder, or that of an earlier backup.
        now: the time it counts as made at.
        check_all: read every copy of the last backup again, instead of a share of them.

    Raises:
        UsageError: the target lies in the data root, holds something that is no backup or is in
            use, or the data root has lost all symbols that the backup has.
        RegimeError: the target's disk is full; the last backup there is whole.
    """
    if not root.path.is_dir():
        raise UsageError(
            f"{root.path} is no data root; check REGIME_DATA_ROOT", code="no-data-root"
        )
    if target.resolve().is_relative_to(root.path.resolve()):
        raise UsageError(
            f"{target} lies in the data root {root.path}; choose a folder elsewhere",
            code="backup-in-data-root",
        )
    if target.exists() and any(target.iterdir()) and not is_backup(target):
        raise UsageError(
            f"{target} is neither empty nor a backup; choose another folder",
            code="no-backup-folder",
        )
    with locked_folder(target), disk_full_reported(target):
        before = _last(target, root)
        generation = 1 if before is None else before.generation + 1
        new = new_copies(target, generation)
        new.mkdir(exist_ok=True)
        copier = Copier(root.path, target, new, before, now.date(), check_all)
        collector = _Collector(root, copier)
        sweep_below(root.path)
        for folder in _folders(root.path):
            collector.take(folder)
        collector.keep_vanished()
        copier.drop_unused()
        listing = new_listing(
            now, root.path, generation, collector.files, collector.kept, collector.damaged
        )
        write_listing(target, listing)
        removed = finish(target, listing, {} if before is None else before.files)
    return BackupOutcome(
        len(listing.files),
        sum(copy.bytes for copy in listing.files.values()),
        copier.copied,
        removed,
        tuple(sorted(set(copier.damaged_copies))),
        collector.kept,
        collector.damaged,
    )


@dataclass
class _Collector:
    """Collects the files of a backup."""

    root: DataRoot
    copier: Copier
    files: dict[str, FileCopy] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)
    damaged: dict[str, str] = field(default_factory=dict)

    def take(self, folder: Path) -> None:
        """Adds all files of one folder: a symbol as a whole, others file by file."""
        if folder in _symbol_folders(self.root.path):
            self._take_symbol(SymbolPaths(folder))
            return
        paths = folder.iterdir() if folder == self.root.path else folder.rglob("*")
        for path in sorted(paths):
            is_of_symbol = group_of(self._name(path)) != self._name(path)
            if path.is_file() and _is_copied(path) and not is_of_symbol:
                self._take_file(path)

    def keep_vanished(self) -> None:
        """Keeps the copies of folders that are gone although universe or archive still name them.

        The universe names those of symbols, a record beside it one in the archive. A symbol that
        started again as another instrument has its former folder there.
        """
        before = {} if self.copier.before is None else self.copier.before.files
        groups = {group_of(name) for name in before} - before.keys()
        tracked = _tracked(self.root)
        for group in sorted(groups):
            folder = self.root.path / group
            if group.startswith(f"{_ASSETS}/"):
                is_named = folder.name in tracked and not (self.root.archive / folder.name).exists()
            else:
                is_named = folder.with_name(f"{folder.name}.json").exists()
            if is_named and not folder.exists():
                self._keep(group, self._older(f"{group}/"), "the folder is gone")

    def _take_symbol(self, paths: SymbolPaths) -> None:
        group = paths.folder.relative_to(self.root.path).as_posix()
        older = self._older(f"{group}/")
        try:
            with writing(paths):
                self._copy_symbol(paths, group, older)
        except (RegimeError, OSError) as error:
            raise_if_full(error)
            self._keep(group, older, str(error))

    def _copy_symbol(self, paths: SymbolPaths, group: str, older: Mapping[str, FileCopy]) -> None:
        names = [
            self._name(path)
            for path in sorted(paths.folder.rglob("*"))
            if path.is_file() and _is_copied(path)
        ]
        reusable = {name: self.copier.reusable(name) for name in names}
        last_damage = self._last_damage(group)
        if all(reusable.values()) and reusable.keys() == older.keys() and not last_damage:
            self.files |= older
            return
        damage = damage_of_symbol(paths, [] if last_damage else _below(group, older))
        if damage and older and not last_damage:
            self._keep(group, older, damage)
            return
        if damage:
            self.damaged[group] = damage
        self.files |= {name: reusable[name] or self.copier.copy(name) for name in names}

    def _take_file(self, path: Path) -> None:
        name = path.relative_to(self.root.path).as_posix()
        older = self._older(name)
        try:
            copy = self.copier.reusable(self._name(path))
            damage = "" if copy else damage_of_file(path, self.root)
            if damage and older:
                self._keep(name, older, damage)
                return
            self.files[name] = copy or self.copier.copy(name)
            if damage:
                self.damaged[name] = damage
        except FileNotFoundError:
            return  # removed meanwhile, as the log of a run that Dagster forgets
        except (RegimeError, OSError) as error:
            raise_if_full(error)
            self._keep(name, older, str(error))

    def _keep(self, group: str, older: Mapping[str, FileCopy], reason: str) -> None:
        """Keeps the copies of the last backup; verifies those whose turn it is."""
        sound = [self.copier.is_sound(name, copy) for name, copy in older.items()]
        self.kept[group] = reason if all(sound) else f"{reason}; its copy is damaged too"
        self.damaged.pop(group, None)
        self.files |= older

    def _name(self, path: Path) -> str:
        name = path.relative_to(self.root.path).as_posix()
        path_below(self.copier.target, name)  # else it could not be restored
        return name

    def _older(self, start: str) -> Mapping[str, FileCopy]:
        files = {} if self.copier.before is None else self.copier.before.files
        if start in files:
            return {start: files[start]}
        return {name: copy for name, copy in files.items() if name.startswith(start)}

    def _last_damage(self, group: str) -> str:
        return "" if self.copier.before is None else self.copier.before.damaged.get(group, "")


def _last(target: Path, root: DataRoot) -> BackupListing | None:
    """The last backup in ``target``, completed if it was killed; None where there is none."""
    try:
        before = read_listing(target)
    except BackupError:
        for folder in folders_of_new_copies(target):
            shutil.rmtree(folder)
        return None
    if before is None:
        return None
    had_symbols = any(name.startswith(f"{_ASSETS}/") for name in before.files)
    if had_symbols and not any(_symbol_folders(root.path)):
        raise UsageError(
            f"{root.path} has no symbols and the backup in {target} has; check REGIME_DATA_ROOT, "
            "or back up into a new folder",
            code="data-root-empty",
        )
    finish(target, before, {})
    return before


def _tracked(root: DataRoot) -> set[str]:
    """The symbols of the data root's own universe; none where it has none, or a damaged one."""
    path = root.path / "universe.yaml"
    try:
        return set(parse_universe(read_text(path), str(path)).symbols)
    except (RegimeError, OSError, UnicodeDecodeError):
        return set()


def _folders(root: Path) -> Iterator[Path]:
    """The folders in the order of copying: symbols, others, files of the root itself, Dagster's."""
    yield from sorted(_symbol_folders(root))
    others = [path for path in sorted(root.iterdir()) if path.is_dir()] if root.exists() else []
    yield from (path for path in others if path.name not in {_ASSETS, _DAGSTER, PROVEN})
    if root.exists():
        yield root
    yield from (path for path in others if path.name == _DAGSTER)


def _symbol_folders(root: Path) -> Iterator[Path]:
    """Those of symbols, archived ones included."""
    folders = [*root.glob(f"{_ASSETS}/*"), *root.glob("archive/*/*")]
    yield from (path for path in folders if path.is_dir())


def _is_copied(path: Path) -> bool:
    is_temporary = path.name.startswith((".tmp-", ".lock")) or path.name.endswith(".lock")
    return not is_temporary and not path.name.endswith(("-wal", "-shm"))


def _below(group: str, files: Mapping[str, FileCopy]) -> list[str]:
    return [name.removeprefix(f"{group}/") for name in files]
