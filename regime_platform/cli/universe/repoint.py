"""`regime universe repoint`: resolves a conflict between stored bars and universe entry."""

from typing import TYPE_CHECKING, Annotated

import typer

from regime_platform.cli.console.options import By, Json, Now, Reason
from regime_platform.cli.universe.changes import DryRun, Symbol
from regime_platform.errors import UsageError

if TYPE_CHECKING:
    from regime_platform.operations.repoint import RepointOutcome


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
    from regime_platform.cli.operations.era_sets import user
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
        results().print(line, markup=False, soft_wrap=True)
    messages().print(_outcome(done, is_dry=is_dry, asks=asks), markup=False, soft_wrap=True)


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
