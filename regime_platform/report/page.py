"""One HTML page per symbol: latest state as a table, a chart of each timeframe.

The pages of a folder share their scripts and styles, or a page contains them; either opens without
a network. A page has no time of its making but the digest of all it is made from: the same data
give the same bytes, and a page that is up to date is neither drawn nor written again.
"""

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from importlib.resources import files as package_files
from os.path import relpath
from pathlib import Path
from typing import Any

from regime_platform.bar_store.layout import DataRoot, SymbolPaths
from regime_platform.compute.maturity import MOST_MISSING, basis_of, mature_bars
from regime_platform.files import file_sha256, write_text
from regime_platform.model.calendar.lateness import age_lines
from regime_platform.model.digests import document_digest
from regime_platform.model.instruments import Instrument
from regime_platform.model.result_schema import REGIME_BIASES, REGIME_LABELS, RISK_POSTURES
from regime_platform.model.timeframes import TIMEFRAMES
from regime_platform.report import assets
from regime_platform.report.html import render
from regime_platform.report.page_data import (
    MOST_BARS,
    VALUES,
    count_note,
    last_reason,
    series_document,
)
from regime_platform.report.palette import readable
from regime_platform.report.series_chart import (
    ACCEPTED,
    ERA,
    EXCLUDED,
    GAP,
    REJECTED,
    REVISION,
    SPLIT,
    WITHDRAWN,
)
from regime_platform.report.views import SymbolView, first_shown, read_ages, read_symbol

FOLDER = "report"  # of the pages, below the data root
STYLES = ("chart.css",)
SCRIPTS = (
    assets.CHART_LIBRARY,
    *("texts.js", "series.js", "layers.js", "panes.js", "values.js", "overview.js", "chart.js"),
)
#: Kind of a marker -> its sign on the chart, where it is no line, and its name in the legend.
_KINDS = {
    ERA: ("", "era begins"),
    SPLIT: ("", "split"),
    GAP: ("G", "missing bars"),
    REVISION: ("V", "revised"),
    EXCLUDED: ("X", "excluded"),
    REJECTED: ("R", "rejected"),
    WITHDRAWN: ("W", "withdrawn"),
    ACCEPTED: ("A", "accepted"),
}


@dataclass(frozen=True)
class Page:
    """A symbol's page and whether this call wrote it."""

    path: Path
    is_written: bool


def symbol_page(
    root: DataRoot, instrument: Instrument, now: dt.datetime, *, is_self_contained: bool = False
) -> Page | None:
    """Writes the page of one symbol where its content changed; None without results.

    Args:
        root: the data root, in whose folder of pages it is written.
        instrument: of the universe.
        now: aware; bars that are missing by then are named on the page, so that a stale symbol gets
            another page with every further one.
        is_self_contained: the page contains its scripts and styles, to be sent or moved.

    Raises:
        ModuleNotFoundError: the extra ``charts`` is not installed.
        BarsError, ResultsError: bars or results are damaged.
    """
    paths, target = root.symbol(instrument.symbol), root.path / FOLDER / f"{instrument.symbol}.html"
    ages = list(age_lines(read_ages(paths, instrument, now), with_days=False))
    origin = _origin(paths, instrument, ages, is_self_contained=is_self_contained)
    if _recorded_origin(target) == origin:
        return Page(target, is_written=False)
    view = read_symbol(paths, instrument)
    if view is None:
        return None
    view = replace(view, notes=(*ages, *view.notes))
    folder = None if is_self_contained else target.parent
    write_text(target, page_html(view, origin, folder, records_of(paths, root, folder)))
    return Page(target, is_written=True)


def page_html(
    view: SymbolView,
    origin: str,
    folder: Path | None = None,
    records: tuple["Record", ...] = (),
    most: int | None = MOST_BARS,
) -> str:
    """The whole page as text.

    Args:
        view: what it shows.
        origin: the digest of what it is made from.
        folder: with the scripts and styles that it shares; None: it contains them.
        records: the files that prove what it shows.
        most: bars per series, the last ones; None: all.
    """
    load = assets.inlined if folder is None else lambda *names: assets.shared(folder, *names)
    charts = view.charts
    series = {
        name: series_document(chart, most) | {"note": f"{count_note(chart, most)} {chart.note}"}
        for name, chart in charts.items()
    }
    kinds = {marker["kind"] for document in series.values() for marker in document["markers"]}
    return render(
        "symbol_page.html",
        origin=origin,
        instrument=view.instrument,
        eras=view.eras,
        basis=view.basis,
        states=list(_states(view)),
        notes=view.notes,
        series=series,
        first=first_shown(charts),
        facts=_facts(view.instrument.symbol, first_shown(charts)),
        regimes=REGIME_LABELS,
        kinds={kind: _KINDS[kind] for kind in _KINDS if kind in kinds},
        has_immature=any(chart.immature.height for chart in charts.values()),
        records=records,
        styles=load(*STYLES),
        scripts=load(*SCRIPTS),
        library=f"Lightweight Charts™ {_library_version()}",
    )


def _states(view: SymbolView) -> Iterator[dict[str, Any]]:
    """The rows of the table of states."""
    for row in view.latest.to_dicts():
        chart = view.charts.get(row["timeframe"])
        why = "" if chart is None else last_reason(chart.bars)
        yield {**row, "rank_basis": basis_of(row), "why": why}


@dataclass(frozen=True)
class Record:
    """A file that a page refers to."""

    title: str
    name: str  # its path below the data root, or its address from the page
    is_link: bool


def records_of(paths: SymbolPaths, root: DataRoot, folder: Path | None) -> tuple[Record, ...]:
    """The files that prove what a page shows; None as the folder of one that stands alone."""
    files = {
        "findings": paths.verdict,
        "manifest of the bars": paths.manifest,
        "manifest of the results": paths.compute_manifest,
    }
    return tuple(
        Record(title, relpath(path, folder or root.path).replace("\\", "/"), folder is not None)
        for title, path in files.items()
        if path.exists()
    )


def _facts(symbol: str, first: str) -> dict[str, Any]:
    """What the script needs to know beside the series."""
    codes = (*REGIME_LABELS, *REGIME_BIASES, *RISK_POSTURES)
    return {
        "symbol": symbol,
        "first": first,
        "regimes": REGIME_LABELS,
        "words": {code: readable(code) for code in codes},
        "kinds": {kind: {"sign": sign, "name": name} for kind, (sign, name) in _KINDS.items()},
        "values": [
            {"name": value.name, "title": value.title, "digits": value.digits}
            | ({"signed": True} if value.is_signed else {})
            for value in VALUES
        ],
    }


def chart_libraries() -> dict[str, str]:
    """The versions of the libraries that draw, which are the extra ``charts``.

    Raises:
        ModuleNotFoundError: one is not installed.
    """
    return {name: version(name) for name in ("litecharts",)}


@cache
def _library_version() -> str:
    match = re.search(r" v(\d[\d.]*\d)", assets.text(assets.CHART_LIBRARY)[:400])
    return match[1] if match else ""


def _origin(
    paths: SymbolPaths, instrument: Instrument, ages: list[str], *, is_self_contained: bool
) -> str:
    inputs = (
        *(paths.verdict, paths.manifest, paths.compute_manifest),
        *(paths.splits, paths.price_factors),
    )
    return document_digest(
        {
            "instrument": instrument.record,
            "inputs": [file_sha256(path) if path.exists() else None for path in inputs],
            "code": _code_digest(),
            "mature": [MOST_MISSING, *map(mature_bars, TIMEFRAMES)],
            "age": ages,
            "is_self_contained": is_self_contained,
        }
    )


def _recorded_origin(page: Path) -> str | None:
    """The digest stored in a page; None where there is no page."""
    try:
        with page.open(encoding="utf-8") as stream:
            match = re.search(r'name="made-from" content="([0-9a-f]+)"', stream.read(1000))
    except FileNotFoundError:
        return None
    return match and match[1]


@cache
def _code_digest() -> str:
    package = package_files("regime_platform.report")
    folders = (package, package.joinpath("templates"))
    sources = [path for folder in folders for path in folder.iterdir() if path.is_file()]
    texts = {path.name: path.read_text(encoding="utf-8") for path in sources}
    return document_digest({"assets": assets.digest(*STYLES, *SCRIPTS), "sources": texts})
