"""Writes another symbol into everything of a symbol's folder that names it; no number changes.

Raw log and canonical bars name no symbol, so their files stay byte for byte. The verdict, the
symbol column of compute.db, both manifests and the heading of decisions.yaml are written again. The
manifests name those that they replace, which are kept whole in the folder's renames.json, so that
results under the former symbol can still be proven. The operation is idempotent.
"""

import re

import polars as pl

from regime_platform.bar_store.former_manifests import (
    FormerManifests,
    read_former_manifests,
    write_former_manifests,
)
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.manifest_file import whole_bar_manifest, whole_compute_manifest
from regime_platform.bar_store.rename_journal import Rename
from regime_platform.bar_store.verdicts import read_verdict, write_verdict
from regime_platform.compute_db.content import BARS
from regime_platform.compute_db.reader import reading
from regime_platform.compute_db.store import build
from regime_platform.errors import ResultsError
from regime_platform.files import read_json, write_text
from regime_platform.manifests.compute_manifest import ComputeManifest
from regime_platform.manifests.lineage import Lineage, ResultOrigin
from regime_platform.model.digests import document_digest
from regime_platform.model.instants import instant
from regime_platform.model.instruments import Instrument
from regime_platform.model.result_schema import TABLES
from regime_platform.model.universe.entry import value_text
from regime_platform.pipeline.identity import remember_rename
from regime_platform.pipeline.publish.manifest_writer import write_manifests

_SYMBOL_LINE = re.compile(r"^symbol: .*$", re.MULTILINE)


def relabel(paths: SymbolPaths, instrument: Instrument, rename: Rename) -> None:
    """Writes the symbol of ``instrument`` into a folder of its former symbol; hold its lock.

    Results that cannot be read stay as they are: the next run makes them again.

    Raises:
        BarsError: verdict.json is damaged.
    """
    _keep_manifests(paths, rename)
    remember_rename(paths, instrument, rename.former, rename.renamed_at)
    verdict = read_verdict(paths)
    if verdict is not None and verdict.symbol != instrument.symbol:
        write_verdict(paths, verdict.model_copy(update={"symbol": instrument.symbol}))
    _relabel_overrides(paths, instrument.symbol)
    _relabel_bar_manifest(paths, instrument, rename)
    try:
        lineage = _relabel_results(paths, instrument.symbol)
    except ResultsError:
        return
    _relabel_compute_manifest(paths, rename, lineage)


def _keep_manifests(paths: SymbolPaths, rename: Rename) -> None:
    entries = read_former_manifests(paths)
    key = (rename.former, rename.symbol, rename.renamed_at)
    if any((each.former, each.symbol, each.renamed_at) == key for each in entries):
        return  # begun before: what is there by now may be relabelled already
    kept = FormerManifests(
        former=rename.former,
        symbol=rename.symbol,
        renamed_at=rename.renamed_at,
        manifest=read_json(paths.manifest),
        compute_manifest=read_json(paths.compute_manifest),
    )
    write_former_manifests(paths, [*entries, kept])


def _relabel_overrides(paths: SymbolPaths, symbol: str) -> None:
    """Replaces the line of decisions.yaml that names the symbol."""
    target = paths.folder / "decisions.yaml"
    if not target.exists():
        return
    before = target.read_text(encoding="utf-8")
    after = _SYMBOL_LINE.sub(f"symbol: {value_text(symbol)}", before, count=1)
    if after != before:
        write_text(target, after)


def _relabel_bar_manifest(paths: SymbolPaths, instrument: Instrument, rename: Rename) -> None:
    stored = whole_bar_manifest(paths)
    if stored is None or stored.manifest.symbol == instrument.symbol:
        return
    verdict = read_verdict(paths)
    new: dict[str, object] = {
        "symbol": instrument.symbol,
        "instrument": instrument.model_dump(mode="json"),
    }
    if verdict is not None:
        new["verdict_digest"] = document_digest(verdict.model_dump(mode="json"))
    renamed = stored.manifest.model_copy(update=new)
    write_manifests(paths, [renamed], instant(rename.renamed_at))


def _relabel_results(paths: SymbolPaths, symbol: str) -> Lineage:
    """The lineage of the results, with the digests of their tables as relabelled."""
    with reading(paths.compute_db) as reader:
        lineage, content = reader.lineage(), reader.blocks()
        tables = {name: reader.table(name) for name in TABLES}
    if all((rows["symbol"] == symbol).all() for rows in tables.values()):
        return lineage
    own = pl.lit(symbol, pl.String)
    renamed = {name: rows.with_columns(symbol=own) for name, rows in tables.items()}
    made_from = ResultOrigin(lineage.recipe, lineage.code)
    bars = {timeframe: blocks for (of, timeframe), blocks in content.items() if of == BARS}
    return build(paths.compute_db, renamed, made_from, lineage.series, bars)


def _relabel_compute_manifest(paths: SymbolPaths, rename: Rename, lineage: Lineage) -> None:
    stored = whole_compute_manifest(paths)
    if stored is None or stored.manifest.symbol == rename.symbol:
        return
    renamed = ComputeManifest.of(rename.symbol, lineage)
    write_manifests(paths, [renamed], instant(rename.renamed_at))
