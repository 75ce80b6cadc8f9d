"""`regime universe`: the group, and its commands check, list and repoint."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regime_platform.cli.console.exits import NOTHING_SUCCEEDED
from regime_platform.cli.console.options import By, Json, Now, Reason, Symbol, user
from regime_platform.cli.universe import changes, importing
from regime_platform.cli.universe.changes import DryRun
from regime_platform.errors import UsageError

if TYPE_CHECKING:
    from regime_platform.model.instruments import Instrument
    from regime_platform.operations.repoint import RepointOutcome

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
    from regime_platform.operations.documents import universe_check_document
    from regime_platform.operations.universe_check import check_file, check_in_force
    from regime_platform.settings import Settings

    checked = check_in_force(Settings()) if file is None else check_file(file)
    if as_json:
        print_json(universe_check_document(checked))
    else:
        for problem in checked.problems:
            results().print(problem, style="bold red", soft_wrap=True)
        for note in checked.notes:
            messages().print(note, style="yellow", soft_wrap=True)
        summary = f"{plural(len(checked.problems), 'problem')} in {checked.path}"
        if checked.universe is not None:
            summary = f"{summary}: {_counts(checked.universe.instruments)}"
        messages().print(summary, soft_wrap=True)
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
        print_json([instrument.model_dump(mode="json") for instrument in wanted])
    elif only_symbols:
        for instrument in wanted:
            results().out(instrument.symbol)
    else:
        columns = ("symbol", "name", "class", "tier", "source", "at source", "market", "delisted")
        print_table(columns, [_row(instrument) for instrument in wanted], folding=("name",))
        messages().print(_counts(wanted))


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


def repoint(  # noqa: PLR0913, PLR0917 - one parameter per option
    symbol: Symbol,
    reason: Reason,
    same: Annotated[
        bool, typer.Option("--same", help="The stored bars belong to the instrument of the entry.")
    ] = False,
    archive: Annotated[
        bool,
        typer.Option("--archive", help="They belong to another: archive them and start afresh."),
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Archive them; default: only show what would be done.")
    ] = False,
    by: By = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Resolve a conflict between the stored bars of a symbol and its universe entry.

    For example: regime universe repoint FB --same --reason "moved from XNGS to XNYS"
    """
    from dataclasses import asdict

    from regime_platform.cli.console.clock import moment
    from regime_platform.cli.console.screen import print_json
    from regime_platform.operations.overrides import Statement
    from regime_platform.operations.repoint import repoint_archive, repoint_same
    from regime_platform.workspace import Workspace

    if same == archive:
        raise UsageError(
            "give one of --same (the stored bars belong to the instrument of the universe) "
            "and --archive (they belong to another)",
            code="conflicting-options",
        )
    workspace = Workspace.open()
    root, instrument = workspace.root, workspace.universe.instrument(symbol.upper())
    statement = Statement(reason, by or user(), moment(now))
    if same:
        done = repoint_same(root, instrument, statement, dry_run=dry_run)
    else:
        done = repoint_archive(root, instrument, statement, dry_run=dry_run or not yes)
    if as_json:
        print_json(asdict(done))
    else:
        _print(done, is_dry=dry_run or (archive and not yes), asks=not dry_run)


def _print(done: "RepointOutcome", *, is_dry: bool, asks: bool) -> None:
    from regime_platform.cli.console.screen import messages, results

    lines = [f"stored bars: {done.stored}", f"universe:    {done.meant}"]
    lines += [
        f"{timeframe}: {count:,} bars of contradicting fetches"
        for timeframe, count in done.contradicting.items()
    ]
    for line in lines:
        results().print(line, soft_wrap=True)
    messages().print(_outcome(done, is_dry=is_dry, asks=asks), soft_wrap=True)


def _outcome(done: "RepointOutcome", *, is_dry: bool, asks: bool) -> str:
    symbol = done.symbol
    if is_dry and done.folder:
        hint = "; nothing was done yet; --yes does it" if asks else "; dry run: nothing was done"
        return f"{symbol}: all stored data go to {done.folder}{hint}"
    if is_dry:
        return f"{symbol}: dry run: nothing was recorded"
    if not done.is_written:
        return f"{symbol}: no conflict"
    if not done.folder:
        return f"{symbol}: recorded as the same instrument; `regime run {symbol}` continues"
    resumed = " (an interrupted archiving was completed)" if done.carried_on else ""
    begin = f"`regime run {symbol}` starts afresh"
    return f"{symbol}: all stored data are in {done.folder}{resumed}; {begin}"


universe.command("add")(changes.add)
universe.command("rename")(changes.rename)
universe.command("delist")(changes.delist)
universe.command("remove")(changes.remove)
universe.command("repoint")(repoint)
universe.command("import")(importing.import_file)
