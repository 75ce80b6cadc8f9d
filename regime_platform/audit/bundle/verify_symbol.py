"""One symbol of a bundle against its entry in the snapshot: bars, results, manifests, recipe."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from regime_platform.audit.bundle.archive import UNREADABLE_ARCHIVE, BundleArchive
from regime_platform.audit.results_as_of import table_digests_of
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.parquet import decode
from regime_platform.code_version import code_version
from regime_platform.compute.engine import compute_series
from regime_platform.compute.params import DEFAULT_PARAMS
from regime_platform.compute_db.content import table_digest
from regime_platform.compute_db.file_checks import require_stored_tables
from regime_platform.compute_db.reader import reading
from regime_platform.files import path_below, write_bytes
from regime_platform.manifests.manifest import is_whole
from regime_platform.manifests.snapshot_entry import SymbolEntry
from regime_platform.model.bar_schema import empty_bars
from regime_platform.model.digests import document_digest, frame_digest
from regime_platform.model.result_schema import TABLES
from regime_platform.query.explain import eras_of

#: What reading a changed archive, or facts of another shape, ends in.
UNREADABLE = (*UNREADABLE_ARCHIVE, AttributeError, TypeError, pl.exceptions.PolarsError)

Mismatch = tuple[str, str]  # what, and how it differs from the snapshot


@dataclass(frozen=True)
class BundleSymbolCheck:
    """One symbol of a bundle, and its entry in the snapshot."""

    archive: BundleArchive
    symbol: str
    entry: SymbolEntry
    is_rebuilt: bool  # made again for the bundle, so that it has no manifests of its own

    def findings(self) -> Iterator[Mismatch]:
        """Everything that is not as the snapshot states.

        Raises:
            RegimeError: a file is damaged; ``UNREADABLE`` likewise.
        """
        yield from self._recipe()
        for timeframe, series in self.entry.timeframes.items():
            bars = self._bars(timeframe)
            digest = frame_digest(bars) if bars.height else None
            if (digest, bars.height) != (series.digest, series.count):
                reason = f"{bars.height:,} bars of another content than the snapshot states"
                yield f"bars/{timeframe}", reason
        yield from self._results()
        if not self.is_rebuilt:
            yield from self._manifests()

    def recomputed(self) -> Iterator[Mismatch]:
        """The numbers that another computation from these bars gives otherwise.

        Raises:
            RegimeError: a file is damaged; ``UNREADABLE`` likewise.
        """
        recipe, code = self.entry.recipe, code_version()
        if recipe.params_fingerprint != DEFAULT_PARAMS.fingerprint():
            yield "recomputation", "not possible: parameters installed are not those of then"
            return
        if (recipe.compute_digest, recipe.libraries) != (
            code.compute_digest,
            code.calculating,
        ):
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
        for name, digest in table_digests_of(results).items():
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
            document = json.loads(self._read(name))
            if not is_whole(document) or document["digest"] != place.digest:
                yield name, "is not the manifest that the snapshot names"

    def _bars(self, timeframe: str) -> pl.DataFrame:
        names = self.archive.names_below(f"assets/{self.symbol}/bars/{timeframe}")
        parts = [decode(self.archive.read(name), name)[0] for name in names]
        return pl.concat(parts) if parts else empty_bars()

    def _read(self, name: str) -> bytes:
        return self.archive.read(f"assets/{self.symbol}/{name}")
