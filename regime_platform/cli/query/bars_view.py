"""The states of bars as a table."""

from collections.abc import Mapping
from typing import Any

import polars as pl
from rich.text import Text

from regime_platform.cli.console.numbers import NONE, numbers, opens
from regime_platform.cli.console.output import Output
from regime_platform.cli.console.screen import Cell
from regime_platform.report.palette import BUCKET_COLOURS, readable

_TITLES = ("symbol", "bar", "price", "regime", "bias", "confidence", "escalation", "ranked on")
_NUMBERS = ("price", "confidence", "ranked on")
_DIGITS = 4  # of the confidence
_MARK = "*"  # of an immature rank


def print_bars(rows: pl.DataFrame, timeframe: str, out: Output, *, is_single: bool) -> None:
    """A row per bar of ``query.series.history``; of several symbols with them, without bias."""
    if rows.is_empty():
        return
    prices, confidences = numbers(rows["price"]), numbers(rows["confidence"], _DIGITS)
    cells = [
        (
            row["symbol"],
            opens(row["ts"], timeframe),
            price,
            readable(row["regime_label"]),
            readable(row["regime_bias"] or NONE),
            confidence,
            _escalation(row),
            NONE if row["rank_bars"] is None else f"{row['rank_bars']:,}",
        )
        for row, price, confidence in zip(
            rows.iter_rows(named=True), prices, confidences, strict=True
        )
    ]
    left_out = _TITLES.index("symbol" if is_single else "bias")  # it is to fit into 80 columns
    titles = _TITLES[:left_out] + _TITLES[left_out + 1 :]
    shown = (row[:left_out] + row[left_out + 1 :] for row in cells)
    out.table(titles, shown, numbers=_NUMBERS, folding=("regime",))
    if rows["is_rank_immature"].any():
        out.line(f"{_MARK} immature: too few bars; `regime state SYMBOL` counts them")


def _escalation(row: Mapping[str, Any]) -> Cell:
    rank, bucket = row["esc_pctl"], row["esc_bucket"]
    if rank is None:
        return NONE
    mark = _MARK if row["is_rank_immature"] else ""
    return Text(f"{rank:.3f} {bucket}{mark}", style=BUCKET_COLOURS[bucket])
