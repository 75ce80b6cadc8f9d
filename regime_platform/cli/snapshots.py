"""The commands around snapshots: take one, list them, compare two, hand one on as a bundle."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regime_platform.cli.exits import SOME_FAILED
from regime_platform.cli.options import Json, Now
from regime_platform.errors import UsageError

if TYPE_CHECKING:
    from regime_platform.manifests.snapshot_diff import SymbolChange
    from regime_platform.pipeline.platform import Platform

snapshot = typer.Typer(invoke_without_command=True)

Wanted = Annotated[str, typer.Argument(help="A name, a date, or a label such as 2026-11-20.2.")]
_MOST_TOLD = 10


@snapshot.callback()
def take(
    context: typer.Context,
    date: Annotated[
        str | None, typer.Option("--date", help="The release's ISO date; default: today's in UTC.")
    ] = None,
    name: Annotated[str, typer.Option("--name", help="To find it by.")] = "",
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Write one manifest over all symbols; a date taken before gets another revision."""
    if context.invoked_subcommand is not None:
        return
    from regime_platform.cli.clock import stamp
    from regime_platform.cli.screen import messages, plural, print_json
    from regime_platform.manifests.snapshot import UNFINISHED
    from regime_platform.pipeline.snapshots import take_snapshot

    at = stamp(now)
    taken = take_snapshot(_platform(), _date(date, at), at, name)
    told = dict(taken.listing)
    unfinished = {
        symbol: entry["reason"]
        for symbol, entry in taken.facts["symbols"].items()
        if entry["status"] == UNFINISHED
    }
    if as_json:
        print_json({**told, "path": str(taken.path), "unfinished": unfinished})
    else:
        totals = told["totals"]
        proven = f"{totals['complete']:,} of {plural(totals['symbols'], 'symbol')}"
        console = messages()
        console.print(f"{taken.path}: {proven}, {totals['bars']:,} bars", markup=False)
        console.print(f"content {told['content_digest']}", markup=False)
        console.print(f"digest  {told['digest']}", markup=False)
        _tell_unfinished(unfinished)
    if unfinished:
        raise typer.Exit(SOME_FAILED)


@snapshot.command("list")
def list_snapshots(as_json: Json = False) -> None:
    """Show every snapshot, oldest first."""
    from regime_platform.cli.screen import messages, print_json, print_table
    from regime_platform.pipeline.snapshots import snapshots

    held = snapshots(_platform().root)
    if as_json:
        print_json([dict(one) for one in held])
    elif not held:
        messages().print("there is no snapshot; `regime snapshot` takes one")
    else:
        rows = [
            (
                str(one["label"]),
                str(one["name"] or "·"),
                str(one["taken_at"])[:16].replace("T", " "),  # to the minute; --json has it all
                f"{one['totals']['complete']:,} of {one['totals']['symbols']:,}",
                str(one["content_digest"][:12]),
                str(one["digest"][:12]),
            )
            for one in held
        ]
        columns = ("snapshot", "name", "taken", "symbols", "content", "digest")
        print_table(columns, rows, folding=("name",))


@snapshot.command()
def diff(
    before: Wanted,
    after: Wanted,
    as_json: Json = False,
) -> None:
    """Show which symbols changed from one snapshot to another, and why."""
    from regime_platform.cli.screen import print_json
    from regime_platform.manifests.snapshot_diff import SAME, changes
    from regime_platform.pipeline.snapshots import find_snapshot

    root = _platform().root
    old, new = find_snapshot(root, before), find_snapshot(root, after)
    found = changes(old.facts, new.facts)
    changed = [one for one in found if one.kind != SAME]
    if as_json:
        told = {"before": old.listing["label"], "after": new.listing["label"]}
        same = len(found) - len(changed)
        print_json({**told, "same": same, "changed": [one.facts() for one in changed]})
    else:
        _print_changes(changed, len(found) - len(changed))


@snapshot.command()
def export(
    wanted: Wanted,
    output: Annotated[
        Path | None, typer.Option("--output", help="The bundle; default: LABEL.zip here.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a self-contained bundle that `regime verify --bundle` proves on another machine."""
    from regime_platform.cli.screen import messages, plural, print_json
    from regime_platform.cli.warming import warm
    from regime_platform.files import path_below
    from regime_platform.pipeline.bundle import export_bundle
    from regime_platform.pipeline.snapshots import find_snapshot

    platform = _platform()
    found = find_snapshot(platform.root, wanted)
    target = output or path_below(Path(), f"snapshot_{found.listing['label']}.zip")
    warm()
    bundle = export_bundle(platform, found, target)
    if as_json:
        print_json(bundle.facts())
        return
    told = f"{plural(len(bundle.symbols), 'symbol')}, {bundle.bytes:,} bytes in {bundle.path}"
    messages().print(told, markup=False, soft_wrap=True)
    if bundle.rebuilt:
        names = ", ".join(bundle.rebuilt[:_MOST_TOLD])
        told = f"{plural(len(bundle.rebuilt), 'symbol')} made anew as of then: {names}"
        messages().print(told, markup=False, soft_wrap=True)
    messages().print(f"digest  {bundle.digest}", markup=False)


def _print_changes(changed: "list[SymbolChange]", same: int) -> None:
    from regime_platform.cli.screen import messages, plural, print_table

    rows = [
        (
            one.symbol,
            one.kind,
            "others" if one.is_other_content else "the same",
            "; ".join(f"{cause.what}: {cause.detail}" for cause in one.causes),
        )
        for one in changed
    ]
    if rows:
        print_table(("symbol", "change", "numbers", "why"), rows, folding=("why",))
    messages().print(f"{plural(len(rows), 'symbol')} changed, {same:,} the same", markup=False)


def _tell_unfinished(unfinished: Mapping[str, str]) -> None:
    from regime_platform.cli.screen import messages

    for symbol, reason in list(unfinished.items())[:_MOST_TOLD]:
        messages().print(f"{symbol} is not proven: {reason}", style="yellow", markup=False)
    more = len(unfinished) - _MOST_TOLD
    if more > 0:
        messages().print(f"and {more:,} more, see the snapshot", style="yellow")


def _date(text: str | None, now: dt.datetime) -> dt.date:
    try:
        return now.date() if text is None else dt.date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"--date {text!r} is no ISO date; try 2026-11-20") from error


def _platform() -> "Platform":
    from regime_platform.pipeline.platform import open_platform
    from regime_platform.settings import Settings

    return open_platform(Settings())
