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
from regime_platform.bar_store.layout import PROVEN, SQL, DataRoot, SymbolPaths
from regime_platform.bar_store.locks import writing
from regime_platform.errors import RegimeError, UsageError
from regime_platform.files import path_below
from regime_platform.model.instants import iso
from regime_platform.model.universe.universe import parse_universe
from regime_platform.operations.backup.copies import Copier
from regime_platform.operations.backup.folder import (
    NO_BACKUP,
    BackupError,
    BackupListing,
    FileCopy,
    finish,
    folders_of_new_copies,
    group_of,
    is_backup,
    locked_folder,
    new_copies,
    raise_if_full,
    read_listing,
    write_listing,
)
from regime_platform.pipeline.outbox import OUTBOX
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
    """Copies ``root`` into a new folder ``target``, or brings an older backup there up to date.

    With ``check_all``, every copy of the last backup is read again, instead of a share of them.
    UsageError where one of the two is unfit, RegimeError on a full disk; the last backup stays.
    """
    _require_folders(root.path, target)
    with locked_folder(target):
        before = _last(target, root)
        generation = before.generation + 1
        new = new_copies(target, generation)
        new.mkdir(exist_ok=True)
        copier = Copier(root.path, target, new, before, now.date(), check_all)
        collector = _Collector(root, copier)
        sweep_below(root.path)
        for folder in _folders(root.path):
            collector.take(folder)
        collector.keep_vanished()
        copier.drop_unused()
        listing = BackupListing(
            made_at=iso(now),
            data_root=str(root.path),
            generation=generation,
            kept=collector.kept,
            damaged=collector.damaged,
            files=dict(sorted(collector.files.items())),
        )
        write_listing(target, listing)
        removed = finish(target, listing, before)
    return BackupOutcome(
        len(listing.files),
        sum(copy.bytes for copy in listing.files.values()),
        copier.copied,
        removed,
        tuple(sorted(copier.damaged_copies)),
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
        """Adds all files of a folder: a symbol as a whole, others file by file."""
        if folder in _symbol_folders(self.root.path):
            self._take_symbol(SymbolPaths(folder))
            return
        paths = folder.iterdir() if folder == self.root.path else folder.rglob("*")
        for path in sorted(paths):
            if path.is_file() and _is_copied(path):
                name = self._name(path)
                if group_of(name) == name:
                    self._take_file(path, name)

    def keep_vanished(self) -> None:
        """Keeps the copies of folders that are gone although universe or archive still name them.

        The universe names those of symbols, a record beside it one in the archive. A symbol that
        started again as another instrument has its former folder there.
        """
        before = self.copier.before.files
        tracked = _tracked(self.root)
        for group in sorted({group_of(name) for name in before} - before.keys()):
            folder = self.root.path / group
            if group.startswith(f"{_ASSETS}/"):
                is_named = folder.name in tracked and not (self.root.archive / folder.name).exists()
            else:
                is_named = folder.with_name(f"{folder.name}.json").exists()
            if is_named and not folder.exists():
                self._keep(group, "the folder is gone")

    def _take_symbol(self, paths: SymbolPaths) -> None:
        group = paths.folder.relative_to(self.root.path).as_posix()
        try:
            with writing(paths):
                self._copy_symbol(paths, group)
        except (RegimeError, OSError) as error:
            raise_if_full(error)
            self._keep(group, str(error))

    def _copy_symbol(self, paths: SymbolPaths, group: str) -> None:
        before, older = self.copier.before, self.copier.before.below(group)
        reusable = {
            name: self.copier.reusable(name)
            for path in sorted(paths.folder.rglob("*"))
            if path.is_file() and _is_copied(path) and (name := self._name(path))
        }
        was_damaged = group in before.damaged
        if all(reusable.values()) and reusable.keys() == older.keys() and not was_damaged:
            self.files |= older
            return
        known = [] if was_damaged else [name.removeprefix(f"{group}/") for name in older]
        damage = damage_of_symbol(paths, known)
        if damage and older and not was_damaged:
            self._keep(group, damage)
            return
        if damage:
            self.damaged[group] = damage
        self.files |= {name: copy or self.copier.copy(name) for name, copy in reusable.items()}

    def _take_file(self, path: Path, name: str) -> None:
        try:
            copy = self.copier.reusable(name)
            damage = "" if copy else damage_of_file(path, self.root)
            if damage and name in self.copier.before.files:
                self._keep(name, damage)
                return
            self.files[name] = copy or self.copier.copy(name)
            if damage:
                self.damaged[name] = damage
        except FileNotFoundError:
            return  # removed meanwhile, as the log of a run that Dagster forgets
        except (RegimeError, OSError) as error:
            raise_if_full(error)
            self._keep(name, str(error))

    def _keep(self, group: str, reason: str) -> None:
        """Keeps the copies of the last backup; verifies those whose turn it is."""
        older = self.copier.before.below(group)
        sound = [self.copier.is_sound(name, copy) for name, copy in older.items()]
        self.kept[group] = reason if all(sound) else f"{reason}; its copy is damaged too"
        self.damaged.pop(group, None)
        self.files |= older

    def _name(self, path: Path) -> str:
        name = path.relative_to(self.root.path).as_posix()
        path_below(self.copier.target, name)  # else it could not be restored
        return name


def _require_folders(root: Path, target: Path) -> None:
    if not root.is_dir():
        raise UsageError(f"{root} is no data root; check REGIME_DATA_ROOT", code="no-data-root")
    if target.resolve().is_relative_to(root.resolve()):
        raise UsageError(
            f"{target} lies in the data root {root}; choose a folder elsewhere",
            code="backup-in-data-root",
        )
    if target.exists() and any(target.iterdir()) and not is_backup(target):
        raise UsageError(
            f"{target} is neither empty nor a backup; choose another folder",
            code="no-backup-folder",
        )


def _last(target: Path, root: DataRoot) -> BackupListing:
    """The last backup in ``target``, completed if it was killed."""
    try:
        before = read_listing(target)
    except BackupError:
        for folder in folders_of_new_copies(target):
            shutil.rmtree(folder)
        return NO_BACKUP
    if before is None:
        return NO_BACKUP
    had_symbols = any(name.startswith(f"{_ASSETS}/") for name in before.files)
    if had_symbols and not any(_symbol_folders(root.path)):
        raise UsageError(
            f"{root.path} has no symbols and the backup in {target} has; check REGIME_DATA_ROOT, "
            "or back up into a new folder",
            code="data-root-empty",
        )
    finish(target, before, NO_BACKUP)
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
    others = [path for path in sorted(root.iterdir()) if path.is_dir()]
    yield from (path for path in others if path.name not in {_ASSETS, _DAGSTER, PROVEN, SQL})
    yield root
    yield from (path for path in others if path.name == _DAGSTER)


def _symbol_folders(root: Path) -> Iterator[Path]:
    """Those of symbols, archived ones included."""
    folders = [*root.glob(f"{_ASSETS}/*"), *root.glob("archive/*/*")]
    yield from (path for path in folders if path.is_dir())


def _is_copied(path: Path) -> bool:
    is_temporary = path.name.startswith((".tmp-", ".lock"))
    # a restore leaves all symbols in the outbox
    is_lasting = not is_temporary and f"/{_DAGSTER}/{OUTBOX}/" not in path.as_posix()
    return is_lasting and not path.name.endswith((".lock", "-wal", "-shm"))
