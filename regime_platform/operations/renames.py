"""Renames a symbol: the same instrument under another symbol, with all its history.

The journal is written first, then the folder is relabelled and moved, then the universe written.
What a killed process leaves, the next edit of the universe finishes; so every step may be repeated.

Raw log and canonical bars name no symbol, so their files stay byte for byte. The verdict, the
symbol column of compute.db, both manifests and the heading of decisions.yaml are written again. The
manifests name those that they replace, which are kept whole in the folder's renames.json, so that
results under the former symbol can still be proven.
"""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from regime_platform.bar_store.layout import DataRoot, SymbolPaths
from regime_platform.bar_store.locks import writing
from regime_platform.bar_store.manifest_files import (
    FormerManifests,
    read_former_manifests,
    whole_bar_manifest,
    whole_compute_manifest,
    write_former_manifests,
)
from regime_platform.bar_store.rename_journal import Rename, record, renames
from regime_platform.bar_store.verdicts import read_verdict, write_verdict
from regime_platform.compute_db.board import BOARD_SCHEMA, update_board
from regime_platform.compute_db.content import BARS
from regime_platform.compute_db.reader import reading
from regime_platform.compute_db.store import build
from regime_platform.errors import ConfigError, RegimeError, ResultsError, UsageError
from regime_platform.files import move, read_json, write_text
from regime_platform.manifests.compute_manifest import ComputeManifest, Lineage, ResultOrigin
from regime_platform.model.digests import document_digest
from regime_platform.model.instants import instant, iso
from regime_platform.model.instruments import Instrument, parse_entry
from regime_platform.model.result_schema import TABLES
from regime_platform.model.universe.text import edited
from regime_platform.model.universe.universe import Universe
from regime_platform.model.yaml_text import flow_text
from regime_platform.operations.universe_file import UniverseEdit, editing, read_editable
from regime_platform.pipeline.board import rebuild_board
from regime_platform.pipeline.identity import remember_rename, require_same_instrument
from regime_platform.pipeline.publish import write_manifests
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings

_SYMBOL_LINE = re.compile(r"^symbol: .*$", re.MULTILINE)


def rename(
    settings: Settings,
    symbol: str,
    changes: Mapping[str, str],
    now: dt.datetime,
    *,
    dry_run: bool = False,
) -> UniverseEdit:
    """Gives an instrument another symbol, which is among the ``changes`` of its entry's fields.

    A finished rename that is asked for again changes nothing. UsageError for an unknown symbol or
    an unclear name at the source, ConfigError where the new one is taken in universe or on disk.
    """
    root = DataRoot(settings.root_folder)
    if dry_run:
        file = read_editable(settings)
        symbol = file.universe.symbol_of(symbol)
        new = _renamed(root, file.universe, symbol, changes)
        return file.store(edited(file.text, {symbol: new}), dry_run=True)
    with editing(settings):
        carried_on = finish_renames(settings)
        file = read_editable(settings)
        symbol = file.universe.symbol_of(symbol)
        if file.universe.renamed.get(symbol) == changes["symbol"]:  # asked for again after a crash
            return replace(file.store(file.text), carried_on=carried_on)
        new = _renamed(root, file.universe, symbol, changes)
        edit = file.store(edited(file.text, {symbol: new}), dry_run=True)
        entry = new.model_dump(mode="json")
        _move_folder(
            root, Rename(former=symbol, symbol=new.symbol, renamed_at=iso(now), instrument=entry)
        )
        finish_renames(settings)
        return replace(edit, is_written=True, carried_on=carried_on)


def unfinished(settings: Settings) -> list[Rename]:
    """Renames that a killed process left behind."""
    return [each for each in renames(DataRoot(settings.root_folder)) if not each.is_finished]


def finish_renames(settings: Settings) -> tuple[str, ...]:
    """Finishes what killed processes began, a sentence for each; hold the lock of the universe."""
    root, finished = DataRoot(settings.root_folder), []
    for begun in unfinished(settings):
        _move_folder(root, begun)
        file = read_editable(settings)
        if begun.former in file.universe.symbols:
            file.store(edited(file.text, {begun.former: parse_entry(begun.instrument)}))
        _show_on_board(settings, begun)
        record(root, begun.model_copy(update={"is_finished": True}))
        finished.append(f"the rename of {begun.former} to {begun.symbol} was carried on")
    return tuple(finished)


def _renamed(
    root: DataRoot, universe: Universe, symbol: str, changes: Mapping[str, str]
) -> Instrument:
    """The new entry of ``symbol``, if the rename is possible."""
    instrument, new_symbol = universe.instrument(symbol), changes["symbol"]
    if new_symbol in universe.symbols:
        raise UsageError(
            f"{new_symbol} is in the universe already; choose another symbol", code="symbol-taken"
        )
    if instrument.source == "sample" and instrument.is_polled:
        raise UsageError(
            f"source sample has {symbol} by this symbol only; delist it before",
            code="sample-symbol",
        )
    if instrument.provider_symbol == symbol and "provider_symbol" not in changes:
        raise UsageError(
            f"source {instrument.source} has {symbol} under the same symbol: state with "
            f"--provider-symbol whether it is now {new_symbol} or still {symbol}",
            code="provider-symbol-unclear",
        )
    # else a rename would hide the other one
    require_same_instrument(root.symbol(symbol), instrument)
    former = [name for name in (*instrument.formerly, symbol) if name != new_symbol]
    entry = {**instrument.model_dump(mode="json"), "written": None, **changes, "formerly": former}
    new = parse_entry(entry)
    _require_free(root, new.symbol)
    return new


def _move_folder(root: DataRoot, begun: Rename) -> None:
    old, new = root.symbol(begun.former), root.symbol(begun.symbol)
    if not old.folder.is_dir():  # nothing was ever fetched, or it is moved already
        record(root, begun)
        return
    _require_free(root, begun.symbol)
    with writing(old):  # before the journal: where the lock is not free, nothing was begun
        record(root, begun)
        _relabel(old, parse_entry(begun.instrument), begun)
        move(old.folder, new.folder)


def _require_free(root: DataRoot, symbol: str) -> None:
    folder = root.symbol(symbol).folder
    if folder.exists():
        raise ConfigError(
            f"{folder} exists and would be mixed up with what is renamed to {symbol}; "
            "move it away if it is not needed, or choose another symbol",
            code="symbol-folder-taken",
        )


def _show_on_board(settings: Settings, begun: Rename) -> None:
    try:
        workspace = RunWorkspace.open(settings)
        update_board(workspace.root, [begun.former], BOARD_SCHEMA.to_frame())
        if workspace.root.symbol(begun.symbol).folder.is_dir():
            rebuild_board(workspace, workspace.universe.select([begun.symbol]))
    except (RegimeError, OSError):  # a cache: the next run makes its rows
        return


def _relabel(paths: SymbolPaths, instrument: Instrument, rename: Rename) -> None:
    """Writes the new symbol into a folder of the former one; the caller holds its lock.

    Results that cannot be read stay as they are: the next run makes them again.
    """
    _keep_manifests(paths, rename)
    remember_rename(paths, instrument, rename.former, rename.renamed_at)
    verdict = read_verdict(paths)
    if verdict is not None and verdict.symbol != instrument.symbol:
        verdict = verdict.model_copy(update={"symbol": instrument.symbol})
        write_verdict(paths, verdict)
    overrides = paths.folder / "decisions.yaml"
    if overrides.exists():
        before = overrides.read_text(encoding="utf-8")
        heading = f"symbol: {flow_text(instrument.symbol)}"
        after = _SYMBOL_LINE.sub(heading, before, count=1)
        if after != before:
            write_text(overrides, after)
    stored = whole_bar_manifest(paths)
    if stored is not None and stored.manifest.symbol != instrument.symbol:
        entry = instrument.record
        new: dict[str, object] = {"symbol": instrument.symbol, "instrument": entry}
        if verdict is not None:
            new["verdict_digest"] = document_digest(verdict.model_dump(mode="json"))
        renamed = stored.manifest.model_copy(update=new)
        write_manifests(paths, [renamed], instant(rename.renamed_at))
    try:
        lineage = _relabel_results(paths, instrument.symbol)
    except ResultsError:
        return
    results = whole_compute_manifest(paths)
    if results is not None and results.manifest.symbol != rename.symbol:
        manifest = ComputeManifest.of(rename.symbol, lineage)
        write_manifests(paths, [manifest], instant(rename.renamed_at))


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


def _relabel_results(paths: SymbolPaths, symbol: str) -> Lineage:
    """The lineage of the results, with the digests of their tables as relabelled."""
    with reading(paths.compute_db) as reader:
        lineage, content = reader.lineage(), reader.blocks()
        tables = {name: reader.table(name) for name in TABLES}
    if all((rows["symbol"] == symbol).all() for rows in tables.values()):
        return lineage
    own = pl.lit(symbol, pl.String)
    renamed = {name: rows.with_columns(symbol=own) for name, rows in tables.items()}
    made_from = ResultOrigin(recipe=lineage.recipe, code=lineage.code)
    bars = {timeframe: blocks for (of, timeframe), blocks in content.items() if of == BARS}
    return build(paths.compute_db, renamed, made_from, lineage.series, bars)
