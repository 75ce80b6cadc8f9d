"""`regime universe`: the group, and its commands check and list."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regime_platform.cli.console.options import Json
from regime_platform.cli.exits import NOTHING_SUCCEEDED
from regime_platform.cli.universe import changes, importing, repoint

if TYPE_CHECKING:
    from regime_platform.model.instruments import Instrument

universe = typer.Typer(no_args_is_help=True)


@universe.command()
def check(
    file: Annotated[
        Path | None, typer.Argument(help="File to check; default: the universe in force.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show all errors of the universe file, line by line; changes nothing."""
    from regime_platform.cli.console.screen import messages, plural, print_json, results
    from regime_platform.operations.universe_check import check_file, check_in_force
    from regime_platform.settings import Settings

    checked = check_in_force(Settings()) if file is None else check_file(file)
    facts = checked.facts()
    if as_json:
        print_json(facts)
    else:
        for problem in checked.problems:
            results().print(problem, style="bold red", markup=False, soft_wrap=True)
        for note in checked.notes:
            messages().print(note, style="yellow", markup=False, soft_wrap=True)
        summary = f"{plural(len(checked.problems), 'problem')} in {checked.path}"
        if checked.universe is not None:
            summary = f"{summary}: {_counts(checked.universe.instruments)}"
        messages().print(summary, markup=False, soft_wrap=True)
    if checked.problems:
        raise typer.Exit(NOTHING_SUCCEEDED)


@universe.command("list")
def list_symbols(  # noqa: PLR0913, PLR0917 - one parameter per option
    tier: Annotated[str | None, typer.Option("--tier", help="Only core or daily.")] = None,
    asset_class: Annotated[
        str | None, typer.Option("--class", help="Only this asset class.")
    ] = None,
    source: Annotated[str | None, typer.Option("--source", help="Only from this source.")] = None,
    delisted: Annotated[bool, typer.Option("--delisted", help="Only the delisted ones.")] = False,
    only_symbols: Annotated[
        bool, typer.Option("--symbols", help="Only the symbols, one per line.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show the instruments in partition order."""
    from regime_platform.cli.console.screen import messages, print_json, print_table, results
    from regime_platform.settings import Settings, load_universe

    tracked = load_universe(Settings())
    wanted = [
        instrument
        for instrument in (tracked.instruments if tier is None else tracked.tier(tier))
        if asset_class in (None, instrument.asset_class)
        and source in (None, instrument.source)
        and not (delisted and instrument.is_polled)
    ]
    if as_json:
        print_json([instrument.facts() for instrument in wanted])
    elif only_symbols:
        for instrument in wanted:
            results().out(instrument.symbol, highlight=False)
    else:
        columns = ("symbol", "name", "class", "tier", "source", "at source", "market", "delisted")
        print_table(columns, [_row(instrument) for instrument in wanted], folding=("name",))
        messages().print(_counts(wanted), markup=False)


def _row(instrument: "Instrument") -> tuple[str, ...]:
    identity, name = instrument.identity, instrument.name
    at_source, type_ = identity.get("provider_symbol", ""), identity.get("type", "")
    market = identity.get("mic_code") or identity.get("exchange", "")
    if instrument.formerly:
        name = f"{name} (formerly {', '.join(instrument.formerly)})"
    if type_:
        at_source = f"{at_source} ({type_})"
    return (
        *(instrument.symbol, name, instrument.asset_class, instrument.tier, instrument.source),
        *(at_source or "·", market or "·", instrument.delisted or "·"),
    )


def _counts(instruments: "list[Instrument] | tuple[Instrument, ...]") -> str:
    from regime_platform.cli.console.screen import plural

    tiers = Counter(instrument.tier for instrument in instruments)
    counts = [f"{tiers[tier]:,} {tier}" for tier in ("core", "daily") if tiers[tier]]
    delisted = sum(not instrument.is_polled for instrument in instruments)
    counts += [f"{delisted:,} of them delisted"] if delisted else []
    return ", ".join([plural(len(instruments), "symbol"), *counts])


universe.command("add")(changes.add)
universe.command("rename")(changes.rename)
universe.command("delist")(changes.delist)
universe.command("remove")(changes.remove)
universe.command("repoint")(repoint.repoint)
universe.command("import")(importing.import_file)
