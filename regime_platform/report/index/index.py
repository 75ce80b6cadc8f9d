"""Writes the index of a report: one page over all symbols, beside the pages of each.

The same data and the same ``now`` give the same bytes. It needs no more than the board, the views
of ``sql_views`` and the rows of `regime status`, whose counts it shows.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from regime_platform.files import write_text
from regime_platform.query.board import board, series_board
from regime_platform.report import assets
from regime_platform.report.board_page import SCRIPT, board_view
from regime_platform.report.html import render
from regime_platform.report.index.breadth import HIGH, WIDE
from regime_platform.report.index.changes import changes
from regime_platform.report.index.coverage import coverage
from regime_platform.report.index.headline import StatusRow, lasting, problems, tiles
from regime_platform.report.index.heat_map import heat_map
from regime_platform.report.index.past import read_past
from regime_platform.report.study.written import FOLDER as STUDIES
from regime_platform.sql_views.views import open_views
from regime_platform.workspace import Workspace

INDEX = "index.html"


@dataclass(frozen=True)
class WrittenIndex:
    """The index, and whether this call wrote it."""

    path: Path
    size: int  # bytes
    is_written: bool  # False where the file had these bytes already


def write_index(
    workspace: Workspace, rows: Sequence[StatusRow], now: dt.datetime, folder: Path
) -> WrittenIndex:
    """Writes the index into ``folder``; links to the pages of symbols that are there.

    Args:
        workspace: whose symbols it shows.
        rows: of `regime status`.
        now: aware; bars that are due by then are late, and the page names it.
        folder: of the report; made where it does not exist.

    Raises:
        ResultsError: the board is damaged; the next run makes it again.
    """
    page = index_page(workspace, rows, now, folder).encode()
    target = folder / INDEX
    is_written = not target.exists() or target.read_bytes() != page
    if is_written:
        write_text(target, page.decode())
    return WrittenIndex(target, len(page), is_written)


def index_page(
    workspace: Workspace, rows: Sequence[StatusRow], now: dt.datetime, folder: Path
) -> str:
    """The whole page as text; writes the scripts and styles that it loads."""
    universe = workspace.universe
    existing = {path.stem for path in folder.glob("*.html")}
    pages = existing & {*universe.symbols}
    series = series_board(now=now, where=workspace.settings)
    symbols = board(now=now, where=workspace.settings)
    studies = f"{STUDIES}/{INDEX}"
    notes: list[str] = []
    with open_views(workspace, report=notes.append) as views:
        past = read_past(views)
    changed = changes(series, past.why, pages)
    return render(
        "index/index_page.html",
        styles=assets.shared(folder, "index.css"),
        scripts=assets.shared(folder, "index.js", SCRIPT),
        now=now,
        tiles=tiles(rows, symbols, changed),
        changes=changed,
        breadth=past.breadth,
        notes=notes,
        width=WIDE,
        height=HIGH,
        heat_map=heat_map(series, universe, pages),
        board=board_view(symbols, {symbol: f"{symbol}.html" for symbol in pages}),
        coverage=coverage(universe.instruments, past.bars, now),
        problems=problems(rows),
        state=lasting(rows),
        studies=studies if (folder / studies).exists() else "",
    )
