"""`regime snapshot`: take and list snapshots, and export one as a bundle or table."""

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from regime_platform.audit.bundle.bundle import export_bundle
from regime_platform.audit.snapshots import find_snapshot, snapshots, take_snapshot
from regime_platform.cli.audit.releases import export_table
from regime_platform.cli.console.clock import Clock
from regime_platform.cli.console.kernels import warm
from regime_platform.cli.console.numbers import NONE
from regime_platform.cli.console.output import ALL_GOOD, SOME_FAILED, Output
from regime_platform.cli.console.screen import plural
from regime_platform.errors import UsageError
from regime_platform.files import path_below
from regime_platform.manifests.snapshot import NO_BARS, UNFINISHED, AbsentEntry
from regime_platform.manifests.standing import RESULTS_PENDING
from regime_platform.pipeline.run_workspace import RunWorkspace

Wanted = Annotated[str, typer.Argument(help="A name, a date, or a label such as 2026-11-20.2.")]
_MOST_SHOWN = 10


def take(
    date: Annotated[
        str | None, typer.Option("--date", help="The release's ISO date; default: today's in UTC.")
    ] = None,
    name: Annotated[str, typer.Option("--name", help="A name for the snapshot.")] = "",
    *,
    clock: Clock,
    out: Output,
) -> int:
    at = clock.stamp()
    taken = take_snapshot(RunWorkspace.open(), _date(date, at), at, name)
    summary, totals = taken.summary, taken.summary.totals
    absent = {
        symbol: entry
        for symbol, entry in taken.facts.symbols.items()
        if isinstance(entry, AbsentEntry)
    }
    unproven = {
        status: {name: each.reason for name, each in absent.items() if each.status == status}
        for status in (UNFINISHED, NO_BARS)
    }
    unfinished = unproven[UNFINISHED]
    pending = {
        name: each.reason
        for name, each in absent.items()
        if each.reason.startswith(RESULTS_PENDING)
    }
    facts = {"path": str(taken.path), **unproven, "pending": pending}
    out.document({**summary.as_json(), **facts})
    proven = f"{totals.complete:,} of {plural(totals.symbols, 'symbol')}"
    out.note(f"{taken.path}: {proven}, {totals.bars:,} bars")
    out.note(f"content {summary.content_digest}")
    out.note(f"digest  {summary.digest}")
    lines = [f"{symbol} is not proven: {reason}" for symbol, reason in unfinished.items()]
    left_out = {**unproven[NO_BARS], **pending}
    lines += [f"{symbol} is left out: {reason}" for symbol, reason in left_out.items()]
    for line in lines[:_MOST_SHOWN]:
        out.note(line, "yellow")
    if len(lines) > _MOST_SHOWN:
        out.note(f"and {len(lines) - _MOST_SHOWN:,} more, see the snapshot", "yellow")
    return SOME_FAILED if unfinished else ALL_GOOD


def list_snapshots(out: Output) -> None:
    listed = snapshots(RunWorkspace.open().root)
    out.document([summary.as_json() for summary in listed])
    if not listed:
        out.note("no snapshots; `regime snapshot` takes one")
        return
    rows = [
        (
            summary.label,
            summary.name or NONE,
            summary.taken_at[:16].replace("T", " "),  # to the minute
            f"{summary.totals.complete:,} of {summary.totals.symbols:,}",
            summary.content_digest[:12],
            summary.digest[:12],
        )
        for summary in listed
    ]
    columns = ("snapshot", "name", "taken", "symbols", "content", "digest")
    out.table(columns, rows, folding=("name",))


def export(
    wanted: Wanted,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            help="File of the bundle or table; default: snapshot_LABEL.zip, for a table stdout.",
        ),
    ] = None,
    *,
    csv: Annotated[
        bool,
        typer.Option("--csv", help="Write a table instead: a row per symbol and timeframe."),
    ] = False,
    out: Output,
) -> int:
    workspace = RunWorkspace.open()
    chosen = find_snapshot(workspace.root, wanted)
    if csv:
        return export_table(workspace, chosen, output, out)
    target = output or path_below(Path(), f"snapshot_{chosen.summary.label}.zip")
    warm()
    bundle = export_bundle(workspace, chosen, target)
    out.document(bundle.model_dump(mode="json"))
    out.note(f"{plural(len(bundle.symbols), 'symbol')}, {bundle.bytes:,} bytes in {bundle.path}")
    if bundle.rebuilt:
        names = ", ".join(bundle.rebuilt[:_MOST_SHOWN])
        out.note(f"{plural(len(bundle.rebuilt), 'symbol')} rebuilt as of then: {names}")
    out.note(f"digest  {bundle.digest}")
    return ALL_GOOD


def _date(text: str | None, now: dt.datetime) -> dt.date:
    try:
        return now.date() if text is None else dt.date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"--date {text!r} is not an ISO date; try 2026-11-20", code="bad-date"
        ) from error
