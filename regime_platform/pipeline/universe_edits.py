"""What can be done to a universe beside renaming: add, remove, delist and take that back.

Every function validates the universe that would come of it before it writes anything, and writes it
as a whole. Each first carries on a rename that a killed process left unfinished.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import replace

from regime_platform.bars.layout import DataRoot
from regime_platform.errors import ConfigError
from regime_platform.model.instruments import Instrument
from regime_platform.model.universe import Universe, parse_universe
from regime_platform.model.universe_text import with_added, with_changed, with_removed
from regime_platform.pipeline.rename_journal import moved_away
from regime_platform.pipeline.renaming import finish_renames
from regime_platform.pipeline.universe_file import UniverseEdit, current_text, editing, store
from regime_platform.settings import Settings


def add(
    settings: Settings, instruments: Sequence[Instrument], *, dry_run: bool = False
) -> UniverseEdit:
    """Puts new instruments into the universe.

    Raises:
        ConfigError: one of them is there already, or the universe cannot be edited.
    """
    root = DataRoot(settings.own_universe().parent)
    for one in instruments:
        moved = moved_away(root, one.symbol)
        if moved is not None:
            raise ConfigError(f"{one.symbol} cannot be used again: {moved.told()}")
    return _edit(settings, lambda text, _held: with_added(text, instruments), dry_run=dry_run)


def remove(settings: Settings, symbols: Sequence[str], *, dry_run: bool = False) -> UniverseEdit:
    """Takes instruments out of the universe; their folders stay as they are.

    Raises:
        UsageError: a symbol is not in the universe.
        ConfigError: nobody would be left, or the universe cannot be edited.
    """

    def without(text: str, held: Universe) -> str:
        return with_removed(text, [one.symbol for one in held.select(symbols)])

    return _edit(settings, without, dry_run=dry_run)


def delist(
    settings: Settings, symbol: str, since: dt.date | None, *, dry_run: bool = False
) -> UniverseEdit:
    """Ends the polling of an instrument from a date on, or takes that back where there is none.

    Raises:
        UsageError: the symbol is not in the universe.
        ConfigError: the universe cannot be edited.
    """

    def ended(text: str, held: Universe) -> str:
        one = held.instrument(symbol)
        date = "" if since is None else since.isoformat()
        return with_changed(text, one.symbol, replace(one, delisted=date))

    return _edit(settings, ended, dry_run=dry_run)


def _edit(
    settings: Settings, change: Callable[[str, Universe], str], *, dry_run: bool
) -> UniverseEdit:
    def changed() -> str:
        text = current_text(settings)
        return change(text, parse_universe(text, str(settings.own_universe())))

    if dry_run:
        return store(settings, changed(), dry_run=True)
    with editing(settings):
        finish_renames(settings)
        return store(settings, changed())
