"""`regime universe add`, `rename`, `delist` and `remove`."""

from typing import TYPE_CHECKING, Annotated

import typer

from regime_platform.cli.console.options import Json, Now, Symbol
from regime_platform.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from regime_platform.model.universe.universe import Universe
    from regime_platform.operations.universe_file import UniverseEdit

DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the result; write nothing.")]
Name = Annotated[str | None, typer.Option("--name", help="Display name.")]
Provider = Annotated[
    str | None, typer.Option("--provider-symbol", help="Its symbol at the source, as EUR/USD.")
]
Mic = Annotated[str | None, typer.Option("--mic-code", help="Its market: ISO 10383, as XNYS.")]
Exchange = Annotated[str | None, typer.Option("--exchange", help="Name of its market.")]
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
    type_: Annotated[
        str | None, typer.Option("--type", help="Instrument type of the vendor.")
    ] = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Add an instrument; the next run fetches its history."""
    from regime_platform.model.universe.entry import parse_entry
    from regime_platform.operations.universe_edits import add as add_instruments
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
        raise UsageError(f"{error} (see `regime universe add --help`)", code="bad-entry") from error
    edit = add_instruments(Settings(), [instrument], dry_run=dry_run)
    _print_edit(edit, f"{instrument.symbol} is added", dry_run=dry_run, as_json=as_json)


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
    """Rename a symbol with its bars, results and manifests."""
    from regime_platform.cli.console.clock import stamp
    from regime_platform.operations.renaming import rename as rename_symbol
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
    _print_edit(edit, f"{old} is renamed to {new}", dry_run=dry_run, as_json=as_json)
    if not as_json and not dry_run:
        _print_consequences(edit.after, old, new)


def delist(  # noqa: PLR0913, PLR0917 - one parameter per option
    symbol: Symbol,
    since: Annotated[
        str | None,
        typer.Option("--since", help="Date of the delisting; default: today."),
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Resume fetching.")] = False,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Stop fetching an instrument; its stored data stay readable and verifiable."""
    import datetime as dt

    from regime_platform.cli.console.clock import moment
    from regime_platform.operations.universe_edits import delist as delist_symbol
    from regime_platform.settings import Settings

    if undo and since is not None:
        raise UsageError(
            "--undo withdraws a delisting; leave out --since",
            code="conflicting-options",
        )
    today = moment(now).date()
    try:
        date = today if since is None else dt.date.fromisoformat(since)
    except ValueError as error:
        raise UsageError(
            f"--since {since!r} is not a date; write it as 2022-06-09", code="bad-date"
        ) from error
    if date > today:
        raise UsageError(
            f"--since {date} is in the future (today is {today}); delist it then", code="time-ahead"
        )
    edit = delist_symbol(Settings(), symbol, None if undo else date, dry_run=dry_run)
    change = "is fetched again" if undo else f"is delisted since {date}"
    _print_edit(edit, f"{symbol.upper()} {change}", dry_run=dry_run, as_json=as_json)


def remove(
    symbols: Annotated[list[str], typer.Argument(help="Symbols of the universe, in any case.")],
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Remove symbols from the universe; their stored data stay."""
    from regime_platform.operations.universe_edits import remove as remove_symbols
    from regime_platform.settings import Settings

    edit = remove_symbols(Settings(), symbols, dry_run=dry_run)
    gone = sorted(set(edit.before.symbols) - set(edit.after.symbols))
    change = f"{', '.join(gone)} removed; bars and results stay in {edit.path.parent / 'assets'}"
    _print_edit(edit, change, dry_run=dry_run, as_json=as_json)


def edit_document(edit: "UniverseEdit") -> dict[str, object]:
    """An edit as a JSON document."""
    before = {entry.symbol: entry.model_dump(mode="json") for entry in edit.before.instruments}
    after = {entry.symbol: entry.model_dump(mode="json") for entry in edit.after.instruments}
    return {
        "file": str(edit.path),
        "is_first": edit.is_first,
        "is_written": edit.is_written,
        "carried_on": list(edit.carried_on),
        "added": [facts for symbol, facts in after.items() if symbol not in before],
        "removed": [facts for symbol, facts in before.items() if symbol not in after],
        "changed": [facts for symbol, facts in after.items() if before.get(symbol, facts) != facts],
    }


def print_file(edit: "UniverseEdit", *, dry_run: bool) -> None:
    """Prints which file was written, if any."""
    from regime_platform.cli.console.screen import messages

    for sentence in edit.carried_on:
        messages().print(sentence, style="yellow", soft_wrap=True)
    if dry_run:
        summary = f"dry run: {edit.path} is unchanged"
    elif not edit.is_written:
        summary = f"nothing to change in {edit.path}"
    else:
        origin = " (created from the sample universe of the package)"
        summary = f"written to {edit.path}{origin if edit.is_first else ''}"
    messages().print(summary, soft_wrap=True)


def _print_edit(edit: "UniverseEdit", change: str, *, dry_run: bool, as_json: bool) -> None:
    from regime_platform.cli.console.screen import print_json, results

    if as_json:
        print_json(edit_document(edit))
        return
    results().print(change, soft_wrap=True)
    print_file(edit, dry_run=dry_run)


def _print_consequences(universe: "Universe", old: str, new: str) -> None:
    from regime_platform.cli.console.screen import messages
    from regime_platform.compute.eras.eras import era_class

    renamed = universe.instrument(new)
    before, after = (era_class(symbol, renamed.asset_class).name for symbol in (old, new))
    if before != after:
        change = f"its era class changes from {before or 'fixed'} to {after or 'fixed'}: "
        messages().print(change + "the next run recomputes it", style="yellow")
    if renamed.source == "files" and renamed.is_polled:
        change = f"source files now reads REGIME_FILES_ROOT/{new}: move the folder {old}"
        messages().print(change, style="yellow")
