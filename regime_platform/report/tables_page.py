"""The HTML pages of a validation and of a migration: tables with the problems first."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from regime_platform.report.html import render

_VALIDATION_ORDER = ("failed", "blocked", "no_bars", "passed")
MIGRATION_ORDER = ("failed", "blocked", "done", "unchanged")
COUNTS = ("equal", "collapsed", "unfinished", "waiting")
REASONS = ("changed", "superseded", "rejected", "left_out")

Document = Mapping[str, Any]


def validation_page(document: Document) -> str:
    """The document of ``regime validate --json`` as HTML."""
    symbols = document["symbols"]
    counts = Counter(report["status"] for report in symbols)
    series = [(report["symbol"], entry) for report in symbols for entry in report["series"]]
    return render(
        "validation_page.html",
        document=document,
        counts={status: counts[status] for status in _VALIDATION_ORDER if counts[status]},
        rules=list(_rules(series)),
        series=[*_unreadable(symbols), *_validated(series)],
        gaps=[
            (symbol, entry["timeframe"], *(gap[key] for key in _GAP))
            for symbol, entry in series
            for gap in entry.get("gaps", ())
        ],
    )


_GAP = ("first", "last", "missing", "sessions")


def migration_page(report: Document) -> str:
    """The document of ``regime migrate --json`` as HTML."""
    return render(
        "migration_page.html",
        report=report,
        totals=list(_totals(report["total"])),
        problems=[
            (outcome["symbol"], outcome["status"], outcome["reason"])
            for outcome in report["symbols"]
            if outcome["reason"]
        ],
        series=list(_migrated(report["symbols"])),
        counts=COUNTS,
        reasons=REASONS,
    )


def _validated(series: Iterable[tuple[str, Document]]) -> Iterator[Sequence[object]]:
    ordered = sorted(
        series, key=lambda row: (_VALIDATION_ORDER.index(row[1]["status"]), not _findings(row[1]))
    )
    for symbol, entry in ordered:
        findings = _findings(entry)
        worst = max(findings, key=lambda finding: finding["count"], default=None)
        note = entry["reason"] or (f"{_first(worst)}; {worst['remedy']}" if worst else "")
        counts = ", ".join(f"{finding['rule']} {finding['count']:,}" for finding in findings)
        ends = (entry["first"] or "", entry["last"] or "")
        yield symbol, entry["timeframe"], entry["status"], entry["bars"], *ends, counts, note


def _unreadable(symbols: Iterable[Document]) -> Iterator[Sequence[object]]:
    for report in symbols:
        if report["reason"]:
            yield report["symbol"], "", "failed", "", "", "", "", report["reason"]


def _rules(series: Sequence[tuple[str, Document]]) -> Iterator[Sequence[object]]:
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


def _findings(entry: Document) -> list[Document]:
    return [finding for finding in entry["findings"] if finding["count"]]


def _first(finding: Document) -> str:
    return str(next(iter(finding["examples"]), ""))


def _totals(total: Document) -> Iterator[Sequence[object]]:
    for name in (*COUNTS, "lost"):
        yield name, "", total[name]
    for name in REASONS:
        for reason, rows in total[name].items():
            yield name.replace("_", " "), reason, rows
    yield "all", "", total["rows"]


def _migrated(symbols: Sequence[Document]) -> Iterator[Sequence[object]]:
    for outcome in sorted(symbols, key=lambda symbol: MIGRATION_ORDER.index(symbol["status"])):
        for series in outcome["series"]:
            yield (
                outcome["symbol"],
                series["timeframe"],
                outcome["status"],
                series["rows"],
                *(series[name] for name in COUNTS),
                *(
                    ", ".join(f"{reason} {rows:,}" for reason, rows in series[name].items())
                    for name in REASONS
                ),
                "yes" if series["adds_up"] else "NO",
                "; ".join((series["from"], *series["examples"])),
            )
