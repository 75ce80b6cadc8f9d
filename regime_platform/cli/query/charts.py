"""`regime charts`: one HTML page per symbol."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regime_platform.cli.console.clock import Clock
from regime_platform.cli.console.options import Symbols
from regime_platform.cli.console.output import Output, code_of_counts
from regime_platform.cli.console.progress import counted
from regime_platform.cli.console.selection import SymbolChoice
from regime_platform.errors import RegimeError, about, failure_reason
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.stored_results import find_results

if TYPE_CHECKING:
    from regime_platform.report.page import Page


def charts(
    symbols: Symbols = None,
    *,
    is_self_contained: Annotated[
        bool,
        typer.Option(
            "--self-contained", help="Each page with its scripts and styles, to be sent or moved."
        ),
    ] = False,
    clock: Clock,
    out: Output,
) -> int:
    workspace = RunWorkspace.open()
    wanted = (
        SymbolChoice(symbols).of(workspace.universe) if symbols else workspace.universe.instruments
    )
    now = clock.moment()
    pages, problems = write_pages(workspace, wanted, now, is_self_contained=is_self_contained)
    if symbols:  # a missing page of a named symbol is a problem
        missing = [name for instrument in wanted if (name := instrument.symbol) not in pages]
        problems = {name: _reason_without_page(workspace, name) for name in missing} | problems
    out.document(pages_document(pages, problems))
    print_pages(pages, problems, out)
    return code_of_counts(len(pages), len(pages) + len(problems))


def write_pages(
    workspace: RunWorkspace,
    instruments: Sequence[Instrument],
    now: dt.datetime,
    *,
    is_self_contained: bool = False,
) -> tuple[dict[str, "Page"], dict[str, str]]:
    """The pages of the symbols with results, and the reasons of failed ones.

    Raises:
        ModuleNotFoundError: the extra ``charts`` is not installed.
    """
    # a tenth of a second, which `regime run` shall not pay where it draws nothing
    from regime_platform.pipeline import pages as symbol_pages  # noqa: PLC0415

    writing = symbol_pages.write_pages(
        workspace, instruments, now, is_self_contained=is_self_contained
    )
    outcomes = list(counted(writing, len(instruments)))
    pages = {outcome.symbol: outcome.page for outcome in outcomes if outcome.page is not None}
    return pages, {outcome.symbol: outcome.problem for outcome in outcomes if outcome.problem}


def pages_document(pages: Mapping[str, "Page"], problems: Mapping[str, str]) -> dict[str, Any]:
    """The pages and what prevented others, by symbol."""
    return {
        "pages": {name: str(page.path) for name, page in pages.items()},
        "is_written": {name: page.is_written for name, page in pages.items()},
        "problems": dict(problems),
    }


def print_pages(pages: Mapping[str, "Page"], problems: Mapping[str, str], out: Output) -> None:
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
    return "no timeframe has enough bars for a state; see `regime board --by-timeframe`"
