"""Writes another symbol into everything of a symbol's folder that names it; no number changes.

Raw log and canonical bars carry no symbol that anybody reads, so their files stay byte for byte.
The verdict, the symbol column of compute.db, both manifests and the heading of what persons decided
are written anew. The manifests say which ones they replace, and those are kept whole in the
folder's renames.json, so that what was proven under the old symbol can be proven for ever. Doing it
twice is doing it once.
"""

import re
from collections.abc import Mapping
from typing import Any

import polars as pl

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.rename_journal import Rename
from regime_platform.bar_store.verdicts import read_verdict, write_verdict
from regime_platform.compute_db.content import BARS
from regime_platform.compute_db.reader import reading
from regime_platform.compute_db.store import build
from regime_platform.errors import ResultsError
from regime_platform.files import read_json, write_json, write_text
from regime_platform.manifests.compute_manifest import compute_manifest
from regime_platform.model.digests import facts_digest
from regime_platform.model.instruments import Instrument
from regime_platform.model.result_schema import TABLES
from regime_platform.model.series import instant
from regime_platform.model.universe.entry import value_text
from regime_platform.pipeline.compute.compute import stat_facts
from regime_platform.pipeline.identity import remember_rename
from regime_platform.pipeline.publish.manifest_writer import write_manifests

_SYMBOL_LINE = re.compile(r"^symbol: .*$", re.MULTILINE)


def relabel(paths: SymbolPaths, instrument: Instrument, rename: Rename) -> None:
    """Makes a folder that of ``instrument``, whose symbol was another; hold its lock.

    Results that cannot be read stay as they are: the next run makes them anew.

    Raises:
        BarsError: verdict.json is damaged.
    """
    _keep_evidence(paths, rename)
    remember_rename(paths, instrument, rename.former, rename.renamed_at)
    verdict = read_verdict(paths)
    if verdict is not None and verdict.symbol != instrument.symbol:
        write_verdict(paths, verdict.model_copy(update={"symbol": instrument.symbol}))
    _relabel_decisions(paths, instrument.symbol)
    _relabel_bar_manifest(paths, instrument, rename)
    try:
        lineage = _relabel_results(paths, instrument.symbol)
    except ResultsError:
        return
    _relabel_compute_manifest(paths, rename, lineage)


def _keep_evidence(paths: SymbolPaths, rename: Rename) -> None:
    target = paths.renames
    held = read_json(target) or {"renames": []}
    told = {"former": rename.former, "symbol": rename.symbol, "renamed_at": rename.renamed_at}
    if any(told.items() <= one.items() for one in held["renames"]):
        return  # begun before: what is there by now may be relabelled already
    kept = {
        "manifest": read_json(paths.manifest),
        "compute_manifest": read_json(paths.compute_manifest),
    }
    write_json(target, {"renames": [*held["renames"], {**told, **kept}]})


def _relabel_decisions(paths: SymbolPaths, symbol: str) -> None:
    """What persons decided about bars names the symbol in one line of its own."""
    target = paths.folder / "decisions.yaml"
    if not target.exists():
        return
    held = target.read_text(encoding="utf-8")
    told = _SYMBOL_LINE.sub(f"symbol: {value_text(symbol)}", held, count=1)
    if told != held:
        write_text(target, told)


def _relabel_bar_manifest(paths: SymbolPaths, instrument: Instrument, rename: Rename) -> None:
    held = read_json(paths.manifest)
    if held is None or held["manifest"]["symbol"] == instrument.symbol:
        return
    verdict = read_verdict(paths)
    new = {"symbol": instrument.symbol, "instrument": instrument.facts()}
    if verdict is not None:
        new["verdict_digest"] = facts_digest(verdict.model_dump(mode="json"))
    facts = {paths.manifest: {**held["manifest"], **new}}
    write_manifests(paths, facts, instant(rename.renamed_at), {})


def _relabel_results(paths: SymbolPaths, symbol: str) -> Mapping[str, Any]:
    """Returns what the results were made from, their tables as they are now."""
    with reading(paths.compute_db) as held:
        lineage, content = held.lineage(), held.blocks()
        tables = {name: held.table(name) for name in TABLES}
    if all((rows["symbol"] == symbol).all() for rows in tables.values()):
        return lineage
    own = pl.lit(symbol, pl.String)
    renamed = {name: rows.with_columns(symbol=own) for name, rows in tables.items()}
    made_from = {name: facts for name, facts in lineage.items() if name != "tables"}
    bars = {timeframe: blocks for (of, timeframe), blocks in content.items() if of == BARS}
    return build(paths.compute_db, renamed, made_from, bars)


def _relabel_compute_manifest(
    paths: SymbolPaths, rename: Rename, lineage: Mapping[str, Any]
) -> None:
    held = read_json(paths.compute_manifest)
    if held is None or held["manifest"]["symbol"] == rename.symbol:
        return
    facts = {paths.compute_manifest: compute_manifest(rename.symbol, lineage)}
    run = {paths.compute_manifest: {"compute_db": stat_facts(paths)}}
    write_manifests(paths, facts, instant(rename.renamed_at), run)
