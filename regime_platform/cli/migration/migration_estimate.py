"""What `regime migrate --dry-run` tells: what is there, and how long it will take."""

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
from regime_platform.legacy.readers.source import Extent, OldPart
from regime_platform.model.series import iso

_MOST_ROWS = 40
_COLUMNS = ("symbol", "timeframe", "rows", "files", "MB", "written by", "note")
#: Of one core, the gate not included; docs/performance.md tells how it was measured.
_ROWS_PER_SECOND = 400_000
_FILES_PER_SECOND = 10_000


def print_estimate(
    migration: Migration, plans: Sequence[SymbolPlan], *, as_json: bool, all_rows: bool
) -> None:
    """A row per series and the totals, or the same as JSON."""
    told = _estimated(migration, plans)
    series = told["series"]
    if as_json:
        print_json(told)
        return
    shown = series if all_rows else series[:_MOST_ROWS]
    cells = [
        (
            one["symbol"],
            one["timeframe"],
            "when read" if one["rows"] is None else count(one["rows"]),
            count(one["files"]),
            f"{one['bytes'] / 1e6:,.1f}",
            one["written_at"],
            one["note"],
        )
        for one in shown
    ]
    print_table(_COLUMNS, cells, numbers=("rows", "files", "MB"), folding=("note",))
    if len(series) > len(shown):
        messages().print(f"and {len(series) - len(shown):,} more; --all-rows shows every series")
    for unread in told["unread"]:
        results().print(unread, markup=False, soft_wrap=True)
    size = f"{told['bytes'] / 1e6:,.1f} MB"
    results().print(
        f"{plural(told['rows'], 'row')} counted, {plural(told['files'], 'file')}, {size}: about "
        f"{told['seconds']:,} s of one core and the gate; nothing was written",
        soft_wrap=True,
    )


def _estimated(migration: Migration, plans: Sequence[SymbolPlan]) -> dict[str, Any]:
    series: list[dict[str, Any]] = []
    sizes: dict[str, tuple[int, int]] = {}  # the first file of an extent -> how many, and bytes
    seconds = 0.0
    with symbol_progress(len(plans)) as progress:
        for plan in plans:
            for part in plan.parts:
                extent = part.extent()
                sizes[extent.files[0]] = len(extent.files), extent.size
                seconds += _seconds(part, extent)
                series.append(_planned(plan, part, extent))
            progress.advance(plan.symbol)
    return {
        "migration": migration.name,
        "from": str(migration.place),
        "rows": sum(one["rows"] or 0 for one in series),
        "files": sum(files for files, _ in sizes.values()),
        "bytes": sum(size for _, size in sizes.values()),
        "seconds": round(seconds),
        "unread": [f"{one.told} ({one.name})" for plan in plans for one in plan.unread],
        "series": series,
    }


def _seconds(part: OldPart, extent: Extent) -> float:
    return len(extent.files) / _FILES_PER_SECOND + (part.rows or 0) / _ROWS_PER_SECOND


def _planned(plan: SymbolPlan, part: OldPart, extent: Extent) -> dict[str, Any]:
    note = ""
    if plan.instrument is None:
        note = "not in the universe"
    elif part.timeframe not in plan.instrument.timeframes:
        note = f"{plan.symbol} is not followed on {part.timeframe}"
    return {
        "symbol": plan.symbol,
        "timeframe": part.timeframe,
        "rows": part.rows,
        "files": len(extent.files),
        "bytes": extent.size,
        "written_at": iso(extent.written_at.replace(microsecond=0)),
        "note": note,
        "from": part.name,
    }
