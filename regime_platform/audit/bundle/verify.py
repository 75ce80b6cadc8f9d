"""Verifies a bundle by itself: no data root, no universe, no settings.

Every file against the index, the snapshot against its digest, bars and results rehashed row by row
against the snapshot; and on demand every number computed again from the bundle's own bars.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from regime_platform.audit.bundle.archive import (
    UNREADABLE_ARCHIVE,
    BundleArchive,
    bundle_error,
    opened_bundle,
    parsed_json,
)
from regime_platform.audit.verify.results import table_digests_of
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.parquet import decode
from regime_platform.code_version import code_version
from regime_platform.compute.engine import compute_series
from regime_platform.compute.params import DEFAULT_PARAMS
from regime_platform.compute_db.connection import require_stored_tables
from regime_platform.compute_db.content import table_digest
from regime_platform.compute_db.reader import reading
from regime_platform.errors import RegimeError
from regime_platform.files import path_below, write_bytes
from regime_platform.json_text import load_json
from regime_platform.manifests.manifest import is_whole
from regime_platform.manifests.snapshot import SymbolEntry, parsed_snapshot
from regime_platform.model.bar_schema import empty_bars
from regime_platform.model.digests import document_digest, frame_digest
from regime_platform.model.document import Array, Document
from regime_platform.model.result_schema import TABLES
from regime_platform.query.explain import eras_of

#: What reading a changed archive, or facts of another shape, ends in.
_UNREADABLE = (
    *(RegimeError, *UNREADABLE_ARCHIVE),
    *(AttributeError, TypeError, pl.exceptions.PolarsError),
)

Mismatch = tuple[str, str]  # what, and how it differs from the snapshot


class BundleFinding(Document):
    """Something in a bundle that is not what the snapshot states."""

    symbol: str  # "": the bundle as a whole
    what: str  # a file, a table, a timeframe
    reason: str


class BundleVerification(Document):
    """What was proven of a bundle, and what was not; as JSON that of ``regime verify --bundle``."""

    snapshot: str
    digest: str  # of the snapshot: to be compared with the one that its author gave
    symbols: Array[str] = ()
    is_proven: bool  # everything is what the snapshot states
    is_recomputed: bool
    findings: Array[BundleFinding] = ()


def verify_bundle(path: Path, *, recompute: bool = False) -> BundleVerification:
    """Checks everything in a bundle; ``recompute`` makes every number again from its bars.

    Where the snapshot is not whole, nothing that it names is opened: that is the one finding then.

    Raises:
        BarsError: the file is no bundle of this platform, or too damaged to be verified.
    """
    with opened_bundle(path) as archive:
        name, digest = archive.index.snapshot, archive.index.snapshot_digest
        entries: dict[str, SymbolEntry] = {}
        try:
            document = parsed_json(archive.read(name))
        except UNREADABLE_ARCHIVE as error:
            raise bundle_error(path, f"{name}: {error}") from error
        try:
            snapshot = parsed_snapshot(document)
            if snapshot.digest != digest:
                raise ValueError("is not the snapshot that the index names")  # noqa: TRY301
        except ValueError as error:
            findings = [BundleFinding(symbol="", what=name, reason=str(error))]
        else:
            entries = snapshot.manifest.complete
            findings = list(_findings(archive, entries, recompute=recompute))
    return BundleVerification(
        snapshot=name,
        digest=digest,
        symbols=tuple(entries),
        is_proven=not findings,
        is_recomputed=recompute,
        findings=tuple(findings),
    )


def _findings(
    archive: BundleArchive, entries: dict[str, SymbolEntry], *, recompute: bool
) -> Iterator[BundleFinding]:
    for name in archive.index.files:
        try:
            archive.read(name)
        except UNREADABLE_ARCHIVE as error:
            yield BundleFinding(symbol="", what=name, reason=str(error))
    for symbol, entry in entries.items():
        check = BundleSymbolCheck(archive, symbol, entry)
        try:
            mismatches = [*check.mismatches(), *(check.recomputed() if recompute else ())]
        except _UNREADABLE as error:
            mismatches = [("assets", f"cannot be proven: {type(error).__name__}: {error}")]
        for what, reason in mismatches:
            yield BundleFinding(symbol=symbol, what=what, reason=reason)


@dataclass(frozen=True)
class BundleSymbolCheck:
    """One symbol of a bundle, and its entry in the snapshot; damage raises ``_UNREADABLE``."""

    archive: BundleArchive
    symbol: str
    entry: SymbolEntry

    def mismatches(self) -> Iterator[Mismatch]:
        """Everything that is not as the snapshot states."""
        yield from self._recipe()
        for timeframe, series in self.entry.timeframes.items():
            bars = self._bars(timeframe)
            digest = frame_digest(bars) if bars.height else None
            if (digest, bars.height) != (series.digest, series.count):
                reason = f"{bars.height:,} bars of another content than the snapshot states"
                yield f"bars/{timeframe}", reason
        yield from self._results()
        if self.symbol not in self.archive.index.rebuilt:  # else it has no manifests of its own
            yield from self._manifests()

    def recomputed(self) -> Iterator[Mismatch]:
        """The numbers that another computation from these bars gives otherwise."""
        recipe, code = self.entry.recipe, code_version()
        if recipe.params_fingerprint != DEFAULT_PARAMS.fingerprint():
            yield "recomputation", "not possible: parameters installed are not those of then"
            return
        if (recipe.compute_digest, recipe.libraries) != (code.compute_digest, code.calculating):
            then = self.entry.code.commit or recipe.compute_digest[:12]
            reason = f"not possible: made by other code or libraries ({then}) than those installed"
            yield "recomputation", reason
            return
        eras = eras_of(recipe).eras
        results = {
            timeframe: compute_series(
                self._bars(timeframe), symbol=self.symbol, timeframe=timeframe, eras=eras
            )
            for timeframe, series in self.entry.timeframes.items()
            if series.count
        }
        for name, digest in table_digests_of(results, recipe.left_out).items():
            if digest != self.entry.tables[name]:
                yield name, "a recomputation from the bundle's bars gives other numbers"

    def _recipe(self) -> Iterator[Mismatch]:
        recipe, series = self.entry.recipe, self.entry.timeframes
        if recipe.digest != self.entry.recipe_digest:
            yield "recipe", "is not the one that its digest names"
        digests = {name: part.digest for name, part in series.items() if part.digest is not None}
        if recipe.bars != digests:
            yield "recipe", "names other bars than the snapshot"
        if document_digest(self.entry.tables) != self.entry.content_digests.results:
            yield "results", "the digests of the tables are not those of their sum"

    def _results(self) -> Iterator[Mismatch]:
        with TemporaryDirectory() as folder:
            path = SymbolPaths(path_below(Path(folder), self.symbol)).compute_db
            write_bytes(path, self._read("compute.db"))
            require_stored_tables(path)
            with reading(path, prove=False) as reader:
                for name in TABLES:
                    if table_digest(name, reader.table(name)) != self.entry.tables[name]:
                        yield name, "its rows are not those of the snapshot"
                if reader.lineage().recipe != self.entry.recipe:
                    yield "compute.db", "was made by another recipe than the snapshot states"

    def _manifests(self) -> Iterator[Mismatch]:
        places = {
            "manifest.json": self.entry.manifest,
            "compute_manifest.json": self.entry.compute_manifest,
        }
        for name, place in places.items():
            document = load_json(self._read(name))
            if not is_whole(document) or document["digest"] != place.digest:
                yield name, "is not the manifest that the snapshot names"

    def _bars(self, timeframe: str) -> pl.DataFrame:
        names = self.archive.names_below(f"assets/{self.symbol}/bars/{timeframe}")
        parts = [decode(self.archive.read(name), name)[0] for name in names]
        return pl.concat(parts) if parts else empty_bars()

    def _read(self, name: str) -> bytes:
        return self.archive.read(f"assets/{self.symbol}/{name}")
