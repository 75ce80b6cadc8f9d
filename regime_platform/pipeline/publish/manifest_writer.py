"""Writes manifests: announced in the symbol's chain first, then put in place of the old ones."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from regime_platform.bar_store.chain_file import append_links, read_newest
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.manifest_file import whole_bar_manifest, whole_compute_manifest
from regime_platform.compute_db.proof import file_stat
from regime_platform.files import write_json
from regime_platform.manifests.bar_manifest import BarManifest
from regime_platform.manifests.chain import announced, last_of
from regime_platform.manifests.compute_manifest import ComputeManifest
from regime_platform.manifests.manifest import SealedManifest, sealed


def write_manifests(
    paths: SymbolPaths, manifests: Sequence[BarManifest | ComputeManifest], now: dt.datetime
) -> None:
    """Writes manifests over those in force; hold the symbol's lock.

    Where a killed run announced the same manifest, what it announced is written.

    Args:
        paths: the symbol.
        manifests: what each is to state.
        now: the time of the run.

    Raises:
        BarsError: the chain is damaged.
    """
    links = read_newest(paths)
    documents: dict[Path, SealedManifest[Any]] = {}
    new = []
    for manifest in manifests:
        is_of_bars = isinstance(manifest, BarManifest)
        stored = whole_bar_manifest(paths) if is_of_bars else whole_compute_manifest(paths)
        compute_db = None if is_of_bars else file_stat(paths.compute_db)
        document = sealed(manifest, last_of(links, manifest.kind) or stored, now, compute_db)
        target = paths.manifest if is_of_bars else paths.compute_manifest
        documents[target] = announced(links, document) or document
        if documents[target] is document:
            new.append(document.link)
    if new:
        append_links(paths, new)
    for path, document in documents.items():
        write_json(path, document.as_json())
