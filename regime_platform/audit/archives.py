"""The archive of a data root: bars and results of instruments that a symbol named before.

``archive/{SYMBOL}/{N}.json`` is written before the symbol's folder is moved to ``{N}`` beside it,
and marked when all is done. Only answers as of a moment before that read these folders.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from regime_platform.audit.verify.copied_files import damage_of_symbol
from regime_platform.audit.verify.verification import AuditFinding, FindingKind, Subject
from regime_platform.bar_store.layout import DataRoot, SymbolPaths
from regime_platform.errors import BarsError, ConfigError, RegimeError
from regime_platform.files import read_json, write_json
from regime_platform.model.document import Document, first_fault
from regime_platform.model.instants import instant
from regime_platform.model.instruments import Instrument, parse_entry
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.temporary_files import sweep_temporary


class Archive(Document):
    """The record of one folder of a symbol that was taken out of use."""

    symbol: str
    number: int  # 1, 2, 3 in the order of archiving
    at: str  # ISO 8601 UTC
    by: str
    reason: str
    stored: str  # the instrument of these bars
    meant: str  # the one that the symbol means since
    instrument: dict[str, Any]  # the entry of the universe that these bars were fetched by
    is_finished: bool = False

    def folder(self, root: DataRoot) -> Path:
        """Where bars and results lie."""
        return root.archive / self.symbol / str(self.number)

    def describe(self) -> str:
        """What is unfinished, and what to do."""
        return (
            f"archiving {self.symbol} was begun at {self.at} and not finished; "
            f"`regime universe repoint {self.symbol} --archive --reason TEXT --yes` finishes it"
        )


def read_archives(root: DataRoot, symbol: str) -> list[Archive]:
    """All archives of a symbol, the oldest first; ConfigError where a record is damaged."""
    folder = root.archive / symbol
    # a killed writer leaves temporary files, with names that begin otherwise
    paths = folder.glob("[0-9]*.json") if folder.is_dir() else ()
    return sorted((_read(path) for path in paths), key=lambda archive: archive.number)


def all_archives(root: DataRoot) -> list[Archive]:
    """The archives of all symbols, by symbol; ConfigError where a record is damaged."""
    symbols = sorted(path.name for path in root.archive.iterdir()) if root.archive.is_dir() else ()
    return [archive for symbol in symbols for archive in read_archives(root, symbol)]


def write_archive(root: DataRoot, archive: Archive) -> None:
    """Writes a record; one process at a time."""
    sweep_temporary(root.archive / archive.symbol)
    write_json(archive.folder(root).with_suffix(".json"), archive.model_dump(mode="json"))


def archive_findings(root: DataRoot, symbol: str) -> Iterator[AuditFinding]:
    """What is wrong with the archives of a symbol, each proven against its own manifests."""
    try:
        archives = read_archives(root, symbol)
    except ConfigError as error:
        yield Subject.ARCHIVE.finding(
            FindingKind.UNREADABLE, error, f"archive/{symbol}", "restore the record from a backup"
        )
        return
    for archive in (each for each in archives if each.is_finished):
        folder, name = archive.folder(root), f"archive/{symbol}/{archive.number}"
        kind, damage = FindingKind.MISSING, "the folder is gone"
        if folder.is_dir():
            kind, damage = FindingKind.CHANGED, damage_of_symbol(SymbolPaths(folder), ())
        if damage:
            yield Subject.ARCHIVE.finding(kind, damage, name, f"restore {name} from a backup")


def before_archiving(
    workspace: RunWorkspace, instrument: Instrument, as_of: dt.datetime
) -> tuple[RunWorkspace, Instrument]:
    """Workspace and instrument as of ``as_of`` (aware).

    Where the symbol's folder was archived later, they lead to that folder and to the entry of then.

    Raises:
        ConfigError: a record is damaged; names it.
        BarsError: the folder that would answer is gone.
    """
    root = workspace.root
    if not root.archive.is_dir():
        return workspace, instrument
    archives = [
        archive
        for symbol in (*instrument.formerly, instrument.symbol)
        for archive in read_archives(root, symbol)
        if instant(archive.at) > as_of and (archive.is_finished or archive.folder(root).is_dir())
    ]
    if not archives:
        return workspace, instrument
    first = min(archives, key=lambda archive: instant(archive.at))
    if not first.folder(root).is_dir():
        raise BarsError(
            f"{first.folder(root)} is gone; restore it from a backup", code="archive-missing"
        )
    workspace = replace(workspace, root=replace(root, elsewhere={first.symbol: first.folder(root)}))
    return workspace, parse_entry(first.instrument)


def _read(path: Path) -> Archive:
    try:
        return Archive.model_validate(read_json(path))
    except (ValidationError, RegimeError) as error:
        reason = first_fault(error) if isinstance(error, ValidationError) else error
        raise ConfigError(
            f"{path} is no record of an archive ({reason}); restore it from a backup",
            code="archive-record-damaged",
        ) from error
