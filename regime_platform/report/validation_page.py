"""The page of a validation: the whole universe on one sheet, problems first, nothing to load."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files as package_files
from string import Template
from typing import Any

from regime_platform.report.html_text import html_text

_ORDER = ("failed", "blocked", "no_bars", "passed")
_SERIES = ("symbol", "timeframe", "status", "bars", "first", "last", "found", "what and remedy")
_RULES = ("rule", "severity", "series", "count", "accepted", "checked", "worst example", "remedy")

Facts = Mapping[str, Any]


def validation_page(facts: Facts) -> str:
    """HTML of what ``regime validate --json`` tells."""
    symbols = facts["symbols"]
    told = Counter(symbol["status"] for symbol in symbols)
    summary = ", ".join(f"{told[status]:,} {status}" for status in _ORDER if told[status])
    series = [(symbol["symbol"], it) for symbol in symbols for it in symbol["series"]]
    template = package_files("regime_platform.report").joinpath("validation_page.html")
    return Template(template.read_text(encoding="utf-8")).substitute(
        about=html_text(f"{len(symbols):,} symbols: {summary} · {facts['input']} · {facts['at']}"),
        rules=html_table(_RULES, _rules(series)),
        series=html_table(_SERIES, [*_unjudged(symbols), *_series(series)]),
        gaps=_gaps(series),
    )


def _series(series: Iterable[tuple[str, Facts]]) -> Iterable[Sequence[object]]:
    ordered = sorted(series, key=lambda one: (_ORDER.index(one[1]["status"]), not _found(one[1])))
    for symbol, one in ordered:
        found = _found(one)
        worst = max(found, key=lambda it: it["count"], default=None)
        note = one["reason"] or (f"{_first(worst)}; {worst['remedy']}" if worst else "")
        counts = ", ".join(f"{it['rule']} {it['count']:,}" for it in found)
        ends = (one["first"] or "", one["last"] or "")
        yield symbol, one["timeframe"], one["status"], one["bars"], *ends, counts, note


def _unjudged(symbols: Iterable[Facts]) -> Iterable[Sequence[object]]:
    for symbol in symbols:
        if symbol["reason"]:
            yield symbol["symbol"], "", "failed", "", "", "", "", symbol["reason"]


def _rules(series: Sequence[tuple[str, Facts]]) -> Iterable[Sequence[object]]:
    """One row per rule over all series, those that found something first."""
    by_rule: dict[str, list[tuple[str, str, Facts]]] = {}
    for symbol, one in series:
        for it in one["findings"]:
            by_rule.setdefault(it["rule"], []).append((symbol, one["timeframe"], it))
    found_first = sorted(
        by_rule.items(), key=lambda item: not any(it["count"] for *_, it in item[1])
    )
    for rule, held in found_first:
        symbol, timeframe, worst = max(held, key=lambda one: one[2]["count"])
        sums = [sum(it[name] for _s, _t, it in held) for name in ("count", "accepted", "checked")]
        touched = sum(1 for _s, _t, it in held if it["count"])
        example = f"{symbol} {timeframe} {_first(worst)}" if worst["count"] else ""
        remedy = worst["remedy"] if worst["count"] else ""
        yield rule, worst["severity"], touched, *sums, example, remedy


def _gaps(series: Iterable[tuple[str, Facts]]) -> str:
    rows = [
        (symbol, one["timeframe"], gap["first"], gap["last"], gap["missing"], gap["sessions"])
        for symbol, one in series
        for gap in one.get("gaps", ())
    ]
    columns = ("symbol", "timeframe", "missing from", "to", "bars", "whole sessions")
    return f"<h2>Gaps</h2>{html_table(columns, rows)}" if rows else ""


def _found(one: Facts) -> list[Facts]:
    return [it for it in one["findings"] if it["count"]]


def _first(finding: Facts) -> str:
    return str(next(iter(finding["examples"]), ""))


def html_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table whose whole numbers stand to the right."""
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
