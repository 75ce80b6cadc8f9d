"""Where everything of a data root lies.

Only names are decided here; whoever reads or writes a place does so in its own room.
"""

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
    """What becomes of a file below a symbol's folder that is altered or removed."""

    SEALED = "sealed"  # `verify` finds it
    CACHE = "cache"  # no answer changes, and what needs the file makes it again


_TEMPORARY = ".tmp-*"  # what a killed writer left, swept by the next one
#: Every place below a symbol's folder; a part of a set aside file's path may be any of these.
FILE_CLASSES: Mapping[str, FileClass] = MappingProxyType(
    {
        # named by their bytes, and in the verdict; those set aside (see `ahead`) may be removed
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
    """The classes of a file, by its path below a symbol's folder; there is one for each of ours."""
    if fnmatchcase(PurePath(name).name, _TEMPORARY):
        return [FileClass.CACHE]
    return [keeping for pattern, keeping in FILE_CLASSES.items() if fnmatchcase(name, pattern)]


_ASSETS = "assets"
_ARCHIVE = "archive"
#: Folder of the memories of what was proven; no part of a backup.
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
        """Rows that the gate kept out of one series, with rule, reason and batch."""
        return self.folder / "rejected" / f"{_series_name(timeframe)}.parquet"

    @property
    def compute_db(self) -> Path:
        """The symbol's results."""
        return self.folder / "compute.db"

    @property
    def verdict(self) -> Path:
        """What the gate found, and the pointer to the canonical bars in force."""
        return self.folder / "verdict.json"

    @property
    def acquisition(self) -> Path:
        """What was asked of the source and answered, per timeframe."""
        return self.folder / "acquisition.json"

    @property
    def identity(self) -> Path:
        """Of which instruments at their sources the stored bars are."""
        return self.folder / "identity.json"

    @property
    def splits(self) -> Path:
        """The splits that overlaps showed, with their evidence."""
        return self.folder / "splits.json"

    @property
    def price_factors(self) -> Path:
        """By what the intraday bars are adjusted, every version with its evidence."""
        return self.folder / "price_factors.json"

    @property
    def decisions(self) -> Path:
        """What persons decided about single bars."""
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
        """What repairs found damaged and took out of use, one folder for each repair."""
        return self.folder / "set_aside"

    @property
    def proven(self) -> Path | None:
        """Which files were proven, beside all symbols of the data root: a cache.

        None for a folder that lies in no data root, as those of bundles and tests do.
        """
        assets = self.folder.parent
        if assets.name != _ASSETS:
            return None
        return assets.parent / PROVEN / f"{self.folder.name}.json"

    @property
    def lock(self) -> Path:
        """Taken by whoever writes anything in this folder."""
        return self.folder / ".lock"


@dataclass(frozen=True)
class DataRoot:
    """The whole tree."""

    path: Path
    elsewhere: Mapping[str, Path] = field(default_factory=dict)  # symbol -> a folder of the archive

    def symbol(self, symbol: str) -> SymbolPaths:
        """The folder of one symbol.

        Raises:
            ConfigError: it is no symbol, so that it can name no folder.
        """
        require_safe(symbol)
        return SymbolPaths(self.elsewhere.get(symbol, self.path / _ASSETS / symbol))

    @property
    def archive(self) -> Path:
        """Per symbol the folders of instruments that it meant before, each with its record."""
        return self.path / _ARCHIVE

    @property
    def board(self) -> Path:
        """Latest state of every symbol: a cache, rebuilt from the compute.db files at any time."""
        return self.path / "board.parquet"

    @property
    def gate_policy(self) -> Path:
        """The severities that an operator chose for the rules of the gate."""
        return self.path / "gate.yaml"

    def migration(self, name: str) -> Path:
        """The account of one migration from an old store."""
        return path_below(self.path / "migrations", f"{name}.json")

    @property
    def vendor_answers(self) -> Path:
        """What `regime doctor --live` learned of the vendor."""
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
        """The same adoptions as sealed links, only ever added to: what `adopted_eras` must have."""
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
