"""The provenance of an answer: the fetches that brought a bar, the manifests of the results."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.manifest_file import read_bar_manifest, read_compute_manifest
from regime_platform.bar_store.overrides import read_overrides
from regime_platform.bar_store.raw.compaction import locate
from regime_platform.bar_store.raw.raw_log import read_raw
from regime_platform.manifests.bar_manifest import BarManifest
from regime_platform.manifests.compute_manifest import ComputeManifest
from regime_platform.manifests.lineage import Lineage
from regime_platform.manifests.manifest import SealedManifest
from regime_platform.model.bar_schema import BAR_COLUMNS
from regime_platform.validation.overrides import Override

_COLUMNS = (*BAR_COLUMNS, "fetched_at", "batch", "source", "price_basis")


@dataclass(frozen=True)
class BarRevision:
    """One value of a bar in the raw log."""

    fetched_at: dt.datetime
    source: str
    price_basis: str
    raw_file: str
    prices: Mapping[str, float | None]  # open, high, low, close, volume


@dataclass(frozen=True)
class BarOrigin:
    """The revisions of one bar in order of arrival, and the overrides on record about it."""

    revisions: tuple[BarRevision, ...]
    overrides: tuple[Override, ...]


@dataclass(frozen=True)
class ManifestSummary:
    """One manifest in short."""

    file: str
    digest: str
    number: int
    written_at: str
    content_digest: str
    is_whole: bool  # its digest is that of its content
    recipe_digest: str | None  # None in a manifest of bars


@dataclass(frozen=True)
class ManifestSummaries:
    """The manifests of bars and of results; None where there is none."""

    bars: ManifestSummary | None
    results: ManifestSummary | None
    describes_results: bool  # whether the tables it names are those of compute.db


def bar_origin(paths: SymbolPaths, timeframe: str, ts: dt.datetime) -> BarOrigin:
    """Where one bar comes from.

    Raises:
        BarsError: a file of the raw log is damaged.
        ConfigError: decisions.yaml is damaged.
    """
    folder = paths.raw(timeframe)
    rows = read_raw(folder, None, _COLUMNS).filter(pl.col("ts") == ts)
    revisions = tuple(
        BarRevision(
            fetched_at=row["fetched_at"],
            source=row["source"],
            price_basis=row["price_basis"],
            raw_file=locate(folder, row["batch"]),
            prices={name: row[name] for name in BAR_COLUMNS if name != "ts"},
        )
        for row in rows.iter_rows(named=True)
    )
    overrides = tuple(
        override
        for override in read_overrides(paths)
        if override.opens == ts and override.timeframe == timeframe
    )
    return BarOrigin(revisions, overrides)


def manifest_summaries(paths: SymbolPaths, lineage: Lineage) -> ManifestSummaries:
    """Both manifests in short, and whether they describe the stored results.

    Args:
        paths: of the symbol.
        lineage: of the results, as compute.db records it.

    Raises:
        BarsError: a manifest is damaged.
    """
    bars = read_bar_manifest(paths)
    results = read_compute_manifest(paths)
    return ManifestSummaries(
        bars=None if bars is None else _summary(paths.manifest, bars, None),
        results=None
        if results is None
        else _summary(paths.compute_manifest, results, results.manifest.recipe_digest),
        describes_results=results is not None and results.manifest.tables == lineage.tables,
    )


def _summary(
    path: Path,
    document: SealedManifest[BarManifest] | SealedManifest[ComputeManifest],
    recipe_digest: str | None,
) -> ManifestSummary:
    return ManifestSummary(
        file=path.name,
        digest=document.digest,
        number=document.number,
        written_at=document.run.written_at,
        content_digest=document.manifest.content_digest,
        is_whole=True,  # `read_manifest` refuses any other
        recipe_digest=recipe_digest,
    )
