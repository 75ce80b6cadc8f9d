"""The page of a migration: the totals and every series on one sheet, nothing to load."""

from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files as package_files
from string import Template
from typing import Any

from regime_platform.report.html_text import html_text
from regime_platform.report.validation_page import html_table

_ORDER = ("failed", "blocked", "done", "unchanged")
_PLAIN = ("equal", "collapsed", "unfinished", "waiting")
_WORDS = ("changed", "superseded", "rejected", "left_out")
_SERIES = ("symbol", "timeframe", "status", "rows", *_PLAIN, *_WORDS, "adds up", "from, examples")

Facts = Mapping[str, Any]


def migration_page(facts: Facts) -> str:
    """HTML of what ``regime migrate --json`` tells."""
    template = package_files("regime_platform.report").joinpath("migration_page.html")
    whole = facts["total"]
    sums = "every row is accounted for" if whole["adds_up"] else "the totals do not add up"
    about = f"{facts['migration']} from {facts['from']}: {whole['rows']:,} rows, {sums}"
    return Template(template.read_text(encoding="utf-8")).substitute(
        about=html_text(about),
        totals=html_table(("what became of them", "why", "rows"), _totals(whole)),
        series=html_table(_SERIES, _series(facts["symbols"])),
        problems=html_table(("symbol", "status", "why and remedy"), _problems(facts["symbols"])),
    )


def _totals(whole: Facts) -> Iterable[Sequence[object]]:
    for name in (*_PLAIN, "lost"):
        yield name, "", whole[name]
    for name in _WORDS:
        for why, rows in whole[name].items():
            yield name.replace("_", " "), why, rows
    yield "all", "", whole["rows"]


def _series(symbols: Sequence[Facts]) -> Iterable[Sequence[object]]:
    for one in sorted(symbols, key=lambda symbol: _ORDER.index(symbol["status"])):
        for it in one["series"]:
            words = [
                ", ".join(f"{why} {rows:,}" for why, rows in it[name].items()) for name in _WORDS
            ]
            plain = [it[name] for name in _PLAIN]
            sums = "yes" if it["adds_up"] else "NO"
            note = "; ".join((it["from"], *it["examples"]))
            yield (
                one["symbol"],
                it["timeframe"],
                one["status"],
                it["rows"],
                *plain,
                *words,
                sums,
                note,
            )


def _problems(symbols: Sequence[Facts]) -> Iterable[Sequence[object]]:
    for symbol in symbols:
        if symbol["reason"]:
            yield symbol["symbol"], symbol["status"], symbol["reason"]
