"""Manifests put in place: announced in the chain of the symbol first, then written over the old."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from regime_platform.bar_store.chain_file import append_links, read_newest
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.manifest_file import whole_manifest
from regime_platform.files import write_json
from regime_platform.manifests.chain import announced, last_of
from regime_platform.manifests.manifest import link_of, sealed


def write_manifests(
    paths: SymbolPaths,
    facts: Mapping[Path, Mapping[str, Any]],
    now: dt.datetime,
    run: Mapping[Path, Mapping[str, Any]],
) -> None:
    """Writes manifests that replace those held; hold the symbol's lock.

    Args:
        paths: the symbol.
        facts: where each manifest lies, and what it shall say.
        now: the time of the run.
        run: what else holds of this run only, where there is something.

    Raises:
        BarsError: the chain is damaged.
    """
    links = read_newest(paths)
    documents: dict[Path, dict[str, Any]] = {}
    new = []
    for path, fact in facts.items():
        held = last_of(links, fact["kind"]) or whole_manifest(path)
        document = sealed(fact, held, now, run.get(path))
        documents[path] = announced(links, document) or document
        if documents[path] is document:
            new.append(link_of(document))
    if new:
        append_links(paths, new)
    for path, document in documents.items():
        write_json(path, document)
