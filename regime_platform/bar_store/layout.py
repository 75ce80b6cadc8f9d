"""The paths of everything in a data root; nothing is read or written here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path, PurePath
from types import MappingProxyType

from regime_platform.errors import BarsError
from regime_platform.files import path_below
from regime_platform.model.symbols import require_safe
from regime_platform.model.timeframes import DURATION


class FileClass(StrEnum):
    """What follows when a file below a symbol's folder is altered or removed."""

    SEALED = "sealed"  # `verify` reports it
    CACHE = "cache"  # no result changes; the file is made again when it is needed


_TEMPORARY = ".tmp-*"  # what a killed writer left, swept by the next one
_SEALED = (
    # a digest is in the name and in the verdict; those set aside (see `compaction`) may be removed
    "raw/*/*.parquet",
    "bars/*/*.parquet",  # in verdict and bar manifest
    "rejected/*.parquet",  # the same
    "verdict.json",  # in the bar manifest
    "manifest.json",  # in the chain
    "compute_manifest.json",
    "chain.jsonl",  # link by link
    "compute.db",  # in the compute manifest
    "compute.db.wal",  # rows of a killed update, see decision 130
    "decisions.yaml",  # in verdict and bar manifest
    "splits.json",  # in the bar manifest
    "price_factors.json",
    "actions.json",  # in verdict and bar manifest
    "identity.json",
    "renames.json",  # in the chain
    "set_aside/*",  # in the link of its repair; may be removed
)
#: Pattern of a path below a symbol's folder -> its class; also used for files set aside.
FILE_CLASSES: Mapping[str, FileClass] = MappingProxyType(
    dict.fromkeys(_SEALED, FileClass.SEALED)
    | dict.fromkeys(
        ("acquisition.json", "fetch_failures.json", ".lock", ".fetch.lock"), FileClass.CACHE
    )
)


def file_classes(name: str) -> list[FileClass]:
    """The classes of a file by its path below a symbol's folder: one for each known file."""
    if fnmatchcase(PurePath(name).name, _TEMPORARY):
        return [FileClass.CACHE]
    return [kind for pattern, kind in FILE_CLASSES.items() if fnmatchcase(name, pattern)]


#: Folder of the symbols.
ASSETS = "assets"
_ARCHIVE = "archive"
#: Folder of the records of proven files (see ``proven``); no part of a backup.
PROVEN = "proven"
#: Folder of what SQL reads, which is made again from bars and results; no part of a backup.
SQL = "sql"


class _Below:
    """A path with a fixed name below the folder that its owner stands for."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, owner: "SymbolPaths | DataRoot", _type: type) -> Path:
        folder = owner.folder if isinstance(owner, SymbolPaths) else owner.path
        return folder / self._name


@dataclass(frozen=True)
class SymbolPaths:
    """The folder of one symbol."""

    folder: Path

    compute_db = _Below("compute.db")  # results
    verdict = _Below("verdict.json")  # of the gate, and the pointer to the canonical bars in force
    acquisition = _Below("acquisition.json")  # windows that the source answered, per timeframe
    fetch_failures = _Below("fetch_failures.json")  # why the last fetch brought no bars
    identity = _Below("identity.json")  # the instruments that the stored bars are of
    splits = _Below("splits.json")  # new price bases that overlapping fetches showed
    price_factors = _Below("price_factors.json")  # adjustments for splits, every version
    actions = _Below("actions.json")  # corporate actions that operators and sources declared
    decisions = _Below("decisions.yaml")  # overrides of bars
    manifest = _Below("manifest.json")  # the bar manifest
    compute_manifest = _Below("compute_manifest.json")
    chain = _Below("chain.jsonl")  # a line for every manifest ever written and for every repair
    renames = _Below("renames.json")  # the manifests from before each rename, kept whole
    set_aside = _Below("set_aside")  # damaged files, one folder for each repair
    raw_logs = _Below("raw")  # a folder for each series that was ever fetched
    lock = _Below(".lock")  # of the one writer of this folder
    fetch_lock = _Below(".fetch.lock")  # of the one process that asks the source for its bars

    @property
    def symbol(self) -> str:
        """The symbol; an archived folder is a number below one of the symbol's name."""
        is_archived = self.folder.parent.parent.name == _ARCHIVE and self.folder.name.isdecimal()
        return self.folder.parent.name if is_archived else self.folder.name

    def raw(self, timeframe: str) -> Path:
        """Folder of the append-only raw log of one series."""
        return self.folder / "raw" / _series_name(timeframe)

    def bars(self, timeframe: str) -> Path:
        """Folder of the canonical bars of one series."""
        return self.folder / "bars" / _series_name(timeframe)

    def rejected(self, timeframe: str) -> Path:
        """Rows of one series that the gate rejected, with rule, reason and batch."""
        return self.folder / "rejected" / f"{_series_name(timeframe)}.parquet"

    @property
    def proven(self) -> Path | None:
        """The record of proven files, a cache outside the symbol's folder.

        None for a folder that is in no data root, such as those of bundles and tests.
        """
        assets = self.folder.parent
        if assets.name != ASSETS:
            return None
        return assets.parent / PROVEN / f"{self.folder.name}.json"


@dataclass(frozen=True)
class DataRoot:
    """The whole tree."""

    path: Path
    elsewhere: Mapping[str, Path] = field(default_factory=dict)  # symbol -> a folder of the archive

    #: Per symbol the folders of instruments that had its name before, each with its record.
    archive = _Below(_ARCHIVE)
    board = _Below("board.parquet")  # latest state of every symbol: a cache
    sql = _Below(SQL)
    alert_rules = _Below("alerts.yaml")  # which changes of regimes are sent
    gate_policy = _Below("gate.yaml")  # severities of rules that differ from the defaults
    renames = _Below("renames.json")  # every rename of a symbol
    vendor_answers = _Below("vendor_answers.json")  # as `regime doctor --live` measured them
    eras = _Below("eras")  # the era sets, each written once, and which of them is in force
    adopted_eras = _Below("eras/adopted.yaml")  # every adoption, oldest first; the last in force
    #: The same adoptions as an append-only chain of links, to verify `adopted_eras` with.
    adoption_log = _Below("eras/adoptions.jsonl")
    report = _Below("report")  # pages for a browser, made again from what is stored
    snapshots = _Below("snapshots")  # one manifest per release over all symbols, written once
    snapshot_index = _Below("snapshots/index.jsonl")  # one line for every snapshot ever taken

    def symbol(self, symbol: str) -> SymbolPaths:
        """The folder of one symbol; raises ConfigError where the name is none of a symbol."""
        require_safe(symbol)
        return SymbolPaths(self.elsewhere.get(symbol, self.path / ASSETS / symbol))

    def migration(self, name: str) -> Path:
        """The record of one migration from a legacy store."""
        return path_below(self.path / "migrations", f"{name}.json")

    def era_set(self, version: str) -> Path:
        """One era set."""
        return path_below(self.eras, f"{version}.yaml")


def _series_name(timeframe: str) -> str:
    """The name of the folder of a series.

    Raises:
        BarsError: it is no timeframe; documents name them, and documents can be damaged.
    """
    if timeframe not in DURATION:
        raise BarsError(
            f"{timeframe!r} is no timeframe; expected one of {', '.join(DURATION)}: restore the "
            "document that names it from a backup",
            code="unknown-timeframe",
        )
    return timeframe
