"""Which symbols a command means: named, from a file, of a tier, or all of the universe."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regime_platform.errors import UsageError
from regime_platform.model.instruments import Instrument
from regime_platform.model.universe import Universe

if TYPE_CHECKING:
    from regime_platform.pipeline.platform import Platform
    from regime_platform.settings import Settings

Symbols = Annotated[
    list[str] | None,
    typer.Argument(help="Symbols of the universe, in any case; A...C is all from A to C."),
]
Everything = Annotated[bool, typer.Option("--all", help="Every symbol of the universe.")]
SymbolsFile = Annotated[
    Path | None,
    typer.Option(
        "--symbols-file", help="A text file with symbols, separated by spaces or lines; # comments."
    ),
]
Tier = Annotated[str | None, typer.Option("--tier", help="Only this tier: core or daily.")]


@dataclass(frozen=True)
class Asked:
    """The symbols meant, and the platform that they are on."""

    settings: "Settings"
    platform: "Platform"
    instruments: tuple[Instrument, ...]


def asked(
    symbols: list[str] | None,
    *,
    everything: bool,
    symbols_file: Path | None,
    tier: str | None,
) -> Asked:
    """Opens the platform that the settings name, and finds the symbols meant there.

    Raises:
        UsageError: see `chosen`.
    """
    from regime_platform.pipeline.platform import open_platform
    from regime_platform.settings import Settings

    settings = Settings()
    platform = open_platform(settings)
    wanted = chosen(
        platform.universe, symbols, everything=everything, symbols_file=symbols_file, tier=tier
    )
    return Asked(settings, platform, wanted)


def chosen(
    universe: Universe,
    symbols: list[str] | None,
    *,
    everything: bool,
    symbols_file: Path | None,
    tier: str | None,
) -> tuple[Instrument, ...]:
    """The instruments meant, in partition order.

    Raises:
        UsageError: nothing or several things were asked for, or a symbol is unknown.
    """
    named = list(symbols or [])
    ways = sum((bool(named), everything, symbols_file is not None))
    if ways > 1:
        raise UsageError("name symbols, or give --symbols-file, or --all: one of the three")
    if ways == 0 and tier is None:
        raise UsageError("no symbols: name some, or give --all, --tier or --symbols-file")
    if symbols_file is not None:
        named = _listed(symbols_file)
    wanted = universe.select(_spelled_out(universe, named)) if named else universe.instruments
    if tier is None:
        return wanted
    members = {one.symbol for one in universe.tier(tier)}
    kept = tuple(one for one in wanted if one.symbol in members)
    if not kept:
        raise UsageError(f"none of the symbols asked for is in tier {tier}")
    return kept


def _spelled_out(universe: Universe, named: list[str]) -> list[str]:
    """Ranges by their members, in partition order; both ends are symbols and belong to it."""
    wanted = []
    for name in named:
        first, dots, last = name.partition("...")
        if not dots:
            wanted.append(name)
            continue
        ends = [universe.symbols.index(universe.select([one])[0].symbol) for one in (first, last)]
        if ends[0] > ends[1]:
            raise UsageError(f"{name}: {last} stands before {first} in the universe")
        wanted += universe.symbols[ends[0] : ends[1] + 1]
    return wanted


def _listed(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise UsageError(f"cannot read the symbols file {path}: {error.strerror}") from error
    named = [word for line in lines for word in line.partition("#")[0].replace(",", " ").split()]
    if not named:
        raise UsageError(f"the symbols file {path} names no symbol")
    return named
