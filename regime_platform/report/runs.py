"""Unbroken runs of one regime: the bands and strips of the page.

A run reaches to the open of the next run, so that bands touch; the last one ends one nominal bar
after the last open.
"""

import datetime as dt

import polars as pl

from regime_platform.model.timeframes import DURATION


def regime_runs(series: pl.DataFrame, timeframe: str) -> pl.DataFrame:
    """One row per run, oldest first: regime_label, start, end, bars.

    Args:
        series: ts and regime_label in order; bars without a label belong to no run.
        timeframe: how long the last bar lasts.
    """
    spans = series.select(
        "regime_label",
        start="ts",
        end=pl.col("ts").shift(-1, fill_value=_end(series, timeframe)),
        run=pl.col("regime_label").rle_id(),
    ).filter(pl.col("regime_label").is_not_null())
    return (
        spans.group_by("run", maintain_order=True)
        .agg(
            pl.col("regime_label").first(),
            pl.col("start").first(),
            pl.col("end").last(),
            bars=pl.len(),
        )
        .drop("run")
    )


def _end(series: pl.DataFrame, timeframe: str) -> dt.datetime | None:
    last: dt.datetime | None = series["ts"].last()  # type: ignore[assignment]
    return None if last is None else last + DURATION[timeframe]
