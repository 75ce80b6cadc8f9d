"""Where a question looks: the data root and universe of the settings, or of a folder given."""

from dataclasses import dataclass
from pathlib import Path

from regime_platform.bars.layout import DataRoot, SymbolPaths
from regime_platform.bars.verdicts import read_verdict
from regime_platform.errors import ResultsError
from regime_platform.model.instruments import Instrument
from regime_platform.model.universe import Universe
from regime_platform.settings import Settings, load_universe

Where = Settings | Path | str | None


@dataclass(frozen=True)
class Place:
    """A data root and the symbols that live in it."""

    root: DataRoot
    universe: Universe

    def find(self, symbol: str) -> tuple[Instrument, SymbolPaths]:
        """An instrument of the universe and its folder.

        Raises:
            UsageError: the symbol is not in the universe.
        """
        instrument = self.universe.instrument(symbol)
        return instrument, self.root.symbol(instrument.symbol)

    def computed(self, symbol: str) -> tuple[Instrument, SymbolPaths]:
        """The same for a symbol that has results.

        Raises:
            UsageError: the symbol is not in the universe.
            ResultsError: nothing was computed for it yet.
        """
        instrument, paths = self.find(symbol)
        if not paths.compute_db.exists():
            name, held_back = instrument.symbol, gate_reason(paths)
            run_it = f"`regime run {name}` makes them"
            remedy = f"blocked by the gate: {held_back}" if held_back else run_it
            raise ResultsError(f"{name} has no results yet; {remedy}")
        return instrument, paths


def gate_reason(paths: SymbolPaths) -> str:
    """Why the gate holds a symbol back; empty where it does not."""
    verdict = read_verdict(paths)
    return "" if verdict is None else verdict.reason


def place(where: Where = None) -> Place:
    """Opens a place; by default that of the environment.

    Args:
        where: settings, or a data root for which everything else comes from the environment.
    """
    if where is None:
        settings = Settings()
    elif isinstance(where, Settings):
        settings = where
    else:
        settings = Settings().model_copy(update={"data_root": Path(where)})
    return Place(DataRoot(settings.data_root.expanduser().absolute()), load_universe(settings))
