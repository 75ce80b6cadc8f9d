"""Thins a long series to fewer marks and keeps the extremes visible.

Consecutive bars share a mark: its candle keeps first open, highest high, lowest low and last close,
its escalation is the highest of its bars, its drawdown the deepest, and its regime is SHOCK or
PANIC_RISK where any of its bars has that label. All other values are those of the last bar.
"""

import polars as pl

from regime_platform.report.palette import ALARMS


def bars_per_mark(bars: int, most_marks: int) -> int:
    """How many bars share one mark so that no more than ``most_marks`` are drawn; at least 1."""
    return max(1, -(-bars // most_marks))


def thinned(frame: pl.DataFrame, most_marks: int) -> pl.DataFrame:
    """One row per mark, labelled by the open of its first bar; the same columns and order."""
    share = bars_per_mark(frame.height, most_marks)
    if share == 1:
        return frame
    mark = (pl.int_range(pl.len()) // share).alias("mark")
    grouped = frame.group_by(mark, maintain_order=True)
    return grouped.agg(_of_a_mark(name) for name in frame.columns).drop("mark")


def _of_a_mark(name: str) -> pl.Expr:
    column = pl.col(name)
    match name:
        case "ts" | "open":
            return column.first()
        case "high" | "esc_pctl":
            return column.max()
        case "low" | "drawdown":
            return column.min()
        case "volume":
            return pl.when(column.is_not_null().any()).then(column.sum())
        case "regime_label":
            return _alarm_or_last(column)
        case _:
            return column.last()


def _alarm_or_last(column: pl.Expr) -> pl.Expr:
    label = column.last()
    for alarm in reversed(ALARMS):
        label = pl.when((column == alarm).any()).then(pl.lit(alarm)).otherwise(label)
    return label.alias("regime_label")
