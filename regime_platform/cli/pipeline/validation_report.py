"""The report of `regime validate`: a table with the problems first, gaps, JSON, a page."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from regime_platform.cli.console.exits import ALL_GOOD, NOTHING_SUCCEEDED, SOME_FAILED
from regime_platform.cli.console.screen import (
    Cell,
    count,
    messages,
    plural,
    print_json,
    print_table,
    results,
    styled,
)
from regime_platform.files import write_text
from regime_platform.model.instants import iso
from regime_platform.pipeline.gate.inspection import SeriesReport, SymbolReport
from regime_platform.report.validation_page import validation_page
from regime_platform.validation.gate import BLOCKED

_MOST_ROWS = 40
_ORDER = ("failed", "blocked", "no_bars", "passed")
_COLUMNS = ("symbol", "timeframe", "status", "bars", "first", "last", "findings")


@dataclass(frozen=True)
class _Row:
    status: str
    cells: tuple[Cell, ...]
    lines: tuple[str, ...]  # printed below the table


@dataclass(frozen=True)
class ValidationReport:
    """The result of a validation."""

    symbols: Sequence[SymbolReport]
    source: str
    at: dt.datetime
    check_gaps: bool = False

    @property
    def code(self) -> int:
        """0 where all pass, 1 where none does, 3 where some do."""
        good = sum(report.is_good for report in self.symbols)
        if good == len(self.symbols):
            return ALL_GOOD if good else NOTHING_SUCCEEDED
        return SOME_FAILED if good else NOTHING_SUCCEEDED

    def document(self) -> dict[str, Any]:
        """The document of --json and of the page."""
        return {
            "exit_code": self.code,
            "input": self.source,
            "at": iso(self.at),
            "counts": dict(Counter(report.status for report in self.symbols)),
            "symbols": [report.facts(with_gaps=self.check_gaps) for report in self.symbols],
        }

    def print_json(self) -> None:
        """One JSON document on stdout."""
        print_json(self.document())

    def write_page(self, target: Path) -> None:
        """One self-contained HTML file."""
        write_text(target, validation_page(self.document()))
        messages().print(f"page in {target}", soft_wrap=True)

    def print(self, *, all_rows: bool) -> None:
        """A table with the problems first, then the findings; everything else goes to stderr."""
        rows = sorted(self._rows(), key=lambda row: (_ORDER.index(row.status), not row.lines))
        shown = rows if all_rows else rows[:_MOST_ROWS]
        print_table(
            _COLUMNS, [row.cells for row in shown], numbers=("bars",), folding=("findings",)
        )
        for row in shown:
            for line in row.lines:
                results().print(f"{row.cells[0]} {row.cells[1]} {line}")
        if len(rows) > len(shown):
            messages().print(f"and {len(rows) - len(shown):,} more; --all-rows shows every series")
        if self.check_gaps:
            self._print_gaps(all_rows=all_rows)
        counts = Counter(report.status for report in self.symbols)
        summary = ", ".join(f"{counts[status]:,} {status}" for status in _ORDER if counts[status])
        messages().print(f"{plural(len(self.symbols), 'symbol')}: {summary}")

    def _rows(self) -> Iterator[_Row]:
        for report in self.symbols:
            if report.reason:
                cells = (report.symbol, "·", styled("failed"), "·", "·", "·", "·")
                yield _Row(report.status, cells, (report.reason,))
            for series in report.series:
                yield _Row(series.status, (report.symbol, *_cells(series)), tuple(_lines(series)))

    def _print_gaps(self, *, all_rows: bool) -> None:
        rows = [
            (report.symbol, series.timeframe, *_gap(gap))
            for report in self.symbols
            for series in report.series
            if series.gaps is not None
            for gap in series.gaps.iter_rows(named=True)
        ]
        shown = rows if all_rows else rows[:_MOST_ROWS]
        if shown:
            columns = ("symbol", "timeframe", "missing from", "to", "bars", "whole sessions")
            print_table(columns, shown, numbers=("bars", "whole sessions"))
        more = f", {len(rows) - len(shown):,} not shown" if len(rows) > len(shown) else ""
        messages().print(f"{plural(len(rows), 'gap')}{more}")


def _cells(series: SeriesReport) -> tuple[Cell, ...]:
    counts = ", ".join(
        f"{finding.rule} {finding.count:,}" for finding in series.findings if finding.count
    )
    ends = ((series.first or "·")[:10], (series.last or "·")[:10])
    return series.timeframe, _styled(series.status), count(series.bars), *ends, counts or "·"


def _lines(series: SeriesReport) -> Iterator[str]:
    """Every finding with its first example and its remedy, one line each."""
    findings = sorted(
        series.findings, key=lambda finding: (not finding.is_blocking, -finding.count)
    )
    if series.status == BLOCKED and not any(finding.is_blocking for finding in findings):
        yield series.reason
    for finding in findings:
        if finding.count:
            yield f"{finding.rule}: {finding.examples[0]}; {finding.remedy}"


def _styled(status: str) -> Cell:
    text = styled({"passed": "ok", "no_bars": "unchanged"}.get(status, status))
    text.plain = status
    return text


def _open(instant: str) -> str:
    return instant.removesuffix("T00:00:00Z").removesuffix(":00Z")


def _gap(gap: dict[str, Any]) -> tuple[str, str, str, str]:
    first, last = _open(iso(gap["first"])), _open(iso(gap["last"]))
    return first, last, count(gap["missing"]), count(gap["sessions"])
