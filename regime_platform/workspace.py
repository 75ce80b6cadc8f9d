"""A data root and the universe of symbols that live in it: what every command and query opens."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from regime_platform.bar_store.layout import DataRoot, SymbolPaths
from regime_platform.bar_store.rename_journal import require_at_rest
from regime_platform.model.instruments import Instrument
from regime_platform.model.universe.universe import Universe
from regime_platform.settings import Settings, load_universe

#: What names a workspace: settings, a data root, or nothing for the settings of the environment.
Where = Settings | Path | str | None


@dataclass(frozen=True)
class Workspace:
    """A data root, its universe and the settings that name both."""

    root: DataRoot
    universe: Universe
    settings: Settings

    @classmethod
    def open(cls, where: Where = None) -> Self:
        """The workspace that settings or a path name.

        Args:
            where: settings, or a data root for which everything else comes from the environment.

        Raises:
            ConfigError: the universe is missing or invalid.
        """
        settings = settings_of(where)
        return cls(DataRoot(settings.root_folder), load_universe(settings), settings)

    def find(self, symbol: str) -> tuple[Instrument, SymbolPaths]:
        """An instrument of the universe and its folder.

        Raises:
            UsageError: the symbol is not in the universe.
        """
        instrument = self.universe.instrument(symbol)
        return instrument, self.root.symbol(instrument.symbol)

    def find_readable(self, symbol: str) -> tuple[Instrument, SymbolPaths]:
        """The same for readers.

        Raises:
            UsageError: the symbol is not in the universe.
            BarsError: a rename of it is not finished.
        """
        instrument, paths = self.find(symbol)
        require_at_rest(self.root, instrument.symbol)
        return instrument, paths


def settings_of(where: Where) -> Settings:
    """The settings that ``where`` means."""
    if isinstance(where, Settings):
        return where
    settings = Settings()
    return settings if where is None else settings.model_copy(update={"data_root": Path(where)})
