"""The board: the latest state of all symbols, as command and as the table the demo ends with."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from regime_platform.cli.options import AllRows, Json

if TYPE_CHECKING:
    import polars as pl

_MOST_ROWS = 60
_MOST_HELD_BACK = 10

Order = Literal["symbol", "escalation", "since", "regime"]


def board(
    tier: Annotated[str | None, typer.Option("--tier", help="Only core or daily.")] = None,
    sort: Annotated[Order, typer.Option("--sort", help="What comes first.")] = "symbol",
    as_json: Json = False,
    all_rows: AllRows = False,
) -> None:
    """Show the latest regime of every symbol on every timeframe."""
    from regime_platform.cli.frames import frame_facts
    from regime_platform.cli.screen import messages, print_json
    from regime_platform.query.boards import board as latest

    rows = latest(tier=tier, sort=sort)
    if as_json:
        print_json(frame_facts(rows))
    elif rows.is_empty():
        messages().print("the board is empty; `regime run --all` fills it")
    else:
        print_board(rows, most_rows=None if all_rows else _MOST_ROWS)


def print_board(rows: "pl.DataFrame", *, most_rows: int | None = None) -> None:
    """The board as a table; series without a state say why in its place."""
    from regime_platform.cli.screen import messages, print_table

    shown = rows if most_rows is None else rows.head(most_rows)
    columns = ("symbol", "tf", "bars", "range", "regime", "since", "esc", "hazard")
    cells = [_row(row) for row in shown.iter_rows(named=True)]
    print_table(columns, cells, numbers=("bars", "hazard"), folding=("regime",))
    _print_held_back(rows)
    _print_delisted(rows)
    left = rows.height - shown.height
    if left:
        messages().print(f"and {left:,} more rows; --all-rows shows them, --tier narrows")


def _print_held_back(rows: "pl.DataFrame") -> None:
    """The symbols that the last walk left behind, so that nobody takes their rows for news."""
    from regime_platform.cli.screen import messages, plural

    left_behind = rows.drop_nulls("held_back").unique("symbol", maintain_order=True)
    console = messages()
    for row in left_behind.head(_MOST_HELD_BACK).iter_rows(named=True):
        console.print(f"{row['symbol']} {row['held_back']}", style="yellow", markup=False)
    more = left_behind.height - _MOST_HELD_BACK
    if more > 0:
        console.print(f"and {plural(more, 'more symbol')} held back", style="yellow")


def _print_delisted(rows: "pl.DataFrame") -> None:
    """Whose rows are old because there is no news any more."""
    from regime_platform.cli.screen import messages, plural

    gone = rows.drop_nulls("delisted").unique("symbol", maintain_order=True)
    for row in gone.head(_MOST_HELD_BACK).iter_rows(named=True):
        messages().print(f"{row['symbol']} delisted since {row['delisted']}", markup=False)
    more = gone.height - _MOST_HELD_BACK
    if more > 0:
        messages().print(f"and {plural(more, 'more symbol')} delisted")


def _row(row: dict[str, Any]) -> tuple[Any, ...]:
    from rich.text import Text

    from regime_platform.report.palette import BUCKET_COLOURS, readable

    place = (row["symbol"], row["timeframe"], f"{row['bars']:,}", _span(row))
    if row["regime_label"] is None:
        return *place, Text(readable(row["status"]), style="dim"), "·", "·", "·"
    state = (*place, readable(row["regime_label"]), f"{row['regime_since']:%Y-%m-%d}")
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
    """The board of some symbols, in partition order."""
    import polars as pl

    from regime_platform.query.boards import board as latest

    return latest().filter(pl.col("symbol").is_in(list(symbols)))
