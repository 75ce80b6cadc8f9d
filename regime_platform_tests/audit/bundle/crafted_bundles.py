"""Bundles that someone else made, with knowledge of how they are made."""

import datetime as dt
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from regime_platform.audit.bundle.archive import INDEX
from regime_platform_tests.crafted_documents import sealed_json

SYMBOL = "AAA"
SNAPSHOT = "snapshots/manifest_2026-11-22.json"
RESULTS = f"assets/{SYMBOL}/compute.db"
SYMLINK = 0o120777 << 16
ZEROS = bytes(64 * 1024**2)


@dataclass
class Crafted:
    """A bundle about to be written with knowledge of how they are made."""

    files: dict[str, bytes]
    index: dict[str, Any]
    extra: list[tuple[zipfile.ZipInfo, bytes]] = field(default_factory=list)
    raw_index: bytes | None = None

    @classmethod
    def of(cls, bundle: Path) -> "Crafted":
        with zipfile.ZipFile(bundle) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
        return cls(files, json.loads(files.pop(INDEX)))

    def change_snapshot(self, change: Callable[[dict[str, Any]], Any]) -> None:
        """Another snapshot, whole in itself and vouched for by the index."""
        facts = json.loads(self.files[SNAPSHOT])["manifest"]
        change(facts)
        document = sealed_json(facts, dt.datetime(2026, 11, 22, tzinfo=dt.UTC))
        self.index["snapshot_digest"] = document["digest"]
        self.replace(SNAPSHOT, json.dumps(document).encode())

    def replace(self, name: str, data: bytes) -> None:
        self.files[name] = data
        self.index["files"][name] = {"bytes": len(data), "sha256": sha256(data).hexdigest()}

    def rename_symbol(self, name: str) -> None:
        """The symbol and all its files under another name."""
        self.change_snapshot(lambda facts: facts.update(symbols={name: facts["symbols"][SYMBOL]}))
        for old in [file for file in self.files if file.startswith(f"assets/{SYMBOL}/")]:
            self.replace(old.replace(SYMBOL, name, 1), self.files.pop(old))
            del self.index["files"][old]

    def written(self, target: Path) -> Path:
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for name, data in self.files.items():
                archive.writestr(name, data)
            for entry, data in self.extra:
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, data)
            archive.writestr(INDEX, self.raw_index or json.dumps(self.index))
        return target


Craft = Callable[[Crafted, Path], None]
