"""`regime board`: the latest state of all symbols as a table."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from regime_platform.cli.console.options import AllRows, Json

if TYPE_CHECKING:
    import polars as pl

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
        console.print(f"{row['symbol']} {row['held_back']}", style="yellow", markup=False)
    more = blocked.height - _MOST_NAMED
    if more > 0:
        console.print(f"and {plural(more, 'more symbol')} blocked", style="yellow")


def _print_delisted(rows: "pl.DataFrame") -> None:
    """The delisted symbols, whose rows are therefore old."""
    from regime_platform.cli.console.screen import messages, plural

    gone = rows.drop_nulls("delisted").unique("symbol", maintain_order=True)
    for row in gone.head(_MOST_NAMED).iter_rows(named=True):
        messages().print(f"{row['symbol']} delisted since {row['delisted']}", markup=False)
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
