"""Output of `regime migrate --dry-run`: the parts of a store, and how long a migration takes."""

from collections.abc import Sequence
from typing import Any

from regime_platform.cli.console.screen import (
    count,
    messages,
    plural,
    print_json,
    print_table,
    results,
    symbol_progress,
)
from regime_platform.legacy.migration.migration import Migration, SymbolPlan
from regime_platform.legacy.readers.source import LegacyPart, PartFiles
from regime_platform.model.instants import iso

_MOST_ROWS = 40
_COLUMNS = ("symbol", "timeframe", "rows", "files", "MB", "written by", "note")
#: Of one core, the gate not included; see docs/performance.md for the measurement.
_ROWS_PER_SECOND = 400_000
_FILES_PER_SECOND = 10_000


def print_estimate(
    migration: Migration, plans: Sequence[SymbolPlan], *, as_json: bool, all_rows: bool
) -> None:
    """Print a row per series and the totals, or the same as JSON."""
    estimate = _estimate(migration, plans)
    series = estimate["series"]
    if as_json:
        print_json(estimate)
        return
    shown = series if all_rows else series[:_MOST_ROWS]
    cells = [
        (
            row["symbol"],
            row["timeframe"],
            "when read" if row["rows"] is None else count(row["rows"]),
            count(row["files"]),
            f"{row['bytes'] / 1e6:,.1f}",
            row["written_at"],
            row["note"],
        )
        for row in shown
    ]
    print_table(_COLUMNS, cells, numbers=("rows", "files", "MB"), folding=("note",))
    if len(series) > len(shown):
        messages().print(f"and {len(series) - len(shown):,} more; --all-rows shows every series")
    for unread in estimate["unread"]:
        results().print(unread, soft_wrap=True)
    rows, files = plural(estimate["rows"], "row"), plural(estimate["files"], "file")
    results().print(
        f"{rows} counted, {files}, {estimate['bytes'] / 1e6:,.1f} MB: about "
        f"{estimate['seconds']:,} s of one core and the gate; nothing was written",
        soft_wrap=True,
    )


def _estimate(migration: Migration, plans: Sequence[SymbolPlan]) -> dict[str, Any]:
    series: list[dict[str, Any]] = []
    sizes: dict[str, tuple[int, int]] = {}  # first file of a part -> number of files, bytes
    seconds = 0.0
    with symbol_progress(len(plans)) as progress:
        for plan in plans:
            for part in plan.parts:
                files = part.files()
                sizes[files.paths[0]] = len(files.paths), files.size
                seconds += _seconds(part, files)
                series.append(_planned(plan, part, files))
            progress.advance(plan.symbol)
    return {
        "migration": migration.name,
        "from": str(migration.location),
        "rows": sum(row["rows"] or 0 for row in series),
        "files": sum(number for number, _ in sizes.values()),
        "bytes": sum(size for _, size in sizes.values()),
        "seconds": round(seconds),
        "unread": [f"{unread.message} ({unread.name})" for plan in plans for unread in plan.unread],
        "series": series,
    }


def _seconds(part: LegacyPart, files: PartFiles) -> float:
    return len(files.paths) / _FILES_PER_SECOND + (part.rows or 0) / _ROWS_PER_SECOND


def _planned(plan: SymbolPlan, part: LegacyPart, files: PartFiles) -> dict[str, Any]:
    note = ""
    if plan.instrument is None:
        note = "not in the universe"
    elif part.timeframe not in plan.instrument.timeframes:
        note = f"{plan.symbol} is not tracked on {part.timeframe}"
    return {
        "symbol": plan.symbol,
        "timeframe": part.timeframe,
        "rows": part.rows,
        "files": len(files.paths),
        "bytes": files.size,
        "written_at": iso(files.written_at.replace(microsecond=0)),
        "note": note,
        "from": part.name,
    }
