"""Bars thinned to the marks of a picture, without losing extremes."""

import polars as pl

from regime_platform.report.palette import ALARMS


def bars_per_mark(bars: int, most_marks: int) -> int:
    """How many bars share one mark so that no more than ``most_marks`` are drawn; at least 1."""
    return max(1, -(-bars // most_marks))


def thinned(frame: pl.DataFrame, most_marks: int) -> pl.DataFrame:
    """One row per mark, labelled by the open of its first bar; the same columns and order.

    Extremes stay visible: a mark has the first open, highest high, lowest low and last close of its
    bars, the highest escalation and its bucket, the deepest drawdown, and SHOCK or PANIC_RISK where
    any of them has that label. All other values are those of the last bar.
    """
    share = bars_per_mark(frame.height, most_marks)
    if share == 1:
        return frame
    label, volume = pl.col("regime_label"), pl.col("volume")
    alarm = pl.coalesce(
        *(pl.when((label == name).any()).then(pl.lit(name)) for name in ALARMS), label.last()
    )
    of_a_mark = {
        **{name: pl.col(name).first() for name in ("ts", "open")},
        **{name: pl.col(name).max() for name in ("high", "esc_pctl")},
        **{name: pl.col(name).min() for name in ("low", "drawdown")},
        "volume": pl.when(volume.is_not_null().any()).then(volume.sum()),
        "regime_label": alarm.alias("regime_label"),
        "esc_bucket": pl.col("esc_bucket").sort_by("esc_pctl", nulls_last=False).last(),
    }
    mark = (pl.int_range(pl.len()) // share).alias("mark")
    grouped = frame.group_by(mark, maintain_order=True)
    values = (of_a_mark.get(name, pl.col(name).last()) for name in frame.columns)
    return grouped.agg(values).drop("mark")
