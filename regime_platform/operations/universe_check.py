"""What is wrong with a universe file, and what in a data root does not fit its universe."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from regime_platform.audit.archives import all_archives
from regime_platform.bar_store.layout import DataRoot
from regime_platform.bar_store.rename_journal import renames
from regime_platform.errors import ConfigError, nearest
from regime_platform.model.markets import MARKETS
from regime_platform.model.universe.plausibility import implausible
from regime_platform.model.universe.universe import Universe, parse_universe, universe_findings
from regime_platform.pipeline.gate.validate_log import read_policy
from regime_platform.pipeline.identity import other_instrument
from regime_platform.settings import Settings, read_universe

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


def check_file(path: Path) -> UniverseCheck:
    """Checks a file by itself, wherever it is."""
    try:
        text = read_universe(path)
        problems = [f"{path} {finding}" for finding in universe_findings(text, str(path))]
    except ConfigError as error:
        return UniverseCheck(path, [str(error)])
    if problems:
        return UniverseCheck(path, problems)
    universe = parse_universe(text, str(path))
    faults = [f"{path}: {fault}" for fault in implausible(universe.instruments)]
    return UniverseCheck(path, faults, universe=universe)


def check_in_force(settings: Settings) -> UniverseCheck:
    """The universe in force, and what in the data root does not fit it."""
    checked = check_file(settings.universe_file().absolute())
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
    notes = list(_untracked_folders(root, checked.universe))
    return UniverseCheck(checked.path, problems, notes, checked.universe)


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
