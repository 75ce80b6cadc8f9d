"""The HTML page of a validation: all series, problems first, self-contained."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files as package_files
from string import Template
from typing import Any

from regime_platform.report.html_text import html_text

_ORDER = ("failed", "blocked", "no_bars", "passed")
_SERIES = (
    "symbol",
    "timeframe",
    "status",
    "bars",
    "first",
    "last",
    "findings",
    "example and remedy",
)
_RULES = ("rule", "severity", "series", "count", "accepted", "checked", "worst example", "remedy")

Document = Mapping[str, Any]


def validation_page(document: Document) -> str:
    """The document of ``regime validate --json`` as HTML."""
    symbols = document["symbols"]
    counts = Counter(report["status"] for report in symbols)
    summary = ", ".join(f"{counts[status]:,} {status}" for status in _ORDER if counts[status])
    series = [(report["symbol"], entry) for report in symbols for entry in report["series"]]
    template = package_files("regime_platform.report").joinpath("validation_page.html")
    return Template(template.read_text(encoding="utf-8")).substitute(
        about=html_text(
            f"{len(symbols):,} symbols: {summary} · {document['input']} · {document['at']}"
        ),
        rules=html_table(_RULES, _rules(series)),
        series=html_table(_SERIES, [*_unreadable(symbols), *_series(series)]),
        gaps=_gaps(series),
    )


def _series(series: Iterable[tuple[str, Document]]) -> Iterable[Sequence[object]]:
    ordered = sorted(
        series, key=lambda row: (_ORDER.index(row[1]["status"]), not _findings(row[1]))
    )
    for symbol, entry in ordered:
        findings = _findings(entry)
        worst = max(findings, key=lambda finding: finding["count"], default=None)
        note = entry["reason"] or (f"{_first(worst)}; {worst['remedy']}" if worst else "")
        counts = ", ".join(f"{finding['rule']} {finding['count']:,}" for finding in findings)
        ends = (entry["first"] or "", entry["last"] or "")
        yield symbol, entry["timeframe"], entry["status"], entry["bars"], *ends, counts, note


def _unreadable(symbols: Iterable[Document]) -> Iterable[Sequence[object]]:
    for report in symbols:
        if report["reason"]:
            yield report["symbol"], "", "failed", "", "", "", "", report["reason"]


def _rules(series: Sequence[tuple[str, Document]]) -> Iterable[Sequence[object]]:
    """One row per rule over all series, those with findings first."""
    by_rule: dict[str, list[tuple[str, str, Document]]] = {}
    for symbol, entry in series:
        for finding in entry["findings"]:
            by_rule.setdefault(finding["rule"], []).append((symbol, entry["timeframe"], finding))
    ordered = sorted(by_rule.items(), key=lambda item: not any(it["count"] for *_, it in item[1]))
    for rule, findings in ordered:
        symbol, timeframe, worst = max(findings, key=lambda row: row[2]["count"])
        sums = [sum(it[name] for *_, it in findings) for name in ("count", "accepted", "checked")]
        touched = sum(1 for *_, it in findings if it["count"])
        example = f"{symbol} {timeframe} {_first(worst)}" if worst["count"] else ""
        remedy = worst["remedy"] if worst["count"] else ""
        yield rule, worst["severity"], touched, *sums, example, remedy


def _gaps(series: Iterable[tuple[str, Document]]) -> str:
    rows = [
        (symbol, entry["timeframe"], gap["first"], gap["last"], gap["missing"], gap["sessions"])
        for symbol, entry in series
        for gap in entry.get("gaps", ())
    ]
    columns = ("symbol", "timeframe", "missing from", "to", "bars", "whole sessions")
    return f"<h2>Gaps</h2>{html_table(columns, rows)}" if rows else ""


def _findings(entry: Document) -> list[Document]:
    return [finding for finding in entry["findings"] if finding["count"]]


def _first(finding: Document) -> str:
    return str(next(iter(finding["examples"]), ""))


def html_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """An HTML table with integers aligned to the right."""
    head = "".join(f"<th>{html_text(name)}</th>" for name in columns)
    body = "".join(f'<tr class="{_class(row)}">{_cells(row)}</tr>' for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cells(row: Sequence[object]) -> str:
    return "".join(
        f'<td class="n">{cell:,}</td>' if isinstance(cell, int) else f"<td>{html_text(cell)}</td>"
        for cell in row
    )


def _class(row: Sequence[object]) -> str:
    return next((str(cell) for cell in row[2:3] if cell in _ORDER), "")
