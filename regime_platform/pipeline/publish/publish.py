"""The manifests, written last: what the symbol holds and what proves it.

Both are made from what lies on disk (verdict, raw log, compute.db), never from what this process
remembers, so that a rerun after a crash writes exactly what the first run would have written.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from regime_platform.bar_store.factor_file import factors_in_force
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.locks import writing
from regime_platform.bar_store.manifest_file import read_manifest, whole_manifest
from regime_platform.bar_store.raw.origins import origins
from regime_platform.compute_db.reader import read_lineage
from regime_platform.errors import BarsError, BlockedError
from regime_platform.manifests.bar_manifest import bar_manifest
from regime_platform.manifests.compute_manifest import compute_manifest
from regime_platform.manifests.manifest import is_same
from regime_platform.model.digests import facts_digest
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.compute.compute import stat_facts
from regime_platform.pipeline.eras import log_adoptions
from regime_platform.pipeline.gate.promote import read_verdict
from regime_platform.pipeline.gate.sealed_records import stored_records
from regime_platform.pipeline.identity import require_same_instrument
from regime_platform.pipeline.outcomes import PublishOutcome, Status
from regime_platform.pipeline.platform import RunWorkspace
from regime_platform.pipeline.publish.manifest_writer import write_manifests
from regime_platform.validation.gate import BLOCKED
from regime_platform.validation.verdict import Verdict


def publish(
    workspace: RunWorkspace, instrument: Instrument, now: dt.datetime, *, anew: bool = False
) -> PublishOutcome:
    """Writes the manifests that no longer say what lies on disk.

    ``anew`` writes both, whatever lies there: for a repair, which has set aside what was damaged.

    Raises:
        BarsError: the symbol was never judged, or a manifest is damaged.
        BlockedError: the gate holds the symbol back, or its bars are of another instrument than
            the universe names; the manifests in force stay.
        ResultsError: the symbol has no compute.db, or a damaged one.
    """
    require_same_instrument(workspace.root, instrument)
    symbol = instrument.symbol
    paths = workspace.root.symbol(symbol)
    verdict = read_verdict(workspace, symbol)
    if verdict is None:
        raise BarsError(f"{symbol} was never judged; run `regime run {symbol}`")
    if verdict.status == BLOCKED:
        raise BlockedError(f"{symbol} is blocked by the gate, its manifests stay: {verdict.reason}")
    wanted = {
        paths.manifest: _bar_facts(paths, instrument, verdict),
        paths.compute_manifest: compute_manifest(symbol, read_lineage(paths.compute_db)),
    }
    outdated = [
        path for path, facts in wanted.items() if anew or not is_same(read_manifest(path), facts)
    ]
    log_adoptions(workspace.root)
    if outdated:
        with writing(paths):
            run = {paths.compute_manifest: {"compute_db": stat_facts(paths)}}
            write_manifests(paths, {path: wanted[path] for path in outdated}, now, run)
    return PublishOutcome(
        symbol,
        Status.DONE if outdated else Status.UNCHANGED,
        manifest_digest=facts_digest(wanted[paths.manifest]),
        compute_manifest_digest=facts_digest(wanted[paths.compute_manifest]),
    )


def _bar_facts(paths: SymbolPaths, instrument: Instrument, verdict: Verdict) -> Mapping[str, Any]:
    # what came in since the verdict was reached is in no bar yet, so it is not named
    files = {series.timeframe: series.raw_files for series in verdict.series}
    held = whole_manifest(paths.manifest)
    known = {} if held is None else held["manifest"].get("timeframes", {})
    found = {one: origins(paths.raw(one), named, known.get(one)) for one, named in files.items()}
    factors, records = factors_in_force(paths), stored_records(paths)
    return bar_manifest(instrument, verdict, files, factors, found, records=records)
