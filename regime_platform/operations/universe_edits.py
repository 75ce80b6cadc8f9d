"""Edits of the universe beside renames: add, remove, delist, replace all.

Each first finishes a rename that a killed process left, and validates the resulting universe as a
whole before it is written. All raise ConfigError where the universe cannot be edited.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from regime_platform.bar_store.layout import DataRoot
from regime_platform.bar_store.rename_journal import moved_away
from regime_platform.errors import ConfigError, UsageError
from regime_platform.model.instruments import Instrument
from regime_platform.model.universe.plausibility import Tracked, require_plausible
from regime_platform.model.universe.text import edited, universe_text
from regime_platform.model.universe.universe import Universe
from regime_platform.operations.renames import finish_renames
from regime_platform.operations.universe_file import (
    EditableUniverse,
    UniverseEdit,
    editing,
    read_editable,
)
from regime_platform.settings import Settings


def add(
    settings: Settings, instruments: Sequence[Instrument], *, dry_run: bool = False
) -> UniverseEdit:
    """Adds instruments; UsageError where a symbol is in use, ConfigError where it was, or where an
    entry contradicts itself or another one.
    """
    _require_unmoved(settings, instruments)

    def extended(file: EditableUniverse) -> str:
        tracked = Tracked(file.universe.instruments)
        for instrument in instruments:
            if instrument.symbol in file.universe.symbols:
                raise UsageError(_taken(instrument, file.universe), code="symbol-taken")
            require_plausible(instrument, tracked)
        return edited(file.text, {instrument.symbol: instrument for instrument in instruments})

    return _edit(settings, extended, dry_run=dry_run)


def _taken(instrument: Instrument, universe: Universe) -> str:
    symbol, spelling = instrument.symbol, instrument.spelling
    other = universe.instrument(symbol).spelling
    text = f"{symbol} is in the universe already; see `regime universe list`"
    return text if other == spelling else f"{spelling} would share the folder of {other}: {text}"


def put(
    settings: Settings, instruments: Sequence[Instrument], *, dry_run: bool = False
) -> UniverseEdit:
    """Adds instruments, and gives those that are in the universe another entry.

    Those of the sample make room, see ``kept_entries``. ConfigError where a symbol was renamed, or
    an entry contradicts itself or another one.
    """

    def changed(file: EditableUniverse) -> str:
        if not instruments:
            return file.text
        known = file.universe.symbols
        _require_unmoved(settings, [each for each in instruments if each.symbol not in known])
        entries = {instrument.symbol: instrument for instrument in instruments}
        kept = _kept(settings, file)
        tracked = Tracked(each for each in kept if each.symbol not in entries)
        for instrument in instruments:
            require_plausible(instrument, tracked)
        return edited(file.text, entries) if kept else universe_text(instruments)

    return _edit(settings, changed, dry_run=dry_run)


def kept_entries(settings: Settings) -> tuple[Instrument, ...]:
    """The entries that ``put`` leaves: none of a sample of which nothing is stored."""
    return _kept(settings, read_editable(settings))


def replace_all(
    settings: Settings, instruments: Sequence[Instrument], *, dry_run: bool = False
) -> UniverseEdit:
    """Makes the universe exactly these instruments; comments of the file are lost.

    Those that were in it before keep their former symbols and delistings.
    """

    def replaced(file: EditableUniverse) -> str:
        known = {instrument.symbol: instrument for instrument in file.universe.instruments}
        return universe_text(
            [
                instrument.changed(delisted=before.delisted, formerly=before.formerly)
                if (before := known.get(instrument.symbol))
                else instrument
                for instrument in instruments
            ]
        )

    return _edit(settings, replaced, dry_run=dry_run)


def remove(settings: Settings, symbols: Sequence[str], *, dry_run: bool = False) -> UniverseEdit:
    """Removes instruments and keeps their folders; UsageError for an unknown symbol."""

    def reduced(file: EditableUniverse) -> str:
        gone = [instrument.symbol for instrument in file.universe.select(symbols)]
        return edited(file.text, dict.fromkeys(gone))

    return _edit(settings, reduced, dry_run=dry_run)


def delist(
    settings: Settings, symbol: str, since: dt.date | None, *, dry_run: bool = False
) -> UniverseEdit:
    """Ends the polling from a date on, or resumes it; UsageError for an unknown symbol."""

    def ended(file: EditableUniverse) -> str:
        instrument = file.universe.instrument(symbol)
        date = "" if since is None else since.isoformat()
        return edited(file.text, {instrument.symbol: instrument.changed(delisted=date)})

    return _edit(settings, ended, dry_run=dry_run)


def track_on(
    settings: Settings, symbol: str, timeframes: Sequence[str], *, dry_run: bool = False
) -> UniverseEdit:
    """Changes the timeframes of an instrument, to those of its tier where there are none.

    UsageError for an unknown symbol.
    """

    def changed(file: EditableUniverse) -> str:
        instrument = file.universe.instrument(symbol)
        after = instrument.changed(timeframes=tuple(timeframes))
        return edited(file.text, {instrument.symbol: after})

    return _edit(settings, changed, dry_run=dry_run)


def _kept(settings: Settings, file: EditableUniverse) -> tuple[Instrument, ...]:
    root, entries = DataRoot(settings.root_folder), file.universe.instruments
    is_used = any(root.symbol(entry.symbol).folder.is_dir() for entry in entries)
    return entries if is_used or file.path.exists() else ()


def _require_unmoved(settings: Settings, instruments: Iterable[Instrument]) -> None:
    for instrument in instruments:
        moved = moved_away(DataRoot(settings.root_folder), instrument.symbol)
        if moved is not None:
            raise ConfigError(
                f"{instrument.symbol} cannot be used again: {moved.describe()}",
                code="former-symbol",
            )


def _edit(
    settings: Settings, change: Callable[[EditableUniverse], str], *, dry_run: bool
) -> UniverseEdit:
    if dry_run:
        file = read_editable(settings)
        return file.store(change(file), dry_run=True)
    with editing(settings):
        carried_on = finish_renames(settings)
        file = read_editable(settings)
        return replace(file.store(change(file)), carried_on=carried_on)
