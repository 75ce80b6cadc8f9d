"""Looks at series: as the board shows them now, and bar by bar as their history shows them."""

import datetime as dt
from collections.abc import Iterator

import polars as pl

from regime_platform.compute.maturity import immature_rows
from regime_platform.orchestration.alerts.confirmation import (
    Change,
    Look,
    ReportedSeries,
    Series,
    advance_all,
)
from regime_platform.orchestration.alerts.rules import Confirmation

#: Bars before a replay from which what counted at its start is found.
LEAD = 250
_BOARD = ("regime_label", "regime_bars", "escalation_bucket", "esc_pctl", "bars")
_STATES = ("regime_label", "escalation_bucket", "esc_pctl", "is_rank_immature")


def board_looks(board: pl.DataFrame) -> dict[Series, Look]:
    """The series of the board that have a regime."""
    rows = board.filter(pl.col("regime_label").is_not_null()).select(
        *(pl.col(name).cast(pl.String) for name in ("symbol", "timeframe")),
        *_BOARD,
        immature_rows().fill_null(value=False).alias("is_immature"),
    )
    return {
        (symbol, timeframe): Look(regime, lasts or 1, bucket or "", rank, bars, is_immature)
        for symbol, timeframe, regime, lasts, bucket, rank, bars, is_immature in rows.iter_rows()
    }


def replayed(
    series: Series, states: pl.DataFrame, confirmation: Confirmation
) -> Iterator[tuple[dt.datetime, Change | None]]:
    """A series bar by bar: the open of each bar, and the change that counted on it.

    ``states`` are its bars, oldest first, as `query.series.history` has them. What counts is known
    after the first ``LEAD`` of them.
    """
    reported: dict[Series, ReportedSeries] = {}
    run = pl.col("regime_label").rle_id()
    rows = states.select("ts", *_STATES, lasts=pl.int_range(1, pl.len() + 1).over(run))
    for bars, (ts, regime, bucket, rank, is_immature, lasts) in enumerate(rows.iter_rows(), 1):
        look = Look(regime, lasts, bucket or "", rank, bars, bool(is_immature))
        reported, changes = advance_all(reported, {series: look}, confirmation)
        yield ts, changes[0] if changes else None


def failing(board: pl.DataFrame) -> dict[str, str]:
    """The symbols whose last run failed or was blocked -> why."""
    rows = board.filter(pl.col("held_back").is_not_null()).unique("symbol", maintain_order=True)
    return dict(rows.select("symbol", "held_back").iter_rows())
