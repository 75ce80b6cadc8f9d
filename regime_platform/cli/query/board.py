"""`regime board`: the latest state of all symbols, a row per symbol or per series."""

from dataclasses import dataclass
from typing import Annotated

import typer

from regime_platform.cli.console.clock import Clock
from regime_platform.cli.console.frames import frame_document, print_csv, write_page
from regime_platform.cli.console.options import Html, Options, Timeframe
from regime_platform.cli.console.output import LongOutput
from regime_platform.cli.console.symbol_options import SymbolOptions
from regime_platform.cli.query.board_table import print_board, print_series_board
from regime_platform.errors import UsageError
from regime_platform.model.moments import optional_moment
from regime_platform.query.board import ALL_ROWS, BoardFilter, SortKey, board, series_board
from regime_platform.workspace import Workspace


@dataclass(frozen=True)
class RowOptions(Options):
    """Which rows of a board are shown, by their state."""

    timeframe: Timeframe = None
    asset_classes: Annotated[
        list[str] | None, typer.Option("--class", help="Only this asset class; repeatable.")
    ] = None
    regimes: Annotated[
        list[str] | None,
        typer.Option("--regime", help="Only this regime, such as panic-risk; repeatable."),
    ] = None
    buckets: Annotated[
        list[str] | None,
        typer.Option("--bucket", help="Only this bucket: LOW, MED, HIGH or NA; repeatable."),
    ] = None
    changed_since: Annotated[
        str | None,
        typer.Option(
            "--changed-since", help="Only where regime or bucket changed from this time on (UTC)."
        ),
    ] = None

    def among(self, choice: SymbolOptions) -> BoardFilter:
        """The filter that these options and those of symbols stand for."""
        members = choice.of(Workspace.open().universe) if choice else None
        return BoardFilter(
            symbols=None if members is None else [each.symbol for each in members],
            asset_classes=self.asset_classes or (),
            regimes=self.regimes or (),
            buckets=self.buckets or (),
            changed_since=optional_moment(self.changed_since, "--changed-since"),
            timeframe=self.timeframe,
        )


@dataclass(frozen=True)
class FormOptions(Options):
    """What is shown of the rows, and where."""

    sort: Annotated[SortKey, typer.Option("--sort", help="Sort order.")] = "symbol"
    by_timeframe: Annotated[
        bool, typer.Option("--by-timeframe", help="A row per symbol and timeframe.")
    ] = False
    csv: Annotated[bool, typer.Option("--csv", help="Print every column as CSV.")] = False
    html: Html = None


def board_command(
    choice: SymbolOptions, rows: RowOptions, form: FormOptions, clock: Clock, out: LongOutput
) -> None:
    if form.csv and out.as_json:
        raise UsageError("--csv and --json: give one of them", code="conflicting-formats")
    wanted, now = rows.among(choice), clock.moment()
    read, show = (series_board, print_series_board) if form.by_timeframe else (board, print_board)
    frame = read(wanted, sort=form.sort, now=now)
    if form.html is not None:
        # a tenth of a second for the templates, which no other form needs
        from regime_platform.report.board_page import board_page  # noqa: PLC0415

        write_page(form.html, board_page(frame, now))
    if form.csv:
        print_csv(frame)
    elif out.as_json:
        out.document(frame_document(frame))
    elif not frame.is_empty():
        show(frame, out)
    elif wanted == ALL_ROWS:
        out.note("the board is empty; `regime run --all` fills it")
    else:
        out.note("no row of the board is of that kind; `regime board` shows all")
