"""One self-contained HTML page per symbol: latest state as a table, one chart per timeframe.

The drawing library is part of the page, which therefore opens without a network. The page has no
time of its making but the digest of all it is made from: the same data give the same bytes, and a
page that is up to date is neither drawn nor written again.
"""

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from importlib.resources import files as package_files
from pathlib import Path

import polars as pl

from regime_platform.bar_store.layout import DataRoot
from regime_platform.compute.eras.eras import EraSet
from regime_platform.compute.maturity import MOST_MISSING, basis_of, mature_bars
from regime_platform.files import file_sha256, write_text
from regime_platform.model.actions import Action
from regime_platform.model.calendar.lateness import age_lines
from regime_platform.model.digests import document_digest
from regime_platform.model.instruments import Instrument
from regime_platform.model.timeframes import TIMEFRAMES
from regime_platform.report import marks
from regime_platform.report.html import render
from regime_platform.report.views import SymbolView, first_shown, read_ages, read_symbol


@dataclass(frozen=True)
class Page:
    """A symbol's page and whether this call wrote it."""

    path: Path
    is_written: bool


def symbol_page(
    root: DataRoot, eras: EraSet, instrument: Instrument, now: dt.datetime
) -> Page | None:
    """Writes the page of one symbol where its content changed; None without results.

    ``now`` (aware): bars that are missing by then are named on it, so that a stale symbol gets
    another page with every further one.

    Raises:
        ModuleNotFoundError: the extra ``charts`` is not installed.
        BarsError, ResultsError: bars or results are damaged.
    """
    paths, target = root.symbol(instrument.symbol), root.path / f"report/{instrument.symbol}.html"
    ages = list(age_lines(read_ages(paths, instrument, now), with_days=False))
    inputs = (paths.verdict, paths.manifest, paths.compute_manifest, paths.splits)
    origin = document_digest(
        {
            "instrument": instrument.record,
            "eras": eras.version,
            "inputs": [file_sha256(path) if path.exists() else None for path in inputs],
            "code": _code_digest(),
            "mature": [MOST_MISSING, *map(mature_bars, TIMEFRAMES)],
            "age": ages,
        }
    )
    if _recorded_origin(target) == origin:
        return Page(target, is_written=False)
    view = read_symbol(paths, instrument, eras)
    if view is None:
        return None
    view = replace(view, notes=(*ages, *view.notes))
    write_text(target, page_html(view, origin))
    return Page(target, is_written=True)


def page_html(view: SymbolView, origin: str) -> str:
    """The whole page as text."""
    from regime_platform.report import panels  # noqa: PLC0415 - a second of imports, an extra

    charts = {}
    for timeframe, frame in view.series.items():
        bars, immature = marks.bar_columns(frame, timeframe), marks.immature_spans(frame, timeframe)
        splits = view.actions.get(timeframe, ())
        note = " ".join((_note(frame.height), *_immature_note(immature), *_split_note(splits)))
        spec = panels.page_chart(has_volume=any(bars["volume"]), rows=len(view.series))
        charts[timeframe] = {
            "spec": {**spec, "description": f"{view.instrument.symbol} {timeframe}: {note}"},
            "data": {
                marks.BARS: bars,
                marks.RUNS: marks.run_columns({timeframe: frame}),
                marks.LEVELS: marks.level_columns(frame),
                marks.ERAS: marks.era_columns(frame, view.eras),
                marks.SPLITS: marks.split_columns(splits),
                marks.IMMATURE: marks.columns(immature),
            },
            "note": note,
        }
    return render(
        "symbol_page.html",
        origin=origin,
        instrument=view.instrument,
        eras=view.eras,
        basis=view.basis,
        states=[{**row, "rank_basis": basis_of(row)} for row in view.latest.to_dicts()],
        notes=view.notes,
        charts=charts,
        first=first_shown(charts),
        shared={marks.STRIPS: marks.run_columns(view.series)},
        bundle=panels.javascript_bundle(),
    )


def chart_libraries() -> dict[str, str]:
    """The versions of the libraries that draw, which are the extra ``charts``.

    Raises:
        ModuleNotFoundError: one is not installed.
    """
    return {name: version(name) for name in ("altair", "vl-convert-python")}


def _note(bars: int) -> str:
    share = marks.bars_per_mark(bars)
    if share == 1:
        return f"{bars:,} bars, each drawn."
    return (
        f"{bars:,} bars; each mark stands for {share} bars: their range, highest escalation and "
        "deepest drawdown, and a shock or panic in any of them."
    )


def _immature_note(spans: pl.DataFrame) -> Iterator[str]:
    """What the shading of the escalation shows, in words."""
    if spans.height:
        shaded = ", ".join(
            f"{start:%Y-%m-%d} until {end:%Y-%m-%d}" for start, end, _ in spans.iter_rows()
        )
        yield f"Escalation is shaded where its rank is immature, on too few bars: {shaded}."


def _split_note(splits: Sequence[Action]) -> Iterator[str]:
    if splits:
        yield f"Earlier bars are adjusted for {', '.join(map(str, splits))}."


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
    sources = [*package.iterdir(), *package.joinpath("templates").iterdir()]
    texts = {path.name: path.read_text(encoding="utf-8") for path in sources if path.is_file()}
    return document_digest({"versions": chart_libraries(), "sources": texts})
