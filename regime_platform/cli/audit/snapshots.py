"""`regime snapshot`: take, list and compare snapshots, and export one as a bundle."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from regime_platform.audit.bundle.bundle import export_bundle
from regime_platform.audit.documents import bundle_document
from regime_platform.audit.snapshots import find_snapshot, snapshots, take_snapshot
from regime_platform.cli.console.clock import stamp
from regime_platform.cli.console.exits import SOME_FAILED
from regime_platform.cli.console.kernels import warm
from regime_platform.cli.console.options import Json, Now
from regime_platform.cli.console.screen import messages, plural, print_json, print_table
from regime_platform.errors import UsageError
from regime_platform.files import path_below
from regime_platform.manifests.snapshot_diff import SAME, SymbolChange, changes
from regime_platform.manifests.snapshot_entry import UNFINISHED
from regime_platform.pipeline.run_workspace import RunWorkspace

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

    at = stamp(now)
    taken = take_snapshot(RunWorkspace.open(), _date(date, at), at, name)
    summary = taken.summary
    unfinished = {
        symbol: entry.reason
        for symbol, entry in taken.facts.symbols.items()
        if entry.status == UNFINISHED
    }
    if as_json:
        print_json({**summary.as_json(), "path": str(taken.path), "unfinished": unfinished})
    else:
        totals = summary.totals
        proven = f"{totals.complete:,} of {plural(totals.symbols, 'symbol')}"
        console = messages()
        console.print(f"{taken.path}: {proven}, {totals.bars:,} bars")
        console.print(f"content {summary.content_digest}")
        console.print(f"digest  {summary.digest}")
        _print_unfinished(unfinished)
    if unfinished:
        raise typer.Exit(SOME_FAILED)


@snapshot.command("list")
def list_snapshots(as_json: Json = False) -> None:
    """Show all snapshots, oldest first."""
    listed = snapshots(RunWorkspace.open().root)
    if as_json:
        print_json([summary.as_json() for summary in listed])
    elif not listed:
        messages().print("no snapshots; `regime snapshot` takes one")
    else:
        rows = [
            (
                summary.label,
                summary.name or "·",
                summary.taken_at[:16].replace("T", " "),  # to the minute
                f"{summary.totals.complete:,} of {summary.totals.symbols:,}",
                summary.content_digest[:12],
                summary.digest[:12],
            )
            for summary in listed
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
    root = RunWorkspace.open().root
    old, new = find_snapshot(root, before), find_snapshot(root, after)
    compared = changes(old.facts, new.facts)
    changed = [change for change in compared if change.kind != SAME]
    if as_json:
        labels = {"before": old.summary.label, "after": new.summary.label}
        same = len(compared) - len(changed)
        documents = [change.model_dump(mode="json") for change in changed]
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
    workspace = RunWorkspace.open()
    chosen = find_snapshot(workspace.root, wanted)
    target = output or path_below(Path(), f"snapshot_{chosen.summary.label}.zip")
    warm()
    bundle = export_bundle(workspace, chosen, target)
    if as_json:
        print_json(bundle_document(bundle))
        return
    size = f"{plural(len(bundle.symbols), 'symbol')}, {bundle.bytes:,} bytes in {bundle.path}"
    messages().print(size, soft_wrap=True)
    if bundle.rebuilt:
        names = ", ".join(bundle.rebuilt[:_MOST_SHOWN])
        rebuilt = f"{plural(len(bundle.rebuilt), 'symbol')} rebuilt as of then: {names}"
        messages().print(rebuilt, soft_wrap=True)
    messages().print(f"digest  {bundle.digest}")


def _print_changes(changed: list[SymbolChange], same: int) -> None:
    rows = [
        (
            change.symbol,
            change.kind,
            "different" if change.results_changed else "same",
            "; ".join(f"{cause.what}: {cause.detail}" for cause in change.causes),
        )
        for change in changed
    ]
    if rows:
        print_table(("symbol", "change", "numbers", "why"), rows, folding=("why",))
    messages().print(f"{plural(len(rows), 'symbol')} changed, {same:,} unchanged")


def _print_unfinished(unfinished: Mapping[str, str]) -> None:
    for symbol, reason in list(unfinished.items())[:_MOST_SHOWN]:
        messages().print(f"{symbol} is not proven: {reason}", style="yellow")
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
