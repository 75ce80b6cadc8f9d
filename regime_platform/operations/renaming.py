"""A rename: the same instrument under another symbol, with all its history.

The journal is written first, then the folder is relabelled and moved, then the universe written: a
process killed at any moment leaves a state that the next edit carries on.
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
from regime_platform.model.instruments import Instrument
from regime_platform.model.series import iso
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
from regime_platform.pipeline.platform import RunWorkspace
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

    The journal is written first, so that whatever is killed in between is carried on later: folder
    relabelled, folder moved, universe written. Asked for again, a finished rename changes nothing.

    Args:
        settings: data root and universe.
        symbol: the present symbol.
        changes: fields of the entry to change, ``symbol`` among them.
        now: the time of the rename.
        dry_run: validates and writes nothing.

    Raises:
        UsageError: the symbol is not in the universe, or what its source calls it must be said.
        ConfigError: the new symbol is taken, in the universe or on disk.
        BarsError: somebody writes the symbol's folder for more than a minute.
    """
    if dry_run:
        return store(settings, _entry_renamed(settings, symbol, changes)[0], dry_run=True)
    with editing(settings):
        carried_on = finish_renames(settings)
        text = current_text(settings)
        held = load_editable(settings)
        if held.renamed.get(symbol) == changes["symbol"]:  # asked for again after a crash
            return replace(store(settings, text), carried_on=carried_on)
        after, new = _entry_renamed(settings, symbol, changes)
        edit = store(settings, after, dry_run=True)
        _carry_folder(_root(settings), Rename(symbol, new.symbol, iso(now), new.facts()))
        finish_renames(settings)
        return replace(edit, is_written=True, carried_on=carried_on)


def unfinished(settings: Settings) -> list[Rename]:
    """Renames that a killed process left behind."""
    return [one for one in renames(_root(settings)) if not one.is_finished]


def finish_renames(settings: Settings) -> tuple[str, ...]:
    """Carries on what a killed process began; hold the lock of the universe.

    Returns:
        One sentence per rename that was unfinished; mostly there is none.

    Raises:
        ConfigError: it cannot be carried on; names what stands in the way.
        BarsError: somebody writes the symbol's folder for more than a minute.
    """
    root = _root(settings)
    found = unfinished(settings)
    for begun in found:
        _carry_folder(root, begun)
        text = current_text(settings)
        held = load_editable(settings)
        if begun.former in held.symbols:
            store(settings, with_changed(text, begun.former, parse_entry(begun.instrument)))
        _show_on_board(settings, begun)
        record(root, replace(begun, is_finished=True))
    return tuple(f"the rename of {one.former} to {one.symbol} was carried on" for one in found)


def _entry_renamed(
    settings: Settings, symbol: str, changes: Mapping[str, str]
) -> tuple[str, Instrument]:
    text = current_text(settings)
    held = load_editable(settings)
    one = held.instrument(symbol)
    new_symbol = changes["symbol"]
    if new_symbol in held.symbols:
        raise UsageError(
            f"{new_symbol} is in the universe already; choose another symbol", code="symbol-taken"
        )
    if one.source == "sample" and one.is_polled:
        raise UsageError(
            f"source sample knows {one.symbol} by this symbol only; delist it before renaming it",
            code="sample-symbol",
        )
    if one.identity.get("provider_symbol") == one.symbol and "provider_symbol" not in changes:
        raise UsageError(
            f"source {one.source} calls {one.symbol} by the same symbol: say with "
            f"--provider-symbol whether it now says {new_symbol} or still {one.symbol}",
            code="provider-symbol-unclear",
        )
    require_same_instrument(_root(settings), one)  # else a rename would hide the other one
    former = [name for name in (*one.formerly, one.symbol) if name != new_symbol]
    new = parse_entry({**one.facts(), **changes, "formerly": former})
    _require_free(_root(settings), new.symbol)
    return with_changed(text, one.symbol, new), new


def _carry_folder(root: DataRoot, begun: Rename) -> None:
    old, new = root.symbol(begun.former), root.symbol(begun.symbol)
    if not old.folder.is_dir():  # nothing was ever fetched, or it is moved already
        record(root, begun)
        return
    _require_free(root, begun.symbol)
    with writing(old):  # before the journal: who waits in vain for a writer has begun nothing
        record(root, begun)
        relabel(old, parse_entry(begun.instrument), begun)
        move_folder(old.folder, new.folder)


def _require_free(root: DataRoot, symbol: str) -> None:
    folder = root.symbol(symbol).folder
    if folder.exists():
        raise ConfigError(
            f"{folder} is there already and would be mixed up with what is renamed to {symbol}; "
            "move it out of there if nobody needs it, or choose another symbol",
            code="symbol-folder-taken",
        )


def _show_on_board(settings: Settings, begun: Rename) -> None:
    try:
        workspace = RunWorkspace.open(settings)
        update_board(workspace.root, [begun.former], BOARD_SCHEMA.to_frame())
        if workspace.root.symbol(begun.symbol).folder.is_dir():
            rebuild_board(workspace, workspace.universe.select([begun.symbol]))
    except (RegimeError, OSError):  # a cache: the next walk makes its rows
        return


def _root(settings: Settings) -> DataRoot:
    return DataRoot(settings.own_universe().parent)
