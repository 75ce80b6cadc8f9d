"""Stage 4: writes the bar manifest and the compute manifest.

Both follow from the files of the symbol (verdict, raw log, compute.db), so a rerun after a crash
writes exactly what the killed run would have written.
"""

import datetime as dt

from regime_platform.bar_store.factor_file import factors_in_force
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.locks import writing
from regime_platform.bar_store.manifest_file import (
    read_bar_manifest,
    read_compute_manifest,
    whole_bar_manifest,
)
from regime_platform.bar_store.raw.origins import origins
from regime_platform.bar_store.session import raw_listing
from regime_platform.compute_db.reader import read_lineage
from regime_platform.manifests.bar_manifest import BarManifest, bar_manifest
from regime_platform.manifests.compute_manifest import ComputeManifest
from regime_platform.manifests.manifest import is_same
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.compute.compute import stored_lineage
from regime_platform.pipeline.eras import log_adoptions
from regime_platform.pipeline.gate.promote import passed_verdict
from regime_platform.pipeline.gate.records import stored_records
from regime_platform.pipeline.identity import require_same_instrument
from regime_platform.pipeline.outcomes import PublishOutcome, Status
from regime_platform.pipeline.publish.manifest_writer import write_manifests
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
        BarsError: the symbol was never validated, or a manifest is damaged.
        BlockedError: the gate blocks the symbol, or its bars are of another instrument than
            the universe names; the manifests in force stay.
        ResultsError: the symbol has no compute.db, or a damaged one.
    """
    symbol = instrument.symbol
    paths = paths or workspace.root.symbol(symbol)
    require_same_instrument(paths, instrument)
    verdict = passed_verdict(paths)
    lineage = stored_lineage(paths) or read_lineage(paths.compute_db)
    bars, results = (
        _bar_manifest(paths, instrument, verdict),
        ComputeManifest.of(symbol, lineage),
    )
    outdated: list[BarManifest | ComputeManifest] = []
    if anew or not is_same(read_bar_manifest(paths), bars):
        outdated.append(bars)
    if anew or not is_same(read_compute_manifest(paths), results):
        outdated.append(results)
    log_adoptions(workspace.root)
    if outdated:
        with writing(paths):
            write_manifests(paths, outdated, now)
    return PublishOutcome(
        symbol,
        Status.DONE if outdated else Status.UNCHANGED,
        manifest_digest=bars.json_digest(),
        compute_manifest_digest=results.json_digest(),
    )


def _bar_manifest(paths: SymbolPaths, instrument: Instrument, verdict: Verdict) -> BarManifest:
    # files that came in after the verdict are in no bar yet, so they are not named
    files = {series.timeframe: series.raw_files for series in verdict.series}
    stored = whole_bar_manifest(paths)
    known = {} if stored is None else stored.manifest.timeframes
    sources = {
        timeframe: origins(raw_listing(paths, timeframe), names, known.get(timeframe))
        for timeframe, names in files.items()
    }
    factors, records = factors_in_force(paths), stored_records(paths)
    return bar_manifest(instrument, verdict, files, factors, sources, records=records)
