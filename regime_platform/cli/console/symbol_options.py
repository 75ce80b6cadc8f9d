"""The options with which a command names symbols: one by one, from a file, of a tier, or all."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from regime_platform.cli.console.options import Options, Symbols
from regime_platform.errors import UsageError
from regime_platform.model.instruments import Instrument
from regime_platform.model.symbols import split_symbols
from regime_platform.model.universe.universe import Universe
from regime_platform.model.watchlist import expanded
from regime_platform.query.watchlist import read_watchlist
from regime_platform.workspace import Workspace


@dataclass(frozen=True)
class SymbolOptions(Options):
    """The symbol options of a command as they were given."""

    symbols: Symbols = None
    everything: Annotated[bool, typer.Option("--all", help="Every symbol of the universe.")] = False
    symbols_file: Annotated[
        Path | None,
        typer.Option(
            "--symbols-file",
            "--watchlist",
            help="A text file with symbols, one or several a line; # comments.",
        ),
    ] = None
    tier: Annotated[str | None, typer.Option("--tier", help="Only this tier: core or daily.")] = (
        None
    )

    def __bool__(self) -> bool:
        return bool(self.symbols or self.everything or self.symbols_file or self.tier)

    def names(self) -> list[str]:
        """The symbols chosen, for commands that answer symbol by symbol.

        Named ones need not be in the universe; otherwise as `of`, with its errors.
        """
        universe, named = Workspace.open().universe, self.symbols or []
        if named and not (self.everything or self.symbols_file or self.tier or "..." in str(named)):
            return universe.symbols_of(named)
        return [instrument.symbol for instrument in self.of(universe)]

    def is_single(self, names: Sequence[str]) -> bool:
        """True where one symbol is named; a list, even of one symbol, has an answer per symbol."""
        return bool(self.symbols) and len(names) == 1

    def of(self, universe: Universe) -> tuple[Instrument, ...]:
        """The instruments chosen, in partition order.

        Raises:
            UsageError: no or conflicting options, or an unknown symbol.
        """
        named = split_symbols(self.symbols or ())
        ways = sum((bool(named), self.everything, self.symbols_file is not None))
        if ways > 1:
            raise UsageError(
                "give only one of: symbols, --watchlist, --all", code="conflicting-selection"
            )
        if ways == 0 and self.tier is None:
            raise UsageError(
                "no symbols: give symbols, --all, --tier or --watchlist", code="no-selection"
            )
        if self.symbols_file is not None:
            named = list(read_watchlist(self.symbols_file, universe))
        wanted = universe.select(expanded(universe, named)) if named else universe.instruments
        if self.tier is None:
            return wanted
        members = {instrument.symbol for instrument in universe.tier(self.tier)}
        kept = tuple(instrument for instrument in wanted if instrument.symbol in members)
        if not kept:
            raise UsageError(f"none of these symbols is in tier {self.tier}", code="none-in-tier")
        return kept
