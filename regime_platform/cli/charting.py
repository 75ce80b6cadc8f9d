"""The command that writes the pages of symbols."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from regime_platform.cli.exits import ALL_GOOD, NOTHING_SUCCEEDED, SOME_FAILED
from regime_platform.cli.options import Json
from regime_platform.cli.selection import Symbols
from regime_platform.errors import RegimeError, failure_reason

if TYPE_CHECKING:
    from regime_platform.model.instruments import Instrument
    from regime_platform.report.page import Page
    from regime_platform.report.reading import House


def charts(
    symbols: Symbols = None,
    as_json: Json = False,
) -> None:
    """Write one HTML page per symbol that has results; all of them where none is named."""
    from regime_platform.cli.screen import messages, print_json
    from regime_platform.pipeline.platform import open_platform
    from regime_platform.settings import Settings

    platform = open_platform(Settings())
    wanted = platform.universe.select(symbols) if symbols else platform.universe.instruments
    pages, problems = write_pages(platform, wanted)
    missing = [one.symbol for one in wanted if one.symbol not in {*pages, *problems}]
    if symbols:  # a symbol named has to have a page
        problems |= {symbol: _why_none(platform, symbol) for symbol in missing}
    if as_json:
        written = {name: page.is_written for name, page in pages.items()}
        paths = {name: str(page.path) for name, page in pages.items()}
        print_json({"pages": paths, "is_written": written, "problems": problems})
    else:
        for name, reason in problems.items():
            messages().print(f"{name}: {reason}", style="bold red", markup=False)
        if pages or not problems:
            tell_pages(list(pages.values()))
    if problems:
        raise typer.Exit(SOME_FAILED if pages else NOTHING_SUCCEEDED)
    raise typer.Exit(ALL_GOOD)


def write_pages(
    house: "House", instruments: "Sequence[Instrument]"
) -> "tuple[dict[str, Page], dict[str, str]]":
    """The pages of the symbols that have results, and why others could not be drawn."""
    from regime_platform.cli.screen import symbol_progress
    from regime_platform.report.page import symbol_page

    pages: dict[str, Page] = {}
    problems: dict[str, str] = {}
    with symbol_progress(len(instruments)) as progress:
        for instrument in progress.announcing(instruments):
            try:
                page = symbol_page(house, instrument.symbol)
            except Exception as error:  # noqa: BLE001 - one damaged symbol must not stop the others
                problems[instrument.symbol] = failure_reason(error, instrument.symbol)
            else:
                if page is not None:
                    pages[instrument.symbol] = page
            progress.advance()
    return pages, problems


def _why_none(house: "House", symbol: str) -> str:
    from regime_platform.query.place import gate_reason

    paths = house.root.symbol(symbol)
    if paths.compute_db.exists():
        return "no timeframe has enough bars for a state; see `regime board`"
    try:
        held_back = gate_reason(paths)
    except (RegimeError, OSError) as error:
        return failure_reason(error, symbol)
    remedy = (
        f"blocked by the gate: {held_back}" if held_back else f"`regime run {symbol}` makes them"
    )
    return f"no results; {remedy}"


def tell_pages(pages: "Sequence[Page]") -> None:
    """How many pages there are, how many are new, and where."""
    from regime_platform.cli.screen import messages, plural

    if not pages:
        messages().print("no symbol has results to draw; `regime run --all` makes them")
        return
    written = sum(page.is_written for page in pages)
    folder = pages[0].path.parent
    news = f"{written} written" if written else "all as they were"
    messages().print(
        f"{plural(len(pages), 'page')} in {folder} ({news})", markup=False, soft_wrap=True
    )
