"""The commands that change single symbols of the universe: add, rename, delist, remove."""

from typing import TYPE_CHECKING, Annotated

import typer

from regime_platform.cli.options import Json, Now
from regime_platform.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from regime_platform.model.universe import Universe
    from regime_platform.pipeline.universe_file import UniverseEdit

Symbol = Annotated[str, typer.Argument(help="A symbol of the universe, in any case.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be; write nothing.")]
Name = Annotated[str | None, typer.Option("--name", help="What people call it.")]
Provider = Annotated[
    str | None, typer.Option("--provider-symbol", help="Its symbol at the source, as EUR/USD.")
]
Mic = Annotated[str | None, typer.Option("--mic-code", help="Its market: ISO 10383, as XNYS.")]
Exchange = Annotated[str | None, typer.Option("--exchange", help="Its market, in other words.")]
Class = Annotated[str | None, typer.Option("--class", help="Its asset class, as US_EQUITY.")]
Tier = Annotated[str | None, typer.Option("--tier", help="core or daily.")]
Source = Annotated[str | None, typer.Option("--source", help="sample, files or twelvedata.")]


def add(  # noqa: PLR0913, PLR0917 - one parameter per option
    symbol: Annotated[str, typer.Argument(help="The new symbol: A-Z 0-9 . _ - = ^.")],
    name: Name = None,
    asset_class: Class = None,
    tier: Tier = None,
    source: Source = None,
    provider_symbol: Provider = None,
    mic_code: Mic = None,
    exchange: Exchange = None,
    type_: Annotated[str | None, typer.Option("--type", help="The vendor's word for it.")] = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Follow one more instrument; the next run fetches its history."""
    from regime_platform.model.universe_entry import parse_entry
    from regime_platform.pipeline.universe_edits import add as add_instruments
    from regime_platform.settings import Settings

    fields = {
        "symbol": symbol.upper(),
        "name": name,
        "asset_class": asset_class,
        "tier": tier,
        "source": source,
        "provider_symbol": provider_symbol,
        "mic_code": mic_code,
        "exchange": exchange,
        "type": type_,
    }
    try:
        instrument = parse_entry({key: value for key, value in fields.items() if value})
    except ConfigError as error:
        raise UsageError(f"{symbol}: {error} (see `regime universe add --help`)") from error
    edit = add_instruments(Settings(), [instrument], dry_run=dry_run)
    _tell(edit, f"{instrument.symbol} is added", dry_run=dry_run, as_json=as_json)


def rename(  # noqa: PLR0913, PLR0917 - one parameter per option
    symbol: Symbol,
    new_symbol: Annotated[str, typer.Argument(help="Its new symbol.")],
    name: Name = None,
    provider_symbol: Provider = None,
    mic_code: Mic = None,
    exchange: Exchange = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Give an instrument another symbol; bars, results and manifests go with it."""
    from regime_platform.cli.clock import stamp
    from regime_platform.pipeline.renaming import rename as rename_symbol
    from regime_platform.settings import Settings

    old, new = symbol.upper(), new_symbol.upper()
    fields = {
        "symbol": new,
        "name": name,
        "provider_symbol": provider_symbol,
        "mic_code": mic_code,
        "exchange": exchange,
    }
    changes = {key: value for key, value in fields.items() if value}
    edit = rename_symbol(Settings(), old, changes, stamp(now), dry_run=dry_run)
    _tell(edit, f"{old} is {new} now", dry_run=dry_run, as_json=as_json)
    if not as_json and not dry_run:
        _tell_what_follows(edit.after, old, new)


def delist(  # noqa: PLR0913, PLR0917 - one parameter per option
    symbol: Symbol,
    since: Annotated[
        str | None,
        typer.Option("--since", help="The date it is not traded any more; default: today."),
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Ask its source again.")] = False,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Ask for no more news of an instrument; what is held stays readable and provable."""
    import datetime as dt

    from regime_platform.cli.clock import moment
    from regime_platform.pipeline.universe_edits import delist as delist_symbol
    from regime_platform.settings import Settings

    if undo and since is not None:
        raise UsageError("--undo takes a delisting back, so --since makes no sense beside it")
    today = moment(now).date()
    try:
        date = today if since is None else dt.date.fromisoformat(since)
    except ValueError as error:
        raise UsageError(f"--since {since!r} is no date; write it as 2022-06-09") from error
    if date > today:
        raise UsageError(f"--since {date} is yet to come (it is {today}); delist it then")
    edit = delist_symbol(Settings(), symbol, None if undo else date, dry_run=dry_run)
    told = "is asked for again" if undo else f"is delisted since {date}"
    _tell(edit, f"{symbol.upper()} {told}", dry_run=dry_run, as_json=as_json)


def remove(
    symbols: Annotated[list[str], typer.Argument(help="Symbols of the universe, in any case.")],
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Follow symbols no more; their folders stay, and adding them again finds them."""
    from regime_platform.pipeline.universe_edits import remove as remove_symbols
    from regime_platform.settings import Settings

    edit = remove_symbols(Settings(), symbols, dry_run=dry_run)
    gone = sorted(set(edit.before.symbols) - set(edit.after.symbols))
    told = f"{', '.join(gone)} removed; bars and results stay in {edit.path.parent / 'assets'}"
    _tell(edit, told, dry_run=dry_run, as_json=as_json)


def edit_facts(edit: "UniverseEdit") -> dict[str, object]:
    """What an edit did, as plain values."""
    before = {one.symbol: one.facts() for one in edit.before.instruments}
    after = {one.symbol: one.facts() for one in edit.after.instruments}
    return {
        "file": str(edit.path),
        "is_first": edit.is_first,
        "is_written": edit.is_written,
        "carried_on": list(edit.carried_on),
        "added": [facts for symbol, facts in after.items() if symbol not in before],
        "removed": [facts for symbol, facts in before.items() if symbol not in after],
        "changed": [facts for symbol, facts in after.items() if before.get(symbol, facts) != facts],
    }


def tell_file(edit: "UniverseEdit", *, dry_run: bool) -> None:
    """Where the edit went."""
    from regime_platform.cli.screen import messages

    for sentence in edit.carried_on:
        messages().print(sentence, style="yellow", markup=False, soft_wrap=True)
    if dry_run:
        told = f"dry run: {edit.path} is as it was"
    elif not edit.is_written:
        told = f"nothing to change in {edit.path}"
    else:
        origin = " (made from the sample universe that ships with the package)"
        told = f"written to {edit.path}{origin if edit.is_first else ''}"
    messages().print(told, markup=False, soft_wrap=True)


def _tell(edit: "UniverseEdit", told: str, *, dry_run: bool, as_json: bool) -> None:
    from regime_platform.cli.screen import print_json, results

    if as_json:
        print_json(edit_facts(edit))
        return
    results().print(told, markup=False, soft_wrap=True)
    tell_file(edit, dry_run=dry_run)


def _tell_what_follows(universe: "Universe", old: str, new: str) -> None:
    from regime_platform.cli.screen import messages
    from regime_platform.compute.eras import era_class

    one = universe.instrument(new)
    then, now = (era_class(symbol, one.asset_class).name for symbol in (old, new))
    if then != now:
        told = f"its era class is {now or 'fixed'} now, no longer {then or 'fixed'}: "
        messages().print(told + "the next run recomputes it", style="yellow", markup=False)
    if one.source == "files" and one.is_polled:
        told = f"source files now looks for it in REGIME_FILES_ROOT/{new}: move the folder {old}"
        messages().print(told, style="yellow", markup=False)
