"""`regime snapshot diff`, and the table of `regime snapshot export --csv`."""

import datetime as dt
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from regime_platform.audit.release.comparison import ReleaseDifference, Value, ValueChange, compare
from regime_platform.audit.release.golden_file import is_golden_file, read_golden
from regime_platform.audit.release.table import UNKNOWN, release_csv, release_table
from regime_platform.audit.snapshots import (
    PRESENT,
    Snapshot,
    entries_now,
    find_snapshot,
    snapshots,
)
from regime_platform.cli.console.clock import Clock
from regime_platform.cli.console.kernels import warm
from regime_platform.cli.console.numbers import NONE, number
from regime_platform.cli.console.output import (
    ALL_GOOD,
    NOTHING_SUCCEEDED,
    SOME_FAILED,
    LongOutput,
    Output,
)
from regime_platform.cli.console.screen import plural, results
from regime_platform.errors import UsageError
from regime_platform.files import write_text
from regime_platform.manifests.snapshot import SnapshotManifest, snapshot_manifest
from regime_platform.manifests.snapshot_diff import SAME, SymbolChange, changes
from regime_platform.model.instants import instant
from regime_platform.pipeline.run_workspace import RunWorkspace

_SHOWN_DIGEST = 12  # letters


@dataclass(frozen=True)
class _Side:
    """What is compared: a snapshot, the present, or a table that was exported earlier."""

    name: str
    content: SnapshotManifest | pl.DataFrame
    taken_at: dt.datetime

    def table(self, workspace: RunWorkspace, symbols: Collection[str] | None) -> pl.DataFrame:
        if isinstance(self.content, pl.DataFrame):
            return self.content
        return release_table(workspace, self.content, self.taken_at, symbols)


def diff(
    before: Annotated[
        str, typer.Argument(help="A snapshot, or a .csv or .json of `snapshot export --csv`.")
    ],
    after: Annotated[
        str, typer.Argument(help="Another, or `now` for the symbols as they are.")
    ] = PRESENT,
    *,
    tolerance: Annotated[
        float,
        typer.Option(
            "--tolerance", min=0.0, help="Largest difference of two numbers that is none."
        ),
    ] = 0.0,
    clock: Clock,
    out: LongOutput,
) -> int:
    workspace, now = RunWorkspace.open(), clock.moment()
    old, new = (_side(workspace, name, now) for name in (before, after))
    compared = _causes(old, new)
    changed = [change for change in compared or () if change.kind != SAME]
    symbols = None if compared is None else {change.symbol for change in changed}
    warm()
    tables = [side.table(workspace, symbols) for side in (old, new)]
    difference = compare(tables[0], tables[1], tolerance)
    touched = {change.symbol for change in changed}
    touched |= {change.symbol for change in (*difference.changes, *difference.unknown)}
    total = pl.concat(tables)["symbol"].n_unique() if compared is None else len(compared)
    code = _code(difference)
    out.document(
        {
            "before": old.name,
            "after": new.name,
            "same": total - len(touched),
            "changed": [change.model_dump(mode="json") for change in changed],
            "tolerance": tolerance,
            **difference.model_dump(mode="json"),
            "exit_code": code,
        }
    )
    _print_causes(changed, out)
    _print_values(difference, out)
    out.note(f"{plural(len(touched), 'symbol')} changed, {total - len(touched):,} unchanged")
    return code


def export_table(
    workspace: RunWorkspace, snapshot: Snapshot, output: Path | None, out: Output
) -> int:
    """The release table on stdout, or in a new file; the exit code."""
    if output is not None and output.suffix != ".csv":
        raise UsageError(
            f"--output {output}: expected a name ending in .csv", code="unknown-format"
        )
    if output is not None and output.exists():
        raise UsageError(f"--output {output} exists; give another name", code="output-exists")
    warm()
    taken_at = instant(snapshot.document.run.written_at)
    table = release_table(workspace, snapshot.facts, taken_at)
    unknown = table.filter(pl.col("status") == UNKNOWN)
    document = {"snapshot": snapshot.summary.label, "digest": snapshot.document.digest}
    if output is not None:
        write_text(output, release_csv(table))
        out.document({**document, "path": str(output), "rows": table.height})
        out.note(f"{plural(table.height, 'row')} in {output}")
    elif out.as_json:
        out.document({**document, "rows": table.to_dicts()})
    else:
        results().out(release_csv(table), end="")
    for symbol, reason in unknown.select("symbol", "reason").unique(maintain_order=True).rows():
        out.note(f"the states of {symbol} are not known: {reason}", "yellow")
    return SOME_FAILED if unknown.height else ALL_GOOD


def _side(workspace: RunWorkspace, name: str, now: dt.datetime) -> _Side:
    if is_golden_file(name) and not any(name in each.names for each in snapshots(workspace.root)):
        return _Side(name, read_golden(Path(name)), now)
    if name == PRESENT:
        entries, code = entries_now(workspace), workspace.code.document()
        return _Side(name, snapshot_manifest(f"{now:%Y-%m-%d}", "", 0, entries, code), now)
    snapshot = find_snapshot(workspace.root, name)
    taken_at = instant(snapshot.document.run.written_at)
    return _Side(snapshot.summary.label, snapshot.facts, taken_at)


def _causes(old: _Side, new: _Side) -> list[SymbolChange] | None:
    """What changed of each symbol, and why; None of a table, which does not state its recipe."""
    if isinstance(old.content, pl.DataFrame) or isinstance(new.content, pl.DataFrame):
        return None
    return changes(old.content, new.content)


def _code(difference: ReleaseDifference) -> int:
    """1 where a value differs, and 3 where none is known to, but not all are known."""
    if difference.changes:
        return NOTHING_SUCCEEDED
    return SOME_FAILED if difference.unknown else ALL_GOOD


def _print_causes(changed: list[SymbolChange], out: LongOutput) -> None:
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
        shown = out.shown(rows)
        out.table(("symbol", "change", "numbers", "why"), shown, folding=("why",))
        out.cut(len(rows) - len(shown), "symbol")


def _print_values(difference: ReleaseDifference, out: LongOutput) -> None:
    rows = [
        (
            change.symbol,
            change.timeframe or NONE,
            change.column,
            _text(change, change.before),
            _text(change, change.after),
            NONE if change.size is None else f"{change.size:+.6g}",
        )
        for change in difference.changes
    ]
    if rows:
        shown = out.shown(rows)
        columns = ("symbol", "timeframe", "column", "before", "after", "by")
        out.table(columns, shown, numbers=("by",))
        out.cut(len(rows) - len(shown), "value")
        counts = Counter(change.column for change in difference.changes)
        out.note(", ".join(f"{name} {count:,}" for name, count in counts.items()))
    for change in difference.unknown:
        reason = change.before or change.after
        out.note(f"the states of {change.symbol} are not known: {reason}", "yellow")


def _text(change: ValueChange, value: Value) -> str:
    if value is None:
        return NONE
    if change.column.endswith("_digest"):
        return str(value)[:_SHOWN_DIGEST]
    return value if isinstance(value, str) else number(value)
