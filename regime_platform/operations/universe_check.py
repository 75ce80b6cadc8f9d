"""What is wrong with a universe file, and what of a data root does not fit its universe."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from regime_platform.audit.archives import all_archives
from regime_platform.bar_store.layout import DataRoot
from regime_platform.bar_store.rename_journal import renames
from regime_platform.errors import ConfigError
from regime_platform.model.universe.universe import Universe, parse_universe, universe_problems
from regime_platform.pipeline.identity import other_instrument
from regime_platform.settings import Settings, read_universe

_NAMED = 5  # folders spelled out; the rest is counted


@dataclass(frozen=True)
class UniverseCheck:
    """A universe file, looked at from all sides."""

    path: Path
    problems: list[str] = field(default_factory=list)  # keep it from being used, or need an act
    notes: list[str] = field(default_factory=list)
    universe: Universe | None = None  # None where it cannot be read

    def facts(self) -> dict[str, object]:
        """Plain values for ``--json``."""
        held = () if self.universe is None else self.universe.instruments
        return {
            "file": str(self.path),
            "is_valid": not self.problems,
            "problems": self.problems,
            "notes": self.notes,
            "symbols": len(held),
            "delisted": sum(not one.is_polled for one in held),
            "tiers": dict(Counter(one.tier for one in held)),
            "classes": dict(Counter(one.asset_class for one in held)),
            "sources": dict(Counter(one.source for one in held)),
        }


def check_file(path: Path) -> UniverseCheck:
    """A file by itself, wherever it lies."""
    try:
        text = read_universe(path)
        problems = universe_problems(text, str(path))
    except ConfigError as error:
        return UniverseCheck(path, [str(error)])
    return UniverseCheck(
        path, problems, universe=None if problems else parse_universe(text, str(path))
    )


def check_in_force(settings: Settings) -> UniverseCheck:
    """The universe in force, with what the data root says about it."""
    checked = check_file(settings.universe_file().absolute())
    root = DataRoot(settings.root_folder)
    begun = [rename.told() for rename in renames(root) if not rename.is_finished]
    begun += [archive.describe() for archive in all_archives(root) if not archive.is_finished]
    if checked.universe is not None:
        refused = (other_instrument(root, entry) for entry in checked.universe.instruments)
        begun += [reason for reason in refused if reason]
    notes = [] if checked.universe is None else _strangers(root, checked.universe)
    return UniverseCheck(checked.path, [*checked.problems, *begun], notes, checked.universe)


def _strangers(root: DataRoot, universe: Universe) -> list[str]:
    """Folders of bars that nobody follows."""
    assets = root.symbol("ANY").folder.parent  # the layout names no folder above the symbols
    found = sorted(path.name for path in assets.iterdir()) if assets.is_dir() else []
    known = set(universe.symbols)
    strange = [name for name in found if name not in known]
    if not strange:
        return []
    more = f" and {len(strange) - _NAMED} more" if len(strange) > _NAMED else ""
    told = f"{', '.join(strange[:_NAMED])}{more}"
    where = f"{assets} has folders of symbols that are not in the universe: {told}"
    return [f"{where}; add them to follow them, or move the folders away"]
