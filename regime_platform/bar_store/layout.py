"""The paths of everything in a data root; nothing is read or written here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path, PurePath
from types import MappingProxyType

from regime_platform.errors import BarsError
from regime_platform.files import path_below
from regime_platform.model.instruments import require_safe
from regime_platform.model.timeframes import TIMEFRAMES


class FileClass(StrEnum):
    """What follows when a file below a symbol's folder is altered or removed."""

    SEALED = "sealed"  # `verify` reports it
    CACHE = "cache"  # no result changes; the file is made again when it is needed


_TEMPORARY = ".tmp-*"  # what a killed writer left, swept by the next one
#: Pattern of a path below a symbol's folder -> its class; also used for files set aside.
FILE_CLASSES: Mapping[str, FileClass] = MappingProxyType(
    {
        # a digest is in the name and in the verdict; those set aside (see `ahead`) may be removed
        "raw/*/*.parquet": FileClass.SEALED,
        "bars/*/*.parquet": FileClass.SEALED,  # in verdict and bar manifest
        "rejected/*.parquet": FileClass.SEALED,  # the same
        "verdict.json": FileClass.SEALED,  # in the bar manifest
        "manifest.json": FileClass.SEALED,  # in the chain
        "compute_manifest.json": FileClass.SEALED,
        "chain.jsonl": FileClass.SEALED,  # link by link
        "compute.db": FileClass.SEALED,  # in the compute manifest
        "compute.db.wal": FileClass.SEALED,  # what an update adds to it
        "decisions.yaml": FileClass.SEALED,  # in verdict and bar manifest
        "splits.json": FileClass.SEALED,  # in the bar manifest
        "price_factors.json": FileClass.SEALED,
        "identity.json": FileClass.SEALED,
        "renames.json": FileClass.SEALED,  # in the chain
        "set_aside/*": FileClass.SEALED,  # in the link of its repair; may be removed
        "acquisition.json": FileClass.CACHE,
        ".lock": FileClass.CACHE,
    }
)


def file_classes(name: str) -> list[FileClass]:
    """The classes of a file by its path below a symbol's folder: one for each known file."""
    if fnmatchcase(PurePath(name).name, _TEMPORARY):
        return [FileClass.CACHE]
    return [kind for pattern, kind in FILE_CLASSES.items() if fnmatchcase(name, pattern)]


_ASSETS = "assets"
_ARCHIVE = "archive"
#: Folder of the records of proven files (see ``proven``); no part of a backup.
PROVEN = "proven"


@dataclass(frozen=True)
class SymbolPaths:
    """The folder of one symbol."""

    folder: Path

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
    def compute_db(self) -> Path:
        """The symbol's results."""
        return self.folder / "compute.db"

    @property
    def verdict(self) -> Path:
        """The result of the gate, and the pointer to the canonical bars in force."""
        return self.folder / "verdict.json"

    @property
    def acquisition(self) -> Path:
        """Which windows were requested from the source and answered, per timeframe."""
        return self.folder / "acquisition.json"

    @property
    def identity(self) -> Path:
        """The instruments at their sources that the stored bars are of."""
        return self.folder / "identity.json"

    @property
    def splits(self) -> Path:
        """The splits that overlapping fetches showed, with their evidence."""
        return self.folder / "splits.json"

    @property
    def price_factors(self) -> Path:
        """The adjustments of intraday bars for splits, every version with its evidence."""
        return self.folder / "price_factors.json"

    @property
    def decisions(self) -> Path:
        """The overrides of single bars."""
        return self.folder / "decisions.yaml"

    @property
    def manifest(self) -> Path:
        """The bar manifest."""
        return self.folder / "manifest.json"

    @property
    def compute_manifest(self) -> Path:
        """The compute manifest."""
        return self.folder / "compute_manifest.json"

    @property
    def chain(self) -> Path:
        """One line for every manifest ever written and for every repair."""
        return self.folder / "chain.jsonl"

    @property
    def renames(self) -> Path:
        """The manifests from before each rename, kept whole."""
        return self.folder / "renames.json"

    @property
    def set_aside(self) -> Path:
        """Damaged files that repairs took out of use, one folder for each repair."""
        return self.folder / "set_aside"

    @property
    def proven(self) -> Path | None:
        """The record of proven files, a cache outside the symbol's folder.

        None for a folder that is in no data root, such as those of bundles and tests.
        """
        assets = self.folder.parent
        if assets.name != _ASSETS:
            return None
        return assets.parent / PROVEN / f"{self.folder.name}.json"

    @property
    def lock(self) -> Path:
        """The lock file of the one writer of this folder."""
        return self.folder / ".lock"


@dataclass(frozen=True)
class DataRoot:
    """The whole tree."""

    path: Path
    elsewhere: Mapping[str, Path] = field(default_factory=dict)  # symbol -> a folder of the archive

    def symbol(self, symbol: str) -> SymbolPaths:
        """The folder of one symbol.

        Raises:
            ConfigError: it is no symbol, so it cannot name a folder.
        """
        require_safe(symbol)
        return SymbolPaths(self.elsewhere.get(symbol, self.path / _ASSETS / symbol))

    @property
    def archive(self) -> Path:
        """Per symbol the folders of instruments that had its name before, each with its record."""
        return self.path / _ARCHIVE

    @property
    def board(self) -> Path:
        """Latest state of every symbol: a cache, rebuilt from the compute.db files at any time."""
        return self.path / "board.parquet"

    @property
    def gate_policy(self) -> Path:
        """The severities of the rules of the gate that differ from the defaults."""
        return self.path / "gate.yaml"

    def migration(self, name: str) -> Path:
        """The record of one migration from a legacy store."""
        return path_below(self.path / "migrations", f"{name}.json")

    @property
    def vendor_answers(self) -> Path:
        """The vendor's behaviour as `regime doctor --live` measured it."""
        return self.path / "vendor_answers.json"

    @property
    def eras(self) -> Path:
        """The era sets, each written once, and which of them is in force."""
        return self.path / "eras"

    def era_set(self, version: str) -> Path:
        """One era set."""
        return path_below(self.eras, f"{version}.yaml")

    @property
    def snapshots(self) -> Path:
        """One manifest per release over all symbols, each written once."""
        return self.path / "snapshots"

    @property
    def snapshot_index(self) -> Path:
        """One line for every snapshot ever taken."""
        return self.snapshots / "index.jsonl"

    @property
    def adopted_eras(self) -> Path:
        """Every adoption of an era set, oldest first; the last one is in force."""
        return self.eras / "adopted.yaml"

    @property
    def adoption_log(self) -> Path:
        """The same adoptions as an append-only chain of links, to verify `adopted_eras` with."""
        return self.eras / "adoptions.jsonl"


def _series_name(timeframe: str) -> str:
    """The name of the folder of a series.

    Raises:
        BarsError: it is no timeframe; documents name them, and documents can be damaged.
    """
    if timeframe not in TIMEFRAMES:
        raise BarsError(
            f"{timeframe!r} is no timeframe; expected one of {', '.join(TIMEFRAMES)}: restore the "
            "document that names it from a backup",
            code="unknown-timeframe",
        )
    return timeframe
