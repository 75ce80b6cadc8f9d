"""`regime board`: the latest state of all symbols."""

from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any, Literal

import polars as pl
import typer
from rich.text import Text

from regime_platform.cli.console.clock import Clock
from regime_platform.cli.console.frames import frame_document
from regime_platform.cli.console.numbers import NONE, number
from regime_platform.cli.console.output import LongOutput
from regime_platform.cli.console.screen import Cell, plural
from regime_platform.cli.console.selection import SymbolChoice
from regime_platform.manifests.pending import RESULTS_PENDING
from regime_platform.query.board import board as latest
from regime_platform.report.palette import BUCKET_COLOURS, readable

_MOST_ROWS = 60
_MOST_NAMED = 10
_FINDINGS = "e/w"  # the table is to fit into 80 columns
_COLUMNS = ("symbol", "tf", "bars", "range", _FINDINGS, "regime", "since", "escalation")
_MARK = "*"  # of an immature rank
_BUILT = "+"  # of a timeframe whose bars are built from finer ones
_LATE = "!"  # of the end of a series that lacks bars
_SHORT = "too short"  # of a series with too few bars for an escalation

_PENDING = f"{{symbol}}: {RESULTS_PENDING}; `regime compute {{symbol}}` computes them"
_LEFT_OUT = "{symbol}: the mean escalation leaves out {timeframe}"

Order = Literal["symbol", "escalation", "since", "regime"]


def board(
    choice: SymbolChoice,
    sort: Annotated[Order, typer.Option("--sort", help="Sort order.")] = "symbol",
    *,
    clock: Clock,
    out: LongOutput,
) -> None:
    rows = latest(sort=sort, now=clock.moment())
    if choice:
        symbols = [instrument.symbol for instrument in choice.open().instruments]
        rows = rows.filter(pl.col("symbol").is_in(symbols))
    if out.as_json:
        out.document(frame_document(rows))
    elif rows.is_empty():
        out.note("the board is empty; `regime run --all` fills it")
    else:
        print_board(rows, out)


def print_board(rows: pl.DataFrame, out: LongOutput) -> None:
    """The board as a table; series without a state show the reason instead."""
    shown = rows if out.all_rows else rows.head(_MOST_ROWS)
    cells = map(_row, shown.iter_rows(named=True))
    out.table(_COLUMNS, cells, numbers=("bars", _FINDINGS), folding=("regime",))
    for line in _legend(shown):
        out.line(line)
    for line in _old_rows(rows, "held_back", "blocked", "{symbol} {held_back}"):
        out.note(line, "yellow")
    pending = rows.filter(pl.col("is_pending").fill_null(value=False))
    for line in _old_rows(pending, "symbol", "with results pending", _PENDING):
        out.note(line, "yellow")
    names = pl.col("timeframe").cast(pl.String).str.join(", ")
    left_out = rows.filter("is_left_out").group_by("symbol", maintain_order=True).agg(names)
    for line in _old_rows(left_out, "timeframe", "without all timeframes", _LEFT_OUT):
        out.note(line, "yellow")
    for line in _old_rows(rows, "delisted", "delisted", "{symbol} delisted since {delisted}"):
        out.note(line)
    left = rows.height - shown.height
    if left:
        out.note(
            f"and {left:,} more rows; --all-rows shows them; name symbols or a --tier to see fewer"
        )


def _legend(shown: pl.DataFrame) -> Iterator[str]:
    """What the marks in these rows mean."""
    if shown["errors", "warnings"].sum().sum_horizontal().item():
        yield f"{_FINDINGS}: errors/warnings; `regime validate SYMBOL` lists them"
    if shown.filter(pl.col("status").is_in(["state_only", "too_short"])).height:
        yield f"{_SHORT}: too few bars; `regime state SYMBOL` counts them"
    if shown["is_rank_immature"].any():
        yield f"{_MARK} immature: too few bars; `regime state SYMBOL` counts them"
    if not (built := shown["derived_from"].drop_nulls().unique().sort()).is_empty():
        yield f"{_BUILT} built from {', '.join(built)} bars"
    if shown["is_stale"].any():
        yield f"{_LATE} bars are missing after it; `regime status --all-rows` counts them"


def rows_of(symbols: Collection[str]) -> pl.DataFrame:
    """The rows of some symbols, in partition order."""
    return latest().filter(pl.col("symbol").is_in(list(symbols)))


def _old_rows(rows: pl.DataFrame, column: str, how: str, text: str) -> Iterator[str]:
    """A line per symbol that has a value in ``column``, and is therefore not up to date."""
    old = rows.drop_nulls(column).unique("symbol", maintain_order=True)
    for row in old.head(_MOST_NAMED).iter_rows(named=True):
        yield text.format_map(row)
    more = old.height - _MOST_NAMED
    if more > 0:
        yield f"and {plural(more, 'more symbol')} {how}"


def _row(row: Mapping[str, Any]) -> tuple[Cell, ...]:
    timeframe = f"{row['timeframe']}{_BUILT if row['derived_from'] else ''}"
    series = (row["symbol"], timeframe, f"{row['bars']:,}", _span(row))
    errors, warnings = row["errors"] or 0, row["warnings"] or 0
    findings = f"{errors}/{warnings}" if errors or warnings else NONE
    return *series, Text(findings, style="bold red" if errors else ""), *_state(row)


def _state(row: Mapping[str, Any]) -> tuple[Cell, ...]:
    if row["regime_label"] is None:
        return Text(readable(row["status"]), style="dim"), NONE, NONE
    state = (readable(row["regime_label"]), f"{row['regime_since']:%Y-%m-%d}")
    if row["esc_pctl"] is None:
        return *state, Text(_SHORT, style="dim")
    bucket = row["escalation_bucket"]
    mark = _MARK if row["is_rank_immature"] else ""
    escalation = Text(f"{number(row['esc_pctl'], 3)} {bucket}{mark}", style=BUCKET_COLOURS[bucket])
    return *state, escalation


def _span(row: Mapping[str, Any]) -> str:
    first, last = row["first_ts"], row["last_ts"]
    if first is None:
        return NONE
    late = _LATE if row["is_stale"] else ""
    if first.year == last.year:
        return f"{first:%Y-%m}..{last:%m}{late}"
    return f"{first:%Y}..{last:%Y}{late}"
