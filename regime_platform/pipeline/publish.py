"""The manifests, written last: what the symbol holds and what proves it.

Both are made from what lies on disk (verdict, raw log, compute.db), never from what this process
remembers, so that a rerun after a crash writes exactly what the first run would have written.
"""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from regime_platform.bars.factor_file import factors_in_force
from regime_platform.bars.layout import SymbolPaths
from regime_platform.bars.locks import writing
from regime_platform.bars.manifest_files import read_manifest
from regime_platform.bars.origins import origins
from regime_platform.compute_db.reader import read_lineage
from regime_platform.errors import BarsError, BlockedError
from regime_platform.files import read_json
from regime_platform.manifests.bar_manifest import bar_manifest
from regime_platform.manifests.compute_manifest import compute_manifest
from regime_platform.manifests.manifest import is_same
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.derive import stat_facts
from regime_platform.pipeline.outcomes import PublishOutcome, Status
from regime_platform.pipeline.platform import Platform
from regime_platform.pipeline.promote import read_verdict
from regime_platform.pipeline.sealing import put_in_place
from regime_platform.validation.gate import BLOCKED
from regime_platform.validation.verdict import Verdict


def publish(platform: Platform, instrument: Instrument, now: dt.datetime) -> PublishOutcome:
    """Writes the manifests that no longer say what lies on disk.

    Raises:
        BarsError: the symbol was never judged, or a manifest in place is damaged.
        BlockedError: the gate holds the symbol back; the manifests in force stay.
        ResultsError: the symbol has no compute.db, or a damaged one.
    """
    symbol = instrument.symbol
    paths = platform.root.symbol(symbol)
    verdict = read_verdict(platform, symbol)
    if verdict is None:
        raise BarsError(f"{symbol} was never judged; run `regime run {symbol}`")
    if verdict.status == BLOCKED:
        raise BlockedError(f"{symbol} is blocked by the gate, its manifests stay: {verdict.reason}")
    wanted = {
        paths.manifest: _bar_facts(paths, instrument, verdict),
        paths.compute_manifest: compute_manifest(symbol, read_lineage(paths.compute_db)),
    }
    outdated = [path for path, facts in wanted.items() if not is_same(read_manifest(path), facts)]
    if outdated:
        with writing(paths):
            run = {paths.compute_manifest: {"compute_db": stat_facts(paths)}}
            put_in_place(paths, {path: wanted[path] for path in outdated}, now, run)
    return PublishOutcome(
        symbol,
        Status.DONE if outdated else Status.UNCHANGED,
        manifest_digest=_digest(paths.manifest),
        compute_manifest_digest=_digest(paths.compute_manifest),
    )


def _bar_facts(paths: SymbolPaths, instrument: Instrument, verdict: Verdict) -> Mapping[str, Any]:
    # what came in since the verdict was reached is in no bar yet, so it is not named
    files = {one.timeframe: one.raw_files for one in verdict.series}
    held = read_manifest(paths.manifest) or {}
    known = held.get("manifest", {}).get("timeframes", {})
    found = {one: origins(paths.raw(one), named, known.get(one)) for one, named in files.items()}
    return bar_manifest(instrument, verdict, files, factors_in_force(paths), found)


def _digest(path: Path) -> str:
    return str(read_json(path)["digest"])
