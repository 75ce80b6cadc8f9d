"""`regime universe repoint`: say whether a symbol still means the instrument of its bars."""

from typing import TYPE_CHECKING, Annotated

import typer

from regime_platform.cli.options import By, Json, Now, Reason
from regime_platform.cli.universe_changes import DryRun, Symbol
from regime_platform.errors import UsageError

if TYPE_CHECKING:
    from regime_platform.pipeline.repoint import Repoint


def repoint(  # noqa: PLR0913, PLR0917 - one parameter per option
    symbol: Symbol,
    reason: Reason,
    same: Annotated[
        bool, typer.Option("--same", help="The stored bars are of the instrument named now.")
    ] = False,
    archive: Annotated[
        bool,
        typer.Option("--archive", help="They are of another: take them out of use, start anew."),
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Archive; without this only show what would be done.")
    ] = False,
    by: By = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Say whether a symbol's stored bars are of the instrument that the universe names.

    For example: regime universe repoint FB --same --reason "moved from XNGS to XNYS"
    """
    from dataclasses import asdict

    from regime_platform.cli.clock import moment
    from regime_platform.cli.era_sets import house, user
    from regime_platform.cli.screen import print_json
    from regime_platform.pipeline.decisions import Statement
    from regime_platform.pipeline.repoint import repoint_archive, repoint_same

    if same == archive:
        raise UsageError(
            "say one of --same (the stored bars are of the instrument that the universe names) "
            "and --archive (they are of another one)"
        )
    root, universe = house()
    instrument = universe.instrument(symbol.upper())
    statement = Statement(reason, by or user(), moment(now))
    if same:
        done = repoint_same(root, instrument, statement, dry_run=dry_run)
    else:
        done = repoint_archive(root, instrument, statement, dry_run=dry_run or not yes)
    if as_json:
        print_json(asdict(done))
    else:
        _print(done, is_dry=dry_run or (archive and not yes), asks=not dry_run)


def _print(done: "Repoint", *, is_dry: bool, asks: bool) -> None:
    from regime_platform.cli.screen import messages, results

    lines = [f"stored bars: {done.stored}", f"universe:    {done.meant}"]
    lines += [
        f"{timeframe}: {count:,} bars of contradicting fetches"
        for timeframe, count in done.contradicting.items()
    ]
    for line in lines:
        results().print(line, markup=False, soft_wrap=True)
    messages().print(_outcome(done, is_dry=is_dry, asks=asks), markup=False, soft_wrap=True)


def _outcome(done: "Repoint", *, is_dry: bool, asks: bool) -> str:
    symbol = done.symbol
    if is_dry and done.folder:
        hint = "; nothing was done yet: --yes does it" if asks else "; dry run: nothing was done"
        return f"{symbol}: everything stored goes to {done.folder}{hint}"
    if is_dry:
        return f"{symbol}: dry run: nothing was recorded"
    if not done.is_written:
        return f"{symbol}: nothing to decide"
    if not done.folder:
        return f"{symbol}: recorded as the same instrument; `regime run {symbol}` goes on"
    carried = " (what was begun before was carried on)" if done.carried_on else ""
    begin = f"`regime run {symbol}` starts anew"
    return f"{symbol}: everything stored is in {done.folder}{carried}; {begin}"
