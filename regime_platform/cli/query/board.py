"""`regime board` and `regime charts`: the latest state of all symbols, and their pages."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from regime_platform.cli.console.exits import ALL_GOOD, NOTHING_SUCCEEDED, SOME_FAILED
from regime_platform.cli.console.options import AllRows, Json
from regime_platform.cli.console.selection import Symbols
from regime_platform.errors import RegimeError, failure_reason

if TYPE_CHECKING:
    import polars as pl
if TYPE_CHECKING:
    from regime_platform.model.instruments import Instrument
    from regime_platform.report.page import Page
    from regime_platform.report.reading import ChartWorkspace

_MOST_ROWS = 60
_MOST_NAMED = 10

Order = Literal["symbol", "escalation", "since", "regime"]


def board(
    tier: Annotated[str | None, typer.Option("--tier", help="Only core or daily.")] = None,
    sort: Annotated[Order, typer.Option("--sort", help="Sort order.")] = "symbol",
    as_json: Json = False,
    all_rows: AllRows = False,
) -> None:
    """Show the latest regime of every symbol on every timeframe."""
    from regime_platform.cli.console.frames import frame_document
    from regime_platform.cli.console.screen import messages, print_json
    from regime_platform.query.board import board as latest

    rows = latest(tier=tier, sort=sort)
    if as_json:
        print_json(frame_document(rows))
    elif rows.is_empty():
        messages().print("the board is empty; `regime run --all` fills it")
    else:
        print_board(rows, most_rows=None if all_rows else _MOST_ROWS)


def print_board(rows: "pl.DataFrame", *, most_rows: int | None = None) -> None:
    """The board as a table; series without a state show the reason instead."""
    from regime_platform.cli.console.screen import messages, print_table

    shown = rows if most_rows is None else rows.head(most_rows)
    columns = ("symbol", "tf", "bars", "range", "regime", "since", "esc", "score")
    cells = [_row(row) for row in shown.iter_rows(named=True)]
    print_table(columns, cells, numbers=("bars", "score"), folding=("regime",))
    _print_blocked(rows)
    _print_delisted(rows)
    left = rows.height - shown.height
    if left:
        messages().print(f"and {left:,} more rows; --all-rows shows them, --tier narrows")


def _print_blocked(rows: "pl.DataFrame") -> None:
    """The symbols blocked in the last run, whose rows are therefore old."""
    from regime_platform.cli.console.screen import messages, plural

    blocked = rows.drop_nulls("held_back").unique("symbol", maintain_order=True)
    console = messages()
    for row in blocked.head(_MOST_NAMED).iter_rows(named=True):
        console.print(f"{row['symbol']} {row['held_back']}", style="yellow")
    more = blocked.height - _MOST_NAMED
    if more > 0:
        console.print(f"and {plural(more, 'more symbol')} blocked", style="yellow")


def _print_delisted(rows: "pl.DataFrame") -> None:
    """The delisted symbols, whose rows are therefore old."""
    from regime_platform.cli.console.screen import messages, plural

    gone = rows.drop_nulls("delisted").unique("symbol", maintain_order=True)
    for row in gone.head(_MOST_NAMED).iter_rows(named=True):
        messages().print(f"{row['symbol']} delisted since {row['delisted']}")
    more = gone.height - _MOST_NAMED
    if more > 0:
        messages().print(f"and {plural(more, 'more symbol')} delisted")


def _row(row: dict[str, Any]) -> tuple[Any, ...]:
    from rich.text import Text

    from regime_platform.report.palette import BUCKET_COLOURS, readable

    series = (row["symbol"], row["timeframe"], f"{row['bars']:,}", _span(row))
    if row["regime_label"] is None:
        return *series, Text(readable(row["status"]), style="dim"), "·", "·", "·"
    state = (*series, readable(row["regime_label"]), f"{row['regime_since']:%Y-%m-%d}")
    if row["esc_pctl"] is None:
        return *state, "·", "·"
    bucket = row["escalation_bucket"]
    escalation = Text(f"{row['esc_pctl']:.2f} {bucket}", style=BUCKET_COLOURS[bucket])
    return *state, escalation, f"{row['hazard_score']:.0f}"


def _span(row: dict[str, Any]) -> str:
    first, last = row["first_ts"], row["last_ts"]
    if first is None:
        return "·"
    if first.year == last.year:
        return f"{first:%Y-%m}..{last:%m}"
    return f"{first:%Y}..{last:%Y}"


def rows_of(symbols: Collection[str]) -> "pl.DataFrame":
    """The rows of some symbols, in partition order."""
    import polars as pl

    from regime_platform.query.board import board as latest

    return latest().filter(pl.col("symbol").is_in(list(symbols)))


def charts(
    symbols: Symbols = None,
    as_json: Json = False,
) -> None:
    """Write one HTML page per symbol with results; default: all symbols."""
    from regime_platform.cli.console.screen import messages, print_json
    from regime_platform.pipeline.run_workspace import RunWorkspace

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
            messages().print(f"{name}: {reason}", style="bold red")
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
    messages().print(f"{plural(len(pages), 'page')} in {folder} ({changes})", soft_wrap=True)
