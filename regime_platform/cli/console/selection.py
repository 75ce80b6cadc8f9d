"""The symbols of a command: named, from a file, of a tier, or all of the universe."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from regime_platform.cli.console.options import Options, Symbols
from regime_platform.errors import UsageError
from regime_platform.model.instruments import Instrument
from regime_platform.model.symbols import split_symbols
from regime_platform.model.universe.universe import Universe
from regime_platform.pipeline.run_workspace import RunWorkspace


class Selection(NamedTuple):
    """The symbols that a command is to process, and the workspace that they are in."""

    workspace: RunWorkspace
    instruments: tuple[Instrument, ...]


@dataclass(frozen=True)
class SymbolChoice(Options):
    """The symbol options of a command as they were given."""

    symbols: Symbols = None
    everything: Annotated[bool, typer.Option("--all", help="Every symbol of the universe.")] = False
    symbols_file: Annotated[
        Path | None,
        typer.Option(
            "--symbols-file",
            help="A text file with symbols, separated by spaces or lines; # comments.",
        ),
    ] = None
    tier: Annotated[str | None, typer.Option("--tier", help="Only this tier: core or daily.")] = (
        None
    )

    def __bool__(self) -> bool:
        return bool(self.symbols or self.everything or self.symbols_file or self.tier)

    def open(self) -> Selection:
        """Opens the workspace of the environment and finds the symbols there.

        Raises:
            UsageError: see `of`.
        """
        workspace = RunWorkspace.open()
        return Selection(workspace, self.of(workspace.universe))

    def of(self, universe: Universe) -> tuple[Instrument, ...]:
        """The instruments chosen, in partition order.

        Raises:
            UsageError: no or conflicting options, or an unknown symbol.
        """
        named = split_symbols(self.symbols or ())
        ways = sum((bool(named), self.everything, self.symbols_file is not None))
        if ways > 1:
            raise UsageError(
                "give only one of: symbols, --symbols-file, --all", code="conflicting-selection"
            )
        if ways == 0 and self.tier is None:
            raise UsageError(
                "no symbols: give symbols, --all, --tier or --symbols-file", code="no-selection"
            )
        if self.symbols_file is not None:
            named = _listed(self.symbols_file)
        wanted = universe.select(_expanded(universe, named)) if named else universe.instruments
        if self.tier is None:
            return wanted
        members = {instrument.symbol for instrument in universe.tier(self.tier)}
        kept = tuple(instrument for instrument in wanted if instrument.symbol in members)
        if not kept:
            raise UsageError(f"none of these symbols is in tier {self.tier}", code="none-in-tier")
        return kept


def _expanded(universe: Universe, named: list[str]) -> list[str]:
    """The names with every range A...C replaced by its members, both ends included."""
    wanted = []
    for name in named:
        first, dots, last = name.partition("...")
        if not dots:
            wanted.append(name)
            continue
        ends = [universe.symbols.index(universe.select([end])[0].symbol) for end in (first, last)]
        if ends[0] > ends[1]:
            raise UsageError(
                f"{name}: {last} comes before {first} in the universe", code="reversed-range"
            )
        wanted += universe.symbols[ends[0] : ends[1] + 1]
    return wanted


def _listed(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise UsageError(
            f"cannot read the symbols file {path}: {error.strerror}", code="unreadable-file"
        ) from error
    named = split_symbols(line.partition("#")[0] for line in lines)
    if not named:
        raise UsageError(f"the symbols file {path} has no symbols", code="no-symbols-in-file")
    return named
