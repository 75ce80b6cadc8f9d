"""Where everything of a data root lies.

Only names are decided here; whoever reads or writes a place does so in its own room.
"""

from dataclasses import dataclass
from pathlib import Path

_ASSETS = "assets"
#: Folder of the memories of what was proven; no part of a backup.
PROVEN = "proven"


@dataclass(frozen=True)
class SymbolPaths:
    """The folder of one symbol."""

    folder: Path

    def raw(self, timeframe: str) -> Path:
        """Folder of the append-only raw log of one series."""
        return self.folder / "raw" / timeframe

    def bars(self, timeframe: str) -> Path:
        """Folder of the canonical bars of one series."""
        return self.folder / "bars" / timeframe

    def rejected(self, timeframe: str) -> Path:
        """Rows that the gate kept out of one series, with rule, reason and batch."""
        return self.folder / "rejected" / f"{timeframe}.parquet"

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

    def symbol(self, symbol: str) -> SymbolPaths:
        """The folder of one symbol; symbols are path-safe by construction."""
        return SymbolPaths(self.path / _ASSETS / symbol)

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
        return self.path / "migrations" / f"{name}.json"

    @property
    def vendor_answers(self) -> Path:
        """What `regime doctor --live` learned of the vendor."""
        return self.path / "vendor_answers.json"

    @property
    def eras(self) -> Path:
        """The era sets, each written once, and which of them is in force."""
        return self.path / "eras"

    def era_set(self, version: str) -> Path:
        """One era set; versions are path-safe by construction."""
        return self.eras / f"{version}.yaml"

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
