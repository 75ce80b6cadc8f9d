"""The commands that look at the universe: check and list. Those that change it stand beside."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regime_platform.cli import universe_changes, universe_importing, universe_repoint
from regime_platform.cli.exits import NOTHING_SUCCEEDED
from regime_platform.cli.options import Json

if TYPE_CHECKING:
    from regime_platform.model.instruments import Instrument

universe = typer.Typer(no_args_is_help=True)


@universe.command()
def check(
    file: Annotated[
        Path | None, typer.Argument(help="Another file than the universe in force.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Tell everything that is wrong with the universe, line by line; changes nothing."""
    from regime_platform.cli.screen import messages, plural, print_json, results
    from regime_platform.pipeline.universe_check import check_file, check_in_force
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
        told = f"{plural(len(checked.problems), 'problem')} in {checked.path}"
        if checked.universe is not None:
            told = f"{told}: {_counts(checked.universe.instruments)}"
        messages().print(told, markup=False, soft_wrap=True)
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
    """List the instruments in the order of their partitions."""
    from regime_platform.cli.screen import messages, print_json, print_table, results
    from regime_platform.settings import Settings, load_universe

    held = load_universe(Settings())
    wanted = [
        one
        for one in (held.instruments if tier is None else held.tier(tier))
        if asset_class in (None, one.asset_class)
        and source in (None, one.source)
        and not (delisted and one.is_polled)
    ]
    if as_json:
        print_json([one.facts() for one in wanted])
    elif only_symbols:
        for one in wanted:
            results().out(one.symbol, highlight=False)
    else:
        columns = ("symbol", "name", "class", "tier", "source", "there", "market", "delisted")
        print_table(columns, [_row(one) for one in wanted], folding=("name",))
        messages().print(_counts(wanted), markup=False)


def _row(one: "Instrument") -> tuple[str, ...]:
    there, type_ = one.identity.get("provider_symbol", ""), one.identity.get("type", "")
    market = one.identity.get("mic_code") or one.identity.get("exchange", "")
    name = f"{one.name} (formerly {', '.join(one.formerly)})" if one.formerly else one.name
    called = f"{there} ({type_})" if type_ else there
    end = (called or "·", market or "·", one.delisted or "·")
    return one.symbol, name, one.asset_class, one.tier, one.source, *end


def _counts(instruments: "list[Instrument] | tuple[Instrument, ...]") -> str:
    from regime_platform.cli.screen import plural

    tiers = {tier: sum(one.tier == tier for one in instruments) for tier in ("core", "daily")}
    told = [f"{number:,} {tier}" for tier, number in tiers.items() if number]
    gone = sum(not one.is_polled for one in instruments)
    told += [f"{gone:,} of them delisted"] if gone else []
    return ", ".join([plural(len(instruments), "symbol"), *told])


universe.command("add")(universe_changes.add)
universe.command("rename")(universe_changes.rename)
universe.command("delist")(universe_changes.delist)
universe.command("remove")(universe_changes.remove)
universe.command("repoint")(universe_repoint.repoint)
universe.command("import")(universe_importing.import_file)
