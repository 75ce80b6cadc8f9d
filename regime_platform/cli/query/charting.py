"""`regime charts`: one HTML page per symbol."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from regime_platform.cli.console.options import Json
from regime_platform.cli.console.selection import Symbols
from regime_platform.cli.exits import ALL_GOOD, NOTHING_SUCCEEDED, SOME_FAILED
from regime_platform.errors import RegimeError, failure_reason

if TYPE_CHECKING:
    from regime_platform.model.instruments import Instrument
    from regime_platform.report.page import Page
    from regime_platform.report.reading import ChartWorkspace


def charts(
    symbols: Symbols = None,
    as_json: Json = False,
) -> None:
    """Write one HTML page per symbol with results; default: all symbols."""
    from regime_platform.cli.console.screen import messages, print_json
    from regime_platform.pipeline.platform import RunWorkspace

    workspace = RunWorkspace.open()
    wanted = workspace.universe.select(symbols) if symbols else workspace.universe.instruments
    pages, problems = write_pages(workspace, wanted)
    missing = [
        instrument.symbol for instrument in wanted if instrument.symbol not in {*pages, *problems}
    ]
    if symbols:  # a missing page of a named symbol is a problem
        problems |= {symbol: _reason_without_page(workspace, symbol) for symbol in missing}
    if as_json:
        written = {name: page.is_written for name, page in pages.items()}
        paths = {name: str(page.path) for name, page in pages.items()}
        print_json({"pages": paths, "is_written": written, "problems": problems})
    else:
        for name, reason in problems.items():
            messages().print(f"{name}: {reason}", style="bold red", markup=False)
        if pages or not problems:
            print_pages(list(pages.values()))
    if problems:
        raise typer.Exit(SOME_FAILED if pages else NOTHING_SUCCEEDED)
    raise typer.Exit(ALL_GOOD)


def write_pages(
    workspace: "ChartWorkspace", instruments: "Sequence[Instrument]"
) -> "tuple[dict[str, Page], dict[str, str]]":
    """The pages of the symbols with results, and the reasons of failed ones."""
    from regime_platform.cli.console.screen import symbol_progress
    from regime_platform.report.page import symbol_page

    pages: dict[str, Page] = {}
    problems: dict[str, str] = {}
    with symbol_progress(len(instruments)) as progress:
        for instrument in progress.announcing(instruments):
            try:
                page = symbol_page(workspace, instrument.symbol)
            except Exception as error:  # noqa: BLE001 - one damaged symbol must not stop the others
                problems[instrument.symbol] = failure_reason(error, instrument.symbol)
            else:
                if page is not None:
                    pages[instrument.symbol] = page
            progress.advance()
    return pages, problems


def _reason_without_page(workspace: "ChartWorkspace", symbol: str) -> str:
    from regime_platform.query.stored_results import gate_reason

    paths = workspace.root.symbol(symbol)
    if paths.compute_db.exists():
        return "no timeframe has enough bars for a state; see `regime board`"
    try:
        held_back = gate_reason(paths)
    except (RegimeError, OSError) as error:
        return failure_reason(error, symbol)
    remedy = (
        f"blocked by the gate: {held_back}" if held_back else f"`regime run {symbol}` computes them"
    )
    return f"no results; {remedy}"


def print_pages(pages: "Sequence[Page]") -> None:
    """The number of pages, how many changed, and their folder."""
    from regime_platform.cli.console.screen import messages, plural

    if not pages:
        messages().print("no symbol has results; `regime run --all` computes them")
        return
    written = sum(page.is_written for page in pages)
    folder = pages[0].path.parent
    changes = f"{written} written" if written else "all unchanged"
    messages().print(
        f"{plural(len(pages), 'page')} in {folder} ({changes})", markup=False, soft_wrap=True
    )
