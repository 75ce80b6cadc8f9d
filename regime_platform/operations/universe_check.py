"""What is wrong with a universe file, and what in a data root does not fit its universe."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from regime_platform.audit.archives import all_archives
from regime_platform.bar_store.layout import DataRoot
from regime_platform.bar_store.rename_journal import renames
from regime_platform.errors import ConfigError, nearest
from regime_platform.model.calendar.ends import REMEDY, calendar_ends
from regime_platform.model.markets import MARKETS
from regime_platform.model.universe.plausibility import implausible
from regime_platform.model.universe.universe import Universe, parse_universe, universe_findings
from regime_platform.pipeline.gate.validate_log import read_policy
from regime_platform.pipeline.identity import other_instrument
from regime_platform.settings import Settings, read_universe
from regime_platform.sources.protocol import MarketSource
from regime_platform.sources.registry import build_sources

_NAMED = 5  # folders spelled out; the rest is counted


@dataclass(frozen=True)
class UniverseCheck:
    """The result of checking a universe file."""

    path: Path
    problems: list[str] = field(default_factory=list)  # to be resolved
    notes: list[str] = field(default_factory=list)
    universe: Universe | None = None  # None where it cannot be read

    def document(self) -> dict[str, Any]:
        """The document of ``regime universe check --json``."""
        instruments = () if self.universe is None else self.universe.instruments
        return {
            "file": str(self.path),
            "is_valid": not self.problems,
            "problems": self.problems,
            "notes": self.notes,
            "symbols": len(instruments),
            "delisted": sum(not instrument.is_polled for instrument in instruments),
            "tiers": dict(Counter(instrument.tier for instrument in instruments)),
            "classes": dict(Counter(instrument.asset_class for instrument in instruments)),
            "sources": dict(Counter(instrument.source for instrument in instruments)),
        }


def check_file(path: Path, settings: Settings, now: dt.datetime) -> UniverseCheck:
    """Checks a file by itself, wherever it is.

    The exchanges of entries are looked up, where the library that knows them is installed, and
    calendars that end soon after ``now`` (aware) are noted.
    """
    try:
        text = read_universe(path)
        problems = [f"{path} {finding}" for finding in universe_findings(text, str(path))]
    except ConfigError as error:
        return UniverseCheck(path, [str(error)])
    if problems:
        return UniverseCheck(path, problems)
    universe = parse_universe(text, str(path))
    faults, notes = _venues(universe, settings)
    faults = [*implausible(universe.instruments), *faults]
    calendars = {entry.market.calendar for entry in universe.instruments if entry.is_updating}
    notes += [f"{end}; {REMEDY}" for end in calendar_ends(calendars, now)]
    return UniverseCheck(path, [f"{path}: {fault}" for fault in faults], notes, universe)


def check_in_force(settings: Settings, now: dt.datetime) -> UniverseCheck:
    """The universe in force, and what in the data root does not fit it."""
    checked = check_file(settings.universe_file().absolute(), settings, now)
    root = DataRoot(settings.root_folder)
    begun = [rename.describe() for rename in renames(root) if not rename.is_finished]
    begun += [archive.describe() for archive in all_archives(root) if not archive.is_finished]
    if checked.universe is None:
        return UniverseCheck(checked.path, [*checked.problems, *begun])
    refused = (
        other_instrument(root.symbol(entry.symbol), entry) for entry in checked.universe.instruments
    )
    misnamed = _unknown_in_policy(root, checked.universe)
    problems = [*checked.problems, *begun, *filter(None, refused), *misnamed]
    notes = [*checked.notes, *_untracked_folders(root, checked.universe)]
    return UniverseCheck(checked.path, problems, notes, checked.universe)


def _venues(universe: Universe, settings: Settings) -> tuple[list[str], list[str]]:
    """What is wrong with the venues of entries; and why they could not be looked up."""
    symbols: dict[tuple[str, str], list[str]] = {}
    for entry in universe.instruments:
        if entry.venue:
            symbols.setdefault((entry.source, entry.venue), []).append(entry.symbol)
    faults, notes, sources = [], [], build_sources(settings)
    for (name, venue), named in symbols.items():
        try:
            source = sources[name]
        except ConfigError as error:
            notes.append(f"venues of source {name} are not checked: {error}")
            break
        try:
            if isinstance(source, MarketSource):
                source.require_venue(venue)
        except ConfigError as error:
            faults.append(f"{', '.join(named[:_NAMED])}: {error}")
    return faults, notes


def _unknown_in_policy(root: DataRoot, universe: Universe) -> Iterator[str]:
    try:
        unknown = read_policy(root).symbols - set(universe.symbols)
    except ConfigError as error:
        yield str(error)
        return
    for symbol in sorted(unknown):
        yield (
            f"{root.gate_policy} has a severity for {symbol}, which is neither a class nor in the "
            f"universe{nearest(symbol, (*universe.symbols, *MARKETS))}; correct or remove it"
        )


def _untracked_folders(root: DataRoot, universe: Universe) -> Iterator[str]:
    """A note about folders of symbols that are not in the universe."""
    assets = root.symbol("ANY").folder.parent  # the layout names no folder above the symbols
    folders = {path.name for path in assets.iterdir()} if assets.is_dir() else set()
    strange = sorted(folders - set(universe.symbols))
    if strange:
        more = f" and {len(strange) - _NAMED} more" if len(strange) > _NAMED else ""
        names = f"{', '.join(strange[:_NAMED])}{more}"
        yield (
            f"{assets} has folders of symbols that are not in the universe: {names}; "
            "add them to track them, or move the folders away"
        )
