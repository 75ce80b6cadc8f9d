"""Stage 4: writes the bar manifest and the compute manifest.

Both follow from the files of the symbol, so a rerun after a crash writes what the killed run would
have written. A manifest is announced in the chain first, then put in place of the old one.
"""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from regime_platform.bar_store.basis_files import factors_in_force
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.locks import writing
from regime_platform.bar_store.manifest_files import (
    append_links,
    newest_number,
    read_bar_manifest,
    read_compute_manifest,
    read_newest,
    whole_bar_manifest,
    whole_compute_manifest,
)
from regime_platform.bar_store.raw.raw_log import origins
from regime_platform.bar_store.session import raw_listing
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.compute_db.reader import file_stat, read_lineage
from regime_platform.files import write_documents
from regime_platform.manifests.bar_manifest import BarManifest, bar_manifest
from regime_platform.manifests.chain import LinkStatus, announced, last_of, link_status
from regime_platform.manifests.compute_manifest import ComputeManifest
from regime_platform.manifests.manifest import (
    ChainLink,
    ManifestFacts,
    SealedManifest,
    is_same,
    sealed,
)
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.compute import stored_lineage
from regime_platform.pipeline.eras import log_adoptions
from regime_platform.pipeline.gate.intact import require_chain, require_records, stored_records
from regime_platform.pipeline.gate.promote import passed_verdict
from regime_platform.pipeline.identity import require_same_instrument
from regime_platform.pipeline.outcomes import PublishOutcome, Status
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.validation.verdict import Verdict


def publish(
    workspace: RunWorkspace,
    instrument: Instrument,
    now: dt.datetime,
    paths: SymbolPaths | None = None,
    *,
    anew: bool = False,
) -> PublishOutcome:
    """Writes the manifests that no longer state what is stored.

    ``anew`` writes both in any case: for a repair, which has set aside what was damaged.

    Raises:
        NoBarsError: it has no bar.
        BarsError: the symbol was never validated, or manifests, chain or records are not whole.
        BlockedError: the gate blocks it as a whole, or another instrument does; the manifests in
            force stay.
        ResultsError: the symbol has no compute.db, or a damaged one.
    """
    symbol = instrument.symbol
    paths = paths or workspace.root.symbol(symbol)
    require_same_instrument(paths, instrument)
    verdict = passed_verdict(paths, instrument)
    bars = _bar_manifest(paths, instrument, verdict)
    lineage = stored_lineage(paths) or read_lineage(paths.compute_db)
    results = ComputeManifest.of(symbol, lineage)
    outdated: list[BarManifest | ComputeManifest] = []
    if anew or not _is_in_force(paths, read_bar_manifest(paths), bars):
        outdated.append(bars)
    if anew or not _is_in_force(paths, read_compute_manifest(paths), results):
        outdated.append(results)
    log_adoptions(workspace.root)
    require_chain(paths)
    if outdated:
        require_records(paths)  # else the manifest would no longer have what they lost
        with writing(paths):
            write_manifests(paths, outdated, now)
    return PublishOutcome(
        symbol,
        Status.DONE if outdated else Status.UNCHANGED,
        left_out=verdict.left_out,
        manifest_digest=bars.json_digest(),
        compute_manifest_digest=results.json_digest(),
    )


def publish_bars(
    workspace: RunWorkspace,
    instrument: Instrument,
    now: dt.datetime,
    paths: SymbolPaths | None = None,
) -> bool:
    """Writes the bar manifest alone where it does not state the bars in force; True if it did.

    For what promotes bars and computes nothing: the compute manifest states the bars that it was
    made from, so that the results are pending until they are computed. Nothing is written for a
    symbol that the gate blocks as a whole. Raises as `publish`.
    """
    paths = paths or workspace.root.symbol(instrument.symbol)
    verdict = read_verdict(paths)
    if verdict is None or not verdict.promoted or verdict.is_blocked_whole:
        return False
    require_chain(paths)
    bars = _bar_manifest(paths, instrument, verdict)
    if _is_in_force(paths, read_bar_manifest(paths), bars):
        return False
    require_records(paths)
    with writing(paths):
        write_manifests(paths, [bars], now)
    return True


def write_manifests(
    paths: SymbolPaths, manifests: Sequence[BarManifest | ComputeManifest], now: dt.datetime
) -> None:
    """Writes manifests over those in force, or what a killed run announced; hold the lock."""
    links = read_newest(paths)
    documents: dict[Path, SealedManifest[Any]] = {}
    new: list[ChainLink] = []
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
    write_documents({path: document.as_json() for path, document in documents.items()})


def _is_in_force(
    paths: SymbolPaths, stored: SealedManifest[Any] | None, facts: ManifestFacts
) -> bool:
    """True where the stored manifest states the same, and a killed run announced none after it.

    What was announced need not come back: an override may be undone meanwhile.
    """
    if stored is None or not is_same(stored, facts):
        return False
    if newest_number(paths, facts.kind) <= stored.number:
        return True
    return link_status(read_newest(paths), stored) is not LinkStatus.EARLIER


def _bar_manifest(paths: SymbolPaths, instrument: Instrument, verdict: Verdict) -> BarManifest:
    # files that came in after the verdict are in no bar yet, so they are not named
    files = {series.timeframe: series.raw_files for series in verdict.validated}
    stored = whole_bar_manifest(paths)
    known = {} if stored is None else stored.manifest.validated
    sources = {
        timeframe: origins(raw_listing(paths, timeframe), names, known.get(timeframe))
        for timeframe, names in files.items()
    }
    sources |= {name: sources[finer] for name, finer in verdict.derived_from.items()}
    factors, records = factors_in_force(paths), stored_records(paths)
    return bar_manifest(instrument, verdict, factors, sources, records=records)
