"""What inspecting and adding files prints, as text and as documents."""

import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any

from regime_platform.cli.console.frames import frame_document, print_frame
from regime_platform.cli.console.output import LongOutput
from regime_platform.cli.console.screen import plural
from regime_platform.cli.universe.edit_report import edit_document, print_file
from regime_platform.operations.file_additions import (
    ADDED,
    CHANGED,
    CLEAR,
    REFUSED,
    SKIPPED,
    UNCHANGED,
    Addition,
    FileOutcome,
)
from regime_platform.sources.files.facts import remedy
from regime_platform.sources.files.inspection import Inspection
from regime_platform.sources.files.kinds import shares

_MOST_NAMED = 10  # symbols of the next command


def inspection_document(inspection: Inspection) -> dict[str, Any]:
    """One file in the document of `regime files inspect --json`."""
    return {
        "file": str(inspection.path),
        "is_clear": inspection.is_clear,
        "timeframe": inspection.timeframe,
        "facts": [asdict(fact) for fact in inspection.facts],
        "series": [
            {
                **series.symbol.fields,
                "in_file": series.in_file,
                "asset_class": series.asset_class,
                "calendar": series.calendar,
                "bars": series.bars,
                "first": series.first,
                "last": series.last,
            }
            for series in inspection.series
        ],
        "skipped_rows": inspection.skipped,
        "bars": [] if inspection.ends is None else frame_document(inspection.ends),
        "calendars": [asdict(fit) for fit in inspection.fits],
        "splits": list(inspection.splits),
        "problem": inspection.problem,
        "code": inspection.code,
    }


def print_inspections(inspections: Sequence[Inspection], out: LongOutput) -> None:
    """One file in full, several as a line each."""
    if len(inspections) == 1:
        _print_inspection(inspections[0], out)
        return
    rows = [
        (
            each.path.name,
            each.timeframe or "·",
            ", ".join(series.symbol.name for series in each.series[:3]) or "·",
            f"{sum(series.bars for series in each.series):,}",
            each.reason or "clear",
        )
        for each in inspections
    ]
    columns = ("file", "timeframe", "symbols", "bars", "understood")
    out.table(columns, out.shown(rows), numbers=("bars",), folding=("understood",))
    out.cut(len(rows) - len(out.shown(rows)), "file")


def _print_inspection(inspection: Inspection, out: LongOutput) -> None:
    facts = [
        (fact.key, fact.value or "?", fact.evidence if fact.is_certain else remedy(fact))
        for fact in inspection.facts
    ]
    columns = ("what", "understood as", "because")
    out.table(columns, facts, folding=columns[1:])
    if inspection.ends is not None and not out.as_json and inspection.is_clear:
        print_frame(inspection.ends)
    for series in inspection.series[:_MOST_NAMED]:
        span = f", {series.first} to {series.last}" if series.bars else ""
        out.note(f"{series.symbol.name} {inspection.timeframe}: {plural(series.bars, 'bar')}{span}")
    if inspection.skipped:
        out.note(f"{plural(inspection.skipped, 'row')} without any price skipped")
    for fit in inspection.fits:
        out.note(f"calendar {fit.calendar}: {shares(fit)}")
    if inspection.splits:
        out.note(f"prices may not be adjusted for splits: {', '.join(inspection.splits)}", "yellow")
    out.problem(inspection.problem)


def addition_document(addition: Addition) -> dict[str, Any]:
    """What `regime files add --json` prints."""
    return {
        "files": [asdict(outcome) for outcome in addition.files],
        "mappings": [str(path) for path in addition.mappings],
        "universe": None if addition.edit is None else edit_document(addition.edit),
        "next": _next(addition),
    }


def print_addition(addition: Addition, out: LongOutput, *, dry_run: bool) -> None:
    """The outcome of each file, and the next command."""
    order = (REFUSED, SKIPPED, ADDED, CHANGED, UNCHANGED, CLEAR)
    outcomes = sorted(addition.files, key=lambda outcome: order.index(outcome.status))
    rows = list(_rows(outcomes))
    columns = ("status", "symbol", "timeframe", "file", "reason")
    out.table(columns, out.shown(rows), folding=("file", "reason"))
    out.cut(len(rows) - len(out.shown(rows)), "file")
    counts = Counter(outcome.status for outcome in outcomes)
    summary = ", ".join(f"{counts[status]:,} {status}" for status in order if counts[status])
    if addition.edit is None:
        out.problem(f"{summary}: nothing was added")
        return
    out.note(summary)
    for path in addition.mappings:
        out.note(f"{path} {'would state' if dry_run else 'states'} the keys of --set")
    edit = addition.edit
    gone = [name for name in edit.before.symbols if name not in edit.after.symbols]
    if gone:
        out.note(f"no longer tracked: {', '.join(gone)} of the sample universe")
        edit = replace(edit, is_first=False)
    print_file(edit, dry_run=dry_run, out=out)
    out.line(_next(addition))


def _rows(outcomes: Sequence[FileOutcome]) -> Iterator[tuple[str, ...]]:
    """One row for each, and one for all that have the same reason."""
    alike: dict[tuple[str, str], list[FileOutcome]] = {}
    for each in outcomes:
        reason = each.reason or f"{each.file} {each.symbol}"
        alike.setdefault((each.status, reason), []).append(each)
    for first, *others in alike.values():
        file = first.file + (f" and {len(others):,} more" if others else "")
        yield first.status, first.symbol or "·", first.timeframe or "·", file, first.reason or "·"


def _next(addition: Addition) -> str:
    symbols = addition.symbols
    if addition.edit is None:
        return ""
    return shlex.join(["regime", "run", *(symbols if len(symbols) <= _MOST_NAMED else ["--all"])])
