"""The report of `regime validate`: a table with the problems first, gaps, JSON, a page."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from regime_platform.cli.console.frames import write_page
from regime_platform.cli.console.output import ALL_GOOD, NOTHING_SUCCEEDED, LongOutput
from regime_platform.cli.console.screen import Cell, count, plural, styled
from regime_platform.model.instants import iso
from regime_platform.pipeline.gate.cleaning import CleanBars
from regime_platform.pipeline.gate.inspection import SeriesReport, SymbolReport
from regime_platform.report.tables_page import validation_page
from regime_platform.validation.gate import BLOCKED, NO_BARS

_ORDER = ("failed", "blocked", "no_bars", "passed")
_COLUMNS = ("symbol", "timeframe", "status", "bars", "first", "last", "findings")
_GAP_COLUMNS = ("symbol", "timeframe", "missing from", "to", "bars", "whole sessions")


class _Row(NamedTuple):
    status: str
    cells: tuple[Cell, ...]
    lines: tuple[str, ...]  # printed below the table


class Cleaned(NamedTuple):
    """The file that the bars of another were written to, without those that do not pass."""

    path: Path
    series: CleanBars


@dataclass(frozen=True)
class ValidationReport:
    """The result of a validation."""

    symbols: Sequence[SymbolReport]
    source: str
    at: dt.datetime
    check_gaps: bool = False
    cleaned: Cleaned | None = None

    @property
    def code(self) -> int:
        """0 only where all pass: a script that goes on after it relies on every symbol."""
        is_good = bool(self.symbols) and all(report.is_good for report in self.symbols)
        return ALL_GOOD if is_good else NOTHING_SUCCEEDED

    def document(self) -> dict[str, Any]:
        """The document of --json and of the page."""
        return {
            "exit_code": self.code,
            "input": self.source,
            "at": iso(self.at),
            "counts": dict(Counter(report.status for report in self.symbols)),
            "symbols": [report.facts(with_gaps=self.check_gaps) for report in self.symbols],
            **({"clean": self.cleaned.series.document(self.cleaned.path)} if self.cleaned else {}),
        }

    def print(self, out: LongOutput, html: Path | None = None) -> int:
        """A table with the problems first, then the findings; returns the exit code."""
        document = self.document()
        if html is not None:
            write_page(html, validation_page(document))
        out.document(document)
        rows = sorted(self._rows(), key=lambda row: (_ORDER.index(row.status), not row.lines))
        shown = out.shown(rows)
        out.table(_COLUMNS, [row.cells for row in shown], numbers=("bars",), folding=("findings",))
        for row in shown:
            for line in row.lines:
                out.line(f"{row.cells[0]} {row.cells[1]} {line}")
        out.cut(len(rows) - len(shown), "series")
        if self.check_gaps:
            self._print_gaps(out)
        if self.cleaned:
            _print_cleaned(self.cleaned, out)
        counts = Counter(report.status for report in self.symbols)
        summary = ", ".join(f"{counts[status]:,} {status}" for status in _ORDER if counts[status])
        out.note(f"{plural(len(self.symbols), 'symbol')}: {summary}")
        return self.code

    def _rows(self) -> Iterator[_Row]:
        for report in self.symbols:
            if report.reason:
                cells = (report.symbol, "·", styled(report.status), "·", "·", "·", "·")
                yield _Row(report.status, cells, (report.reason,))
            for series in report.series:
                yield _Row(
                    series.status,
                    (report.symbol, *_cells(series)),
                    tuple(self._lines(report, series)),
                )

    def _lines(self, report: SymbolReport, series: SeriesReport) -> Iterator[str]:
        """Every finding with its first example and its remedy, one line each."""
        findings = sorted(
            series.findings, key=lambda finding: (not finding.is_blocking, -finding.count)
        )
        is_blocked = series.status == BLOCKED
        if is_blocked and not any(finding.is_blocking for finding in findings):
            yield series.reason
        if series.status == NO_BARS and series.reason.startswith("no bars"):
            yield series.reason
        for finding in (finding for finding in findings if finding.count):
            remedy = finding.remedy
            if self.source in {"parquet", "raw"}:  # else the command would find no such bar
                remedy = finding.remedy_for(report.symbol, series.timeframe)
            yield f"{finding.rule}: {finding.examples[0]}; {remedy}"

    def _print_gaps(self, out: LongOutput) -> None:
        rows = [
            (report.symbol, series.timeframe, *_gap(gap))
            for report in self.symbols
            for series in report.series
            if series.gaps is not None
            for gap in series.gaps.iter_rows(named=True)
        ]
        shown = out.shown(rows)
        if shown:
            out.table(_GAP_COLUMNS, shown, numbers=_GAP_COLUMNS[4:])
        more = f", {len(rows) - len(shown):,} not shown" if len(rows) > len(shown) else ""
        out.note(f"{plural(len(rows), 'gap')}{more}")


def _print_cleaned(cleaned: Cleaned, out: LongOutput) -> None:
    series, rows = cleaned.series, cleaned.series.lines()
    shown = out.shown(rows)
    if shown:
        out.table(("left out", "rule", "reason"), shown, folding=("reason",))
    out.cut(len(rows) - len(shown), "bar left out")
    out.note(f"{plural(series.bars.height, 'bar')} in {cleaned.path}; {len(rows):,} left out")


def _cells(series: SeriesReport) -> tuple[Cell, ...]:
    counts = ", ".join(
        f"{finding.rule} {finding.count:,}" for finding in series.findings if finding.count
    )
    ends = ((series.first or "·")[:10], (series.last or "·")[:10])
    status = styled({"passed": "ok", "no_bars": "unchanged"}.get(series.status, series.status))
    status.plain = series.status
    return series.timeframe, status, count(series.bars), *ends, counts or "·"


def _gap(gap: dict[str, Any]) -> tuple[str, ...]:
    ends = (
        iso(gap[end]).removesuffix("T00:00:00Z").removesuffix(":00Z") for end in ("first", "last")
    )
    return *ends, count(gap["missing"]), count(gap["sessions"])
