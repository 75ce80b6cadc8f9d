"""The page of a migration: totals and every series in one self-contained HTML file."""

from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files as package_files
from string import Template
from typing import Any

from regime_platform.report.html_text import html_text
from regime_platform.report.validation_page import html_table

_ORDER = ("failed", "blocked", "done", "unchanged")
_COUNTS = ("equal", "collapsed", "unfinished", "waiting")
_REASONS = ("changed", "superseded", "rejected", "left_out")
_SERIES = (
    "symbol",
    "timeframe",
    "status",
    "rows",
    *_COUNTS,
    *_REASONS,
    "adds up",
    "from, examples",
)

Document = Mapping[str, Any]  # as `regime migrate --json` prints it


def migration_page(report: Document) -> str:
    """HTML with the content of ``regime migrate --json``."""
    template = package_files("regime_platform.report").joinpath("migration_page.html")
    total = report["total"]
    sums = "every row is accounted for" if total["adds_up"] else "the totals do not add up"
    about = f"{report['migration']} from {report['from']}: {total['rows']:,} rows, {sums}"
    return Template(template.read_text(encoding="utf-8")).substitute(
        about=html_text(about),
        totals=html_table(("result", "reason", "rows"), _totals(total)),
        series=html_table(_SERIES, _series(report["symbols"])),
        problems=html_table(
            ("symbol", "status", "reason and remedy"), _problems(report["symbols"])
        ),
    )


def _totals(total: Document) -> Iterable[Sequence[object]]:
    for name in (*_COUNTS, "lost"):
        yield name, "", total[name]
    for name in _REASONS:
        for reason, rows in total[name].items():
            yield name.replace("_", " "), reason, rows
    yield "all", "", total["rows"]


def _series(symbols: Sequence[Document]) -> Iterable[Sequence[object]]:
    for outcome in sorted(symbols, key=lambda symbol: _ORDER.index(symbol["status"])):
        for series in outcome["series"]:
            reasons = [
                ", ".join(f"{reason} {rows:,}" for reason, rows in series[name].items())
                for name in _REASONS
            ]
            yield (
                outcome["symbol"],
                series["timeframe"],
                outcome["status"],
                series["rows"],
                *(series[name] for name in _COUNTS),
                *reasons,
                "yes" if series["adds_up"] else "NO",
                "; ".join((series["from"], *series["examples"])),
            )


def _problems(symbols: Sequence[Document]) -> Iterable[Sequence[object]]:
    for outcome in symbols:
        if outcome["reason"]:
            yield outcome["symbol"], outcome["status"], outcome["reason"]
