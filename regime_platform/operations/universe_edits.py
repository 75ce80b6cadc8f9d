"""Edits of the universe beside renaming: add, remove, delist, take a delisting back.

Every function validates the resulting universe before it writes the file, as a whole. Each first
finishes a rename that a killed process left.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import replace

from regime_platform.bar_store.layout import DataRoot
from regime_platform.bar_store.rename_journal import moved_away
from regime_platform.errors import ConfigError, UsageError
from regime_platform.model.instruments import Instrument
from regime_platform.model.universe.text import (
    with_added,
    with_changed,
    with_entries,
    with_removed,
)
from regime_platform.model.universe.universe import Universe
from regime_platform.operations.renaming import finish_renames
from regime_platform.operations.universe_file import (
    UniverseEdit,
    current_text,
    editing,
    load_editable,
    store,
)
from regime_platform.settings import Settings


def add(
    settings: Settings, instruments: Sequence[Instrument], *, dry_run: bool = False
) -> UniverseEdit:
    """Adds new instruments to the universe.

    Raises:
        UsageError: one of them is there already.
        ConfigError: one bears the former symbol of another, or the universe cannot be edited.
    """
    root = DataRoot(settings.own_universe().parent)
    for instrument in instruments:
        moved = moved_away(root, instrument.symbol)
        if moved is not None:
            raise ConfigError(
                f"{instrument.symbol} cannot be used again: {moved.describe()}",
                code="former-symbol",
            )

    def extended(text: str, universe: Universe) -> str:
        for instrument in instruments:
            if instrument.symbol in universe.symbols:
                raise UsageError(
                    f"{instrument.symbol} is in the universe already; see `regime universe list`",
                    code="symbol-taken",
                )
        return with_added(text, instruments)

    return _edit(settings, extended, dry_run=dry_run)


def replace_all(
    settings: Settings, instruments: Sequence[Instrument], *, dry_run: bool = False
) -> UniverseEdit:
    """Makes the universe exactly these instruments.

    Those that were in it before keep their former symbols and delistings; comments of the file are
    lost.

    Raises:
        ConfigError: the universe would be invalid, or cannot be edited.
    """

    def anew(_text: str, universe: Universe) -> str:
        kept = {instrument.symbol: instrument for instrument in universe.instruments}
        ended = [
            instrument.changed(
                delisted=kept[instrument.symbol].delisted,
                formerly=kept[instrument.symbol].formerly,
            )
            if instrument.symbol in kept
            else instrument
            for instrument in instruments
        ]
        return with_entries(ended)

    return _edit(settings, anew, dry_run=dry_run)


def remove(settings: Settings, symbols: Sequence[str], *, dry_run: bool = False) -> UniverseEdit:
    """Removes instruments from the universe; their folders stay as they are.

    Raises:
        UsageError: a symbol is not in the universe.
        ConfigError: none would be left, or the universe cannot be edited.
    """

    def without(text: str, universe: Universe) -> str:
        return with_removed(text, [instrument.symbol for instrument in universe.select(symbols)])

    return _edit(settings, without, dry_run=dry_run)


def delist(
    settings: Settings, symbol: str, since: dt.date | None, *, dry_run: bool = False
) -> UniverseEdit:
    """Ends the polling of an instrument from a date on, or takes that back where there is none.

    Raises:
        UsageError: the symbol is not in the universe.
        ConfigError: the universe cannot be edited.
    """

    def ended(text: str, universe: Universe) -> str:
        instrument = universe.instrument(symbol)
        date = "" if since is None else since.isoformat()
        return with_changed(text, instrument.symbol, instrument.changed(delisted=date))

    return _edit(settings, ended, dry_run=dry_run)


def _edit(
    settings: Settings, change: Callable[[str, Universe], str], *, dry_run: bool
) -> UniverseEdit:
    def changed() -> str:
        text = current_text(settings)
        return change(text, load_editable(settings))

    if dry_run:
        return store(settings, changed(), dry_run=True)
    with editing(settings):
        carried_on = finish_renames(settings)
        return replace(store(settings, changed()), carried_on=carried_on)
