"""`regime snapshot`: take, list and compare snapshots, and export one as a bundle."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regime_platform.cli.console.options import Json, Now
from regime_platform.cli.exits import SOME_FAILED
from regime_platform.errors import UsageError

if TYPE_CHECKING:
    from regime_platform.manifests.snapshot_diff import SymbolChange

snapshot = typer.Typer(invoke_without_command=True)

Wanted = Annotated[str, typer.Argument(help="A name, a date, or a label such as 2026-11-20.2.")]
_MOST_SHOWN = 10


@snapshot.callback()
def take(
    context: typer.Context,
    date: Annotated[
        str | None, typer.Option("--date", help="The release's ISO date; default: today's in UTC.")
    ] = None,
    name: Annotated[str, typer.Option("--name", help="A name for the snapshot.")] = "",
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Write one manifest over all symbols; repeated dates get another revision."""
    if context.invoked_subcommand is not None:
        return
    from regime_platform.audit.snapshots import take_snapshot
    from regime_platform.cli.console.clock import stamp
    from regime_platform.cli.console.screen import messages, plural, print_json
    from regime_platform.manifests.snapshot import UNFINISHED
    from regime_platform.pipeline.platform import RunWorkspace

    at = stamp(now)
    taken = take_snapshot(RunWorkspace.open(), _date(date, at), at, name)
    listing = dict(taken.listing)
    unfinished = {
        symbol: entry["reason"]
        for symbol, entry in taken.facts["symbols"].items()
        if entry["status"] == UNFINISHED
    }
    if as_json:
        print_json({**listing, "path": str(taken.path), "unfinished": unfinished})
    else:
        totals = listing["totals"]
        proven = f"{totals['complete']:,} of {plural(totals['symbols'], 'symbol')}"
        console = messages()
        console.print(f"{taken.path}: {proven}, {totals['bars']:,} bars", markup=False)
        console.print(f"content {listing['content_digest']}", markup=False)
        console.print(f"digest  {listing['digest']}", markup=False)
        _print_unfinished(unfinished)
    if unfinished:
        raise typer.Exit(SOME_FAILED)


@snapshot.command("list")
def list_snapshots(as_json: Json = False) -> None:
    """Show all snapshots, oldest first."""
    from regime_platform.audit.snapshots import snapshots
    from regime_platform.cli.console.screen import messages, print_json, print_table
    from regime_platform.pipeline.platform import RunWorkspace

    listed = snapshots(RunWorkspace.open().root)
    if as_json:
        print_json([dict(listing) for listing in listed])
    elif not listed:
        messages().print("no snapshots; `regime snapshot` takes one")
    else:
        rows = [
            (
                str(listing["label"]),
                str(listing["name"] or "·"),
                str(listing["taken_at"])[:16].replace("T", " "),  # to the minute
                f"{listing['totals']['complete']:,} of {listing['totals']['symbols']:,}",
                str(listing["content_digest"][:12]),
                str(listing["digest"][:12]),
            )
            for listing in listed
        ]
        columns = ("snapshot", "name", "taken", "symbols", "content", "digest")
        print_table(columns, rows, folding=("name",))


@snapshot.command()
def diff(
    before: Wanted,
    after: Wanted,
    as_json: Json = False,
) -> None:
    """Show the symbols that differ between two snapshots, and why."""
    from regime_platform.audit.snapshots import find_snapshot
    from regime_platform.cli.console.screen import print_json
    from regime_platform.manifests.snapshot_diff import SAME, changes
    from regime_platform.pipeline.platform import RunWorkspace

    root = RunWorkspace.open().root
    old, new = find_snapshot(root, before), find_snapshot(root, after)
    compared = changes(old.facts, new.facts)
    changed = [change for change in compared if change.kind != SAME]
    if as_json:
        labels = {"before": old.listing["label"], "after": new.listing["label"]}
        same = len(compared) - len(changed)
        documents = [change.facts() for change in changed]
        print_json({**labels, "same": same, "changed": documents})
    else:
        _print_changes(changed, len(compared) - len(changed))


@snapshot.command()
def export(
    wanted: Wanted,
    output: Annotated[
        Path | None,
        typer.Option("--output", help="File of the bundle; default: snapshot_LABEL.zip."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a self-contained bundle for `regime verify --bundle` on another machine."""
    from regime_platform.audit.bundle.bundle import export_bundle
    from regime_platform.audit.snapshots import find_snapshot
    from regime_platform.cli.console.screen import messages, plural, print_json
    from regime_platform.cli.pipeline.warming import warm
    from regime_platform.files import path_below
    from regime_platform.pipeline.platform import RunWorkspace

    workspace = RunWorkspace.open()
    chosen = find_snapshot(workspace.root, wanted)
    target = output or path_below(Path(), f"snapshot_{chosen.listing['label']}.zip")
    warm()
    bundle = export_bundle(workspace, chosen, target)
    if as_json:
        print_json(bundle.facts())
        return
    size = f"{plural(len(bundle.symbols), 'symbol')}, {bundle.bytes:,} bytes in {bundle.path}"
    messages().print(size, markup=False, soft_wrap=True)
    if bundle.rebuilt:
        names = ", ".join(bundle.rebuilt[:_MOST_SHOWN])
        rebuilt = f"{plural(len(bundle.rebuilt), 'symbol')} rebuilt as of then: {names}"
        messages().print(rebuilt, markup=False, soft_wrap=True)
    messages().print(f"digest  {bundle.digest}", markup=False)


def _print_changes(changed: "list[SymbolChange]", same: int) -> None:
    from regime_platform.cli.console.screen import messages, plural, print_table

    rows = [
        (
            change.symbol,
            change.kind,
            "different" if change.is_other_content else "same",
            "; ".join(f"{cause.what}: {cause.detail}" for cause in change.causes),
        )
        for change in changed
    ]
    if rows:
        print_table(("symbol", "change", "numbers", "why"), rows, folding=("why",))
    messages().print(f"{plural(len(rows), 'symbol')} changed, {same:,} unchanged", markup=False)


def _print_unfinished(unfinished: Mapping[str, str]) -> None:
    from regime_platform.cli.console.screen import messages

    for symbol, reason in list(unfinished.items())[:_MOST_SHOWN]:
        messages().print(f"{symbol} is not proven: {reason}", style="yellow", markup=False)
    more = len(unfinished) - _MOST_SHOWN
    if more > 0:
        messages().print(f"and {more:,} more, see the snapshot", style="yellow")


def _date(text: str | None, now: dt.datetime) -> dt.date:
    try:
        return now.date() if text is None else dt.date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"--date {text!r} is not an ISO date; try 2026-11-20", code="bad-date"
        ) from error
