"""Output of `regime migrate`: its estimate, and its result as table, totals, JSON and page."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from regime_platform.cli.console.frames import write_page
from regime_platform.cli.console.output import LongOutput, code_of
from regime_platform.cli.console.progress import counted
from regime_platform.cli.console.screen import Cell, count, plural, styled
from regime_platform.legacy.migration.migration import (
    Account,
    MigrateOutcome,
    Migration,
    SymbolPlan,
    totals,
)
from regime_platform.legacy.store import LegacyPart, PartFiles
from regime_platform.model.instants import iso
from regime_platform.report.tables_page import COUNTS, MIGRATION_ORDER, migration_page

_PARTS = ("symbol", "timeframe", "rows", "files", "MB", "written by", "note")
#: Of one core, the gate not included; see docs/performance.md for the measurement.
_ROWS_PER_SECOND = 400_000
_FILES_PER_SECOND = 10_000
_NUMBERS = ("rows", "equal", "changed", "collapsed", "older", "unfinished", "waiting", "kept out")
_COLUMNS = ("symbol", "timeframe", "status", *_NUMBERS, "adds up")
_TITLES = {
    "changed": "changed as declared",
    "superseded": "kept as older version",
    "rejected": "rejected by rule",
    "left_out": "left out",
}


def print_estimate(migration: Migration, plans: Sequence[SymbolPlan], out: LongOutput) -> None:
    """A row per series and the totals, or the same as JSON."""
    estimate = _estimate(migration, plans)
    out.document(estimate)
    series = estimate["series"]
    shown = out.shown(series)
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
    out.table(_PARTS, cells, numbers=("rows", "files", "MB"), folding=("note",))
    out.cut(len(series) - len(shown), "series")
    for unread in estimate["unread"]:
        out.line(unread)
    rows, files = plural(estimate["rows"], "row"), plural(estimate["files"], "file")
    out.line(
        f"{rows} counted, {files}, {estimate['bytes'] / 1e6:,.1f} MB: about "
        f"{estimate['seconds']:,} s of one core and the gate; nothing was written"
    )


def _estimate(migration: Migration, plans: Sequence[SymbolPlan]) -> dict[str, Any]:
    series: list[dict[str, Any]] = []
    sizes: dict[str, tuple[int, int]] = {}  # first file of a part -> number of files, bytes
    seconds = 0.0
    for plan in counted(plans, len(plans)):
        for part in plan.parts:
            files = part.files()
            number = len(files.paths)
            sizes[files.paths[0]] = number, files.size
            seconds += number / _FILES_PER_SECOND + (part.rows or 0) / _ROWS_PER_SECOND
            series.append(_planned(plan, part, files))
    return {
        "migration": migration.name,
        "from": str(migration.location),
        "rows": sum(row["rows"] or 0 for row in series),
        "files": sum(number for number, _ in sizes.values()),
        "bytes": sum(size for _, size in sizes.values()),
        "seconds": round(seconds),
        "unread": [unread.message for plan in plans for unread in plan.unread],
        "series": series,
    }


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


def print_report(
    migration: Migration, outcomes: Sequence[MigrateOutcome], html: Path | None, out: LongOutput
) -> int:
    """A row per series, problems first, then reasons, then totals.

    The exit code is 0 where every row of every symbol is canonical or superseded.
    """
    code = code_of(outcomes)
    total = totals([account for outcome in outcomes for account in outcome.accounts])
    document = {
        "exit_code": code,
        "migration": migration.name,
        "from": str(migration.location),
        "total": total,
        "symbols": [outcome.document() for outcome in outcomes],
    }
    if html is not None:
        write_page(html, migration_page(document))
    out.document(document)
    ordered = sorted(outcomes, key=lambda outcome: MIGRATION_ORDER.index(outcome.status.value))
    rows = [(outcome, account) for outcome in ordered for account in outcome.accounts]
    shown = out.shown(rows)
    out.table(_COLUMNS, [_cells(*row) for row in shown], numbers=_NUMBERS)
    for outcome in ordered:
        for line in _details(outcome):
            out.line(f"{outcome.symbol} {line}")
    out.cut(len(rows) - len(shown), "series")
    for line in _total_lines(total):
        out.line(line)
    out.note(f"migration {migration.name}")
    return code


def _cells(outcome: MigrateOutcome, account: Account) -> tuple[Cell, ...]:
    numbers = (
        account.rows,
        account.equal,
        sum(account.changed.values()),
        account.collapsed,
        sum(account.superseded.values()),
        account.unfinished,
        account.waiting,
        sum(account.rejected.values()) + sum(account.left_out.values()),
    )
    sums = styled("ok" if account.adds_up else "error")
    sums.plain = "yes" if account.adds_up else "NO"
    return outcome.symbol, account.timeframe, styled(outcome.status), *map(count, numbers), sums


def _details(outcome: MigrateOutcome) -> Iterator[str]:
    if outcome.reason:
        yield outcome.reason
    for account in outcome.accounts:
        for reasons in (account.superseded, account.rejected, account.left_out):
            if reasons:
                yield f"{account.timeframe} {words(reasons)} ({account.location})"
        if account.by_order:
            times = f"{account.by_order:,} ambiguous times resolved by their order"
            yield f"{account.timeframe} {times}"
        for example in account.examples:
            yield f"{account.timeframe}   {example}"


def _total_lines(total: Mapping[str, Any]) -> Iterator[str]:
    yield f"{plural(total['rows'], 'row')} in {total['series']:,} series"
    yield "  " + words({name: total[name] for name in (*COUNTS, "lost")})
    for name, title in _TITLES.items():
        if total[name]:
            yield f"  {title}: {words(total[name])}"
    yield "  every row accounted for" if total["adds_up"] else "  THE TOTALS DO NOT ADD UP"


def words(counts: Mapping[str, int]) -> str:
    """Counts by reason as text."""
    return ", ".join(f"{name} {rows:,}" for name, rows in counts.items())
