"""`regime charts`: one HTML page per symbol."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from regime_platform.cli.console.clock import Clock
from regime_platform.cli.console.options import Symbols
from regime_platform.cli.console.output import Output, code_of_counts
from regime_platform.cli.console.progress import announced
from regime_platform.cli.console.selection import SymbolChoice
from regime_platform.errors import RegimeError, about, failure_reason
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.states import find_results
from regime_platform.report.page import Page, chart_libraries, symbol_page


def charts(symbols: Symbols = None, *, clock: Clock, out: Output) -> int:
    workspace = RunWorkspace.open()
    wanted = (
        SymbolChoice(symbols).of(workspace.universe) if symbols else workspace.universe.instruments
    )
    pages, problems = write_pages(workspace, wanted, clock.moment())
    if symbols:  # a missing page of a named symbol is a problem
        missing = [name for instrument in wanted if (name := instrument.symbol) not in pages]
        problems = {name: _reason_without_page(workspace, name) for name in missing} | problems
    out.document(pages_document(pages, problems))
    print_pages(pages, problems, out)
    return code_of_counts(len(pages), len(pages) + len(problems))


def write_pages(
    workspace: RunWorkspace, instruments: Sequence[Instrument], now: dt.datetime
) -> tuple[dict[str, Page], dict[str, str]]:
    """The pages of the symbols with results, and the reasons of failed ones.

    Raises:
        ModuleNotFoundError: the extra ``charts`` is not installed.
    """
    chart_libraries()
    pages: dict[str, Page] = {}
    problems: dict[str, str] = {}
    for instrument in announced(instruments):
        try:
            page = symbol_page(workspace.root, workspace.eras, instrument, now)
        except ModuleNotFoundError:  # it would fail for every symbol
            raise
        except Exception as error:  # noqa: BLE001 - one damaged symbol must not stop the others
            problems[instrument.symbol] = failure_reason(error, instrument.symbol)
        else:
            if page is not None:
                pages[instrument.symbol] = page
    return pages, problems


def pages_document(pages: Mapping[str, Page], problems: Mapping[str, str]) -> dict[str, Any]:
    """The pages and what prevented others, by symbol."""
    return {
        "pages": {name: str(page.path) for name, page in pages.items()},
        "is_written": {name: page.is_written for name, page in pages.items()},
        "problems": dict(problems),
    }


def print_pages(pages: Mapping[str, Page], problems: Mapping[str, str], out: Output) -> None:
    """What prevented pages; the number of pages, how many changed, and where they are."""
    for name, reason in problems.items():
        out.note(about(name, reason), "bold red")
    if not pages:
        if not problems:
            out.note("no symbol has results; `regime run --all` computes them")
        return
    paths = [page.path for page in pages.values()]
    written = sum(page.is_written for page in pages.values())
    changes = f"{written} written" if written else "all unchanged"
    place = f"page {paths[0]}" if len(paths) == 1 else f"{len(paths)} pages in {paths[0].parent}"
    out.note(f"{place} ({changes})")


def _reason_without_page(workspace: RunWorkspace, symbol: str) -> str:
    try:
        find_results(workspace, symbol)
    except (RegimeError, OSError) as error:
        return failure_reason(error, symbol)
    return "no timeframe has enough bars for a state; see `regime board`"
