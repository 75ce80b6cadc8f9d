"""Writes the files that SQL reads: rows of many symbols in each, so that few are opened."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import polars as pl

from regime_platform.bar_store.parquet import decode, encode
from regime_platform.bar_store.proven import stamp_of
from regime_platform.files import file_sha256, write_bytes
from regime_platform.sql_views.catalog import CachedFile, Part
from regime_platform.sql_views.relations import as_shown

#: Rows of a file: a fifth of a second to write, and few enough to hold for every kind of part.
_MOST_ROWS = 100_000
#: Of all parts that wait for a file.
_MOST_BYTES = 64_000_000

_Kind = tuple[str, str, bool]  # view, timeframe, is_tail


@dataclass
class FileWriter:
    """Collects the parts of series by view and timeframe until they fill a file."""

    folder: Path
    files: list[CachedFile] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)  # those written, with their files
    #: As bytes: a frame that is a part of another keeps all of that in memory.
    pending: dict[_Kind, list[tuple[Part, bytes]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def add(self, part: Part, rows: pl.DataFrame) -> None:
        """Adds a part, and writes those of its kind, or of the largest, where they are enough."""
        kind = (part.view, part.timeframe, part.is_tail)
        buffer = BytesIO()
        as_shown(part.view, rows).write_ipc(buffer)
        self.pending[kind].append((part, buffer.getvalue()))
        sizes = {each: sum(len(data) for _, data in parts) for each, parts in self.pending.items()}
        if sum(each.rows for each, _ in self.pending[kind]) >= _MOST_ROWS:
            self._write(kind)
        elif sum(sizes.values()) > _MOST_BYTES:
            self._write(max(sizes, key=lambda each: sizes[each]))

    def flush(self) -> None:
        """Writes what is left."""
        for kind in [*self.pending]:
            self._write(kind)

    def _write(self, kind: _Kind) -> None:
        parts, stored = zip(*self.pending.pop(kind), strict=True)
        rows = pl.concat([pl.read_ipc(BytesIO(data)) for data in stored])
        name = f"{kind[0]}-{kind[1]}-{'tail' if kind[2] else 'whole'}"
        file = write_rows(self.folder, kind[0], rows, name)
        self.files.append(file)
        self.parts += [part._replace(file=file.name) for part in parts]


def write_rows(folder: Path, view: str, rows: pl.DataFrame, name: str = "") -> CachedFile:
    """Writes one file of a view; its name has the digest of its bytes."""
    data = encode(rows, {"view": view})
    digest = sha256(data).hexdigest()
    path = folder / f"{name or view}-{digest[:16]}.parquet"
    if not path.exists() or file_sha256(path) != digest:  # else a catalog may name it
        write_bytes(path, data)
    return CachedFile(name=path.name, view=view, rows=rows.height, stamp=f"{stamp_of(path)}")


def read_rows(folder: Path, file: CachedFile) -> pl.DataFrame:
    """The rows of a file; raises as `decode`, and OSError."""
    path = folder / file.name
    return decode(path.read_bytes(), str(path))[0]


def sweep(folder: Path, kept: Collection[str]) -> None:
    """Removes the files that are not ``kept``; hold the lock."""
    for path in folder.glob("[!.]*.parquet"):
        if path.name not in kept:
            path.unlink(missing_ok=True)
