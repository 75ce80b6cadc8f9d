"""What `regime validate` tells: a table with the problems first, gaps, JSON, a page."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from regime_platform.cli.exits import ALL_GOOD, NOTHING_SUCCEEDED, SOME_FAILED
from regime_platform.cli.screen import (
    Cell,
    count,
    messages,
    plural,
    print_json,
    print_table,
    results,
    styled,
)
from regime_platform.model.series import iso
from regime_platform.pipeline.inspection import SeriesReport, SymbolReport
from regime_platform.validation.gate import BLOCKED

_MOST_ROWS = 40
_ORDER = ("failed", "blocked", "no_bars", "passed")
_COLUMNS = ("symbol", "timeframe", "status", "bars", "first", "last", "found")


@dataclass(frozen=True)
class _Row:
    status: str
    cells: tuple[Cell, ...]
    told: tuple[str, ...]  # lines below the table


@dataclass(frozen=True)
class ValidationReport:
    """How a validation went."""

    symbols: Sequence[SymbolReport]
    source: str
    at: dt.datetime
    check_gaps: bool = False

    @property
    def code(self) -> int:
        """0 where all pass, 1 where none does, 3 where some do."""
        good = sum(one.is_good for one in self.symbols)
        if good == len(self.symbols):
            return ALL_GOOD if good else NOTHING_SUCCEEDED
        return SOME_FAILED if good else NOTHING_SUCCEEDED

    def facts(self) -> dict[str, Any]:
        """Plain values for JSON and pages."""
        return {
            "exit_code": self.code,
            "input": self.source,
            "at": iso(self.at),
            "counts": dict(Counter(one.status for one in self.symbols)),
            "symbols": [one.facts(with_gaps=self.check_gaps) for one in self.symbols],
        }

    def print_json(self) -> None:
        """One JSON document on stdout."""
        print_json(self.facts())

    def write_page(self, target: Path) -> None:
        """One HTML file that needs nothing else."""
        from regime_platform.files import write_text
        from regime_platform.report.validation_page import validation_page

        write_text(target, validation_page(self.facts()))
        messages().print(f"page in {target}", markup=False, soft_wrap=True)

    def print(self, *, all_rows: bool) -> None:
        """A table with the problems first, then what was found; all else goes to stderr."""
        rows = sorted(self._rows(), key=lambda row: (_ORDER.index(row.status), not row.told))
        shown = rows if all_rows else rows[:_MOST_ROWS]
        print_table(_COLUMNS, [row.cells for row in shown], numbers=("bars",), folding=("found",))
        for row in shown:
            for line in row.told:
                results().print(f"{row.cells[0]} {row.cells[1]} {line}", markup=False)
        if len(rows) > len(shown):
            messages().print(f"and {len(rows) - len(shown):,} more; --all-rows shows every series")
        if self.check_gaps:
            self._print_gaps(all_rows=all_rows)
        told = Counter(one.status for one in self.symbols)
        summary = ", ".join(f"{told[status]:,} {status}" for status in _ORDER if told[status])
        messages().print(f"{plural(len(self.symbols), 'symbol')}: {summary}", markup=False)

    def _rows(self) -> Iterator[_Row]:
        for one in self.symbols:
            if one.reason:
                cells = (one.symbol, "·", styled("failed"), "·", "·", "·", "·")
                yield _Row(one.status, cells, (one.reason,))
            for series in one.series:
                yield _Row(series.status, (one.symbol, *_cells(series)), tuple(_told(series)))

    def _print_gaps(self, *, all_rows: bool) -> None:
        rows = [
            (one.symbol, series.timeframe, *_gap(gap))
            for one in self.symbols
            for series in one.series
            if series.gaps is not None
            for gap in series.gaps.iter_rows(named=True)
        ]
        shown = rows if all_rows else rows[:_MOST_ROWS]
        if shown:
            columns = ("symbol", "timeframe", "missing from", "to", "bars", "whole sessions")
            print_table(columns, shown, numbers=("bars", "whole sessions"))
        more = f", {len(rows) - len(shown):,} not shown" if len(rows) > len(shown) else ""
        messages().print(f"{plural(len(rows), 'gap')}{more}", markup=False)


def _cells(series: SeriesReport) -> tuple[Cell, ...]:
    found = ", ".join(f"{one.rule} {one.count:,}" for one in series.findings if one.count)
    ends = ((series.first or "·")[:10], (series.last or "·")[:10])
    return series.timeframe, _styled(series.status), count(series.bars), *ends, found or "·"


def _told(series: SeriesReport) -> Iterator[str]:
    """Every finding with its first example and its remedy, one line each."""
    if series.status == BLOCKED and not any(one.is_blocking for one in series.findings):
        yield series.reason
    for one in sorted(series.findings, key=lambda one: (not one.is_blocking, -one.count)):
        if one.count:
            yield f"{one.rule}: {one.examples[0]}; {one.remedy}"


def _styled(status: str) -> Cell:
    text = styled({"passed": "ok", "no_bars": "unchanged"}.get(status, status))
    text.plain = status
    return text


def _open(instant: str) -> str:
    return instant.removesuffix("T00:00:00Z").removesuffix(":00Z")


def _gap(gap: dict[str, Any]) -> tuple[str, str, str, str]:
    first, last = _open(iso(gap["first"])), _open(iso(gap["last"]))
    return first, last, count(gap["missing"]), count(gap["sessions"])
