"""Renames a symbol: the same instrument under another symbol, with all its history.

The journal is written first, then the folder is relabelled and moved, then the universe written.
What a killed process leaves, the next edit of the universe finishes.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

from regime_platform.bar_store.layout import DataRoot
from regime_platform.bar_store.locks import writing
from regime_platform.bar_store.rename_journal import Rename, record, renames
from regime_platform.compute_db.board import BOARD_SCHEMA, update_board
from regime_platform.errors import ConfigError, RegimeError, UsageError
from regime_platform.files import move_folder
from regime_platform.model.instants import iso
from regime_platform.model.instruments import Instrument
from regime_platform.model.universe.entry import parse_entry
from regime_platform.model.universe.text import with_changed
from regime_platform.operations.relabel import relabel
from regime_platform.operations.universe_file import (
    UniverseEdit,
    current_text,
    editing,
    load_editable,
    store,
)
from regime_platform.pipeline.board import rebuild_board
from regime_platform.pipeline.identity import require_same_instrument
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings


def rename(
    settings: Settings,
    symbol: str,
    changes: Mapping[str, str],
    now: dt.datetime,
    *,
    dry_run: bool = False,
) -> UniverseEdit:
    """Gives an instrument another symbol; its history goes with it.

    A finished rename that is asked for again changes nothing.

    Args:
        settings: data root and universe.
        symbol: the present symbol.
        changes: fields of the entry to change, ``symbol`` among them.
        now: the time of the rename.
        dry_run: validates and writes nothing.

    Raises:
        UsageError: the symbol is not in the universe, or its name at the source is unclear.
        ConfigError: the new symbol is taken, in the universe or on disk.
        BarsError: the symbol is being written for more than a minute.
    """
    if dry_run:
        return store(settings, _entry_renamed(settings, symbol, changes)[0], dry_run=True)
    with editing(settings):
        carried_on = finish_renames(settings)
        text = current_text(settings)
        universe = load_editable(settings)
        if universe.renamed.get(symbol) == changes["symbol"]:  # asked for again after a crash
            return replace(store(settings, text), carried_on=carried_on)
        after, new = _entry_renamed(settings, symbol, changes)
        edit = store(settings, after, dry_run=True)
        begun = Rename(
            former=symbol,
            symbol=new.symbol,
            renamed_at=iso(now),
            instrument=new.model_dump(mode="json"),
        )
        _move_folder(_root(settings), begun)
        finish_renames(settings)
        return replace(edit, is_written=True, carried_on=carried_on)


def unfinished(settings: Settings) -> list[Rename]:
    """Renames that a killed process left behind."""
    return [each for each in renames(_root(settings)) if not each.is_finished]


def finish_renames(settings: Settings) -> tuple[str, ...]:
    """Finishes what killed processes began; hold the lock of the universe.

    Returns:
        One sentence per rename that was unfinished.

    Raises:
        ConfigError: it cannot be finished; names what is in the way.
        BarsError: the symbol is being written for more than a minute.
    """
    root = _root(settings)
    unfinished_renames = unfinished(settings)
    for begun in unfinished_renames:
        _move_folder(root, begun)
        text = current_text(settings)
        universe = load_editable(settings)
        if begun.former in universe.symbols:
            store(settings, with_changed(text, begun.former, parse_entry(begun.instrument)))
        _show_on_board(settings, begun)
        record(root, begun.model_copy(update={"is_finished": True}))
    return tuple(
        f"the rename of {each.former} to {each.symbol} was carried on"
        for each in unfinished_renames
    )


def _entry_renamed(
    settings: Settings, symbol: str, changes: Mapping[str, str]
) -> tuple[str, Instrument]:
    text = current_text(settings)
    universe = load_editable(settings)
    instrument = universe.instrument(symbol)
    new_symbol = changes["symbol"]
    if new_symbol in universe.symbols:
        raise UsageError(
            f"{new_symbol} is in the universe already; choose another symbol", code="symbol-taken"
        )
    if instrument.source == "sample" and instrument.is_polled:
        raise UsageError(
            f"source sample has {instrument.symbol} by this symbol only; delist it before",
            code="sample-symbol",
        )
    if (
        instrument.identity.get("provider_symbol") == instrument.symbol
        and "provider_symbol" not in changes
    ):
        raise UsageError(
            f"source {instrument.source} has {instrument.symbol} under the same symbol: state with "
            f"--provider-symbol whether it is now {new_symbol} or still {instrument.symbol}",
            code="provider-symbol-unclear",
        )
    # else a rename would hide the other one
    require_same_instrument(_root(settings).symbol(instrument.symbol), instrument)
    former = [name for name in (*instrument.formerly, instrument.symbol) if name != new_symbol]
    new = parse_entry({**instrument.model_dump(mode="json"), **changes, "formerly": former})
    _require_free(_root(settings), new.symbol)
    return with_changed(text, instrument.symbol, new), new


def _move_folder(root: DataRoot, begun: Rename) -> None:
    old, new = root.symbol(begun.former), root.symbol(begun.symbol)
    if not old.folder.is_dir():  # nothing was ever fetched, or it is moved already
        record(root, begun)
        return
    _require_free(root, begun.symbol)
    with writing(old):  # before the journal: where the lock is not free, nothing was begun
        record(root, begun)
        relabel(old, parse_entry(begun.instrument), begun)
        move_folder(old.folder, new.folder)


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


def _root(settings: Settings) -> DataRoot:
    return DataRoot(settings.own_universe().parent)
