"""The catalog of the files that SQL reads: what each has, and what it was made from.

The files are a cache of compute.db files, canonical bars and verdicts. Each has a digest in its
name and never changes; `catalog.json`, replaced last, names those that count. Rows of a symbol that
were replaced since stay in their file, which then names the symbol as gone.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

import polars as pl
from pydantic import Field, ValidationError

from regime_platform.bar_store.layout import DataRoot
from regime_platform.bar_store.parquet import decode, encode_sealed, require_sealed
from regime_platform.bar_store.proven import stamp_of
from regime_platform.errors import BarsError, RegimeError
from regime_platform.files import file_sha256, read_json, write_json
from regime_platform.model.digests import definition_digest, document_digest
from regime_platform.model.document import Array, Document
from regime_platform.sql_views.relations import VIEWS

_CATALOG, _SEAL = "catalog.json", "seal"
_DEFINITION = document_digest({name: definition_digest(schema) for name, schema in VIEWS.items()})


class CachedFile(Document, extra="ignore"):
    """One Parquet file of a view."""

    name: str  # ends with the first digits of the SHA-256 of its bytes
    view: str
    rows: int
    stamp: str = ""  # of the file that was written; empty in a catalog of an earlier release
    gone: Array[str] = ()  # symbols whose rows in it were replaced by others

    def is_there(self, folder: Path) -> bool:
        """True where the file was not touched since it was written or verified."""
        return f"{stamp_of(folder / self.name)}" == self.stamp

    def verified(self, folder: Path) -> "CachedFile | None":
        """The same where its bytes are those that were written, with its present stamp.

        So a copied data root keeps its files.
        """
        if self.is_there(folder):
            return self
        path, stamp = folder / self.name, stamp_of(folder / self.name)
        is_whole = stamp is not None and path.stem.endswith(f"-{file_sha256(path)[:16]}")
        return self.model_copy(update={"stamp": f"{stamp}"}) if is_whole else None


class Source(Document):
    """What the rows of a symbol were made from."""

    files: str = ""  # sizes and times of its files; empty: to be read again
    results: str = ""  # digest of its results, as on the board; empty without results
    bars: dict[str, str] = Field(default_factory=dict)  # timeframe -> digest of canonical bars
    reason: str = ""  # why its results or bars are not shown; empty where they are


class Catalog(Document):
    """The files in force and their sources."""

    version: Literal[1] = 1
    definition: str = _DEFINITION  # digest of the columns of all views
    folder: str = ""  # where the files are, as the script names them
    board: str = ""  # stamp of the board file
    universe: str = ""  # digest of the universe
    sources: dict[str, Source] = Field(default_factory=dict)  # by symbol
    parts: str = ""  # the file of the parts
    files: Array[CachedFile] = ()

    def of_view(self, view: str) -> list[CachedFile]:
        """The files of one view."""
        return [file for file in self.files if file.view == view]

    @property
    def names(self) -> set[str]:
        """The names of all files."""
        return {self.parts, *(file.name for file in self.files)}


class Part(NamedTuple):
    """Rows of a series in one file: whole blocks, or the tail that is still growing."""

    view: str
    symbol: str
    timeframe: str
    is_tail: bool
    rows: int
    digest: str  # of the digests of its blocks
    last_us: int  # its last open, microseconds since 1970 UTC
    file: str


_PART_SCHEMA = pl.Schema(
    {
        **dict.fromkeys(("view", "symbol", "timeframe"), pl.String()),
        "is_tail": pl.Boolean(),
        "rows": pl.Int64(),
        "digest": pl.String(),
        "last_us": pl.Int64(),
        "file": pl.String(),
    }
)


def folder_of(root: DataRoot) -> Path:
    """The folder of the files, by one path for all who read it."""
    return root.sql.resolve()


def read_catalog(root: DataRoot) -> Catalog:
    """The catalog; an empty one where there is none that this release can use."""
    try:
        document: Mapping[str, Any] = read_json(root.sql / _CATALOG) or {}
        entries = {name: value for name, value in document.items() if name != _SEAL}
        catalog = Catalog.model_validate(entries)
    except (RegimeError, OSError, ValidationError):
        return Catalog()
    is_whole = document.get(_SEAL) == document_digest(entries)
    return catalog if is_whole and catalog.definition == _DEFINITION else Catalog()


def write_catalog(root: DataRoot, catalog: Catalog) -> None:
    """Puts files in force; hold the lock."""
    entries = catalog.model_dump(mode="json")
    write_json(root.sql / _CATALOG, {**entries, _SEAL: document_digest(entries)})


def read_parts(folder: Path, catalog: Catalog) -> list[Part]:
    """The parts of all series; raises BarsError where their file is gone or damaged."""
    if not catalog.parts:
        return []
    path = folder / catalog.parts
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BarsError(f"{path} cannot be read", code="file-damaged") from error
    require_sealed(data, str(path))
    return [Part(*row) for row in decode(data, str(path))[0].select(*_PART_SCHEMA).iter_rows()]


def encoded_parts(parts: list[Part]) -> bytes:
    """The file of the parts."""
    return encode_sealed(pl.DataFrame(parts, _PART_SCHEMA, orient="row"))
