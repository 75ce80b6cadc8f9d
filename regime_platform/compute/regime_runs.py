"""Unbroken runs of a regime: where each begins and ends, and what the price did meanwhile.

Derived from stored states by those who show them; the engine does not import this module.

All figures describe the past. A label is known at the close of its bar, and the move of that bar is
one of its causes: to follow labels earns ``return_after`` and ``mean_next_return``.
"""

import datetime as dt

import polars as pl

from regime_platform.model.result_schema import ESCALATION_BUCKETS, REGIME_LABELS
from regime_platform.model.timeframes import DURATION

#: Of `measured_runs`. Returns and drawdowns are fractions of the price.
RUN_SCHEMA = pl.Schema(
    {
        "regime_label": pl.Enum(REGIME_LABELS),
        "start": pl.Datetime("us", "UTC"),  # open of its first bar
        "end": pl.Datetime("us", "UTC"),  # open of the first bar after it; null while it lasts
        "bars": pl.Int64(),
        "days": pl.Float64(),  # of the calendar, from start to end, or to the end of the last bar
        "return": pl.Float64(),  # from the close before its first bar to that of its last
        "return_after": pl.Float64(),  # from the close of its first bar to that of the bar at end
        "max_drawdown": pl.Float64(),  # <= 0: the largest fall from a close since that before it
        "max_esc_pctl": pl.Float64(),
        "max_esc_bucket": pl.Enum(ESCALATION_BUCKETS),
        "is_rank_immature": pl.Boolean(),  # of that highest rank
    }
)
#: Of `regime_times`.
TIME_SCHEMA = pl.Schema(
    {
        "regime_label": pl.Enum(REGIME_LABELS),
        "bars": pl.Int64(),
        "share": pl.Float64(),  # of the bars with a regime
        "runs": pl.Int64(),
        "median_bars": pl.Float64(),  # length of a run
        "longest_bars": pl.Int64(),
        "mean_return": pl.Float64(),  # of its bars, from close to close
        "mean_next_return": pl.Float64(),  # of the bars that follow them
        "max_drawdown": pl.Float64(),  # the largest of a run
    }
)


def regime_runs(frame: pl.DataFrame, timeframe: str) -> pl.DataFrame:
    """The unbroken runs of a regime, oldest first: regime_label, start, end, bars.

    A run reaches to the open of the next one, so that bands touch; the last one ends one nominal
    bar after the last open. Bars without a label belong to no run.
    """
    last: dt.datetime | None = frame["ts"].last()  # type: ignore[assignment]
    spans = frame.select(
        "regime_label",
        start="ts",
        end=pl.col("ts").shift(-1, fill_value=last and last + DURATION[timeframe]),
        run=pl.col("regime_label").rle_id(),
    ).filter(pl.col("regime_label").is_not_null())
    runs = spans.group_by("run", maintain_order=True).agg(
        pl.col("regime_label", "start").first(), pl.col("end").last(), bars=pl.len()
    )
    return runs.drop("run")


def run_start(labels: pl.Series) -> int:
    """The position of the first bar of the last run."""
    others = labels.ne_missing(labels[-1]).arg_true()
    return int(others[-1]) + 1 if others.len() else 0


def measured_runs(states: pl.DataFrame, timeframe: str) -> pl.DataFrame:
    """The runs of a regime and what the price did, oldest first: ``RUN_SCHEMA``.

    The first state has no close before it: the first run is measured from its first close.

    Args:
        states: all bars with a state, oldest first: ts, regime_label, price (the close), esc_pctl,
            esc_bucket and is_rank_immature.
        timeframe: of all rows.
    """
    highest = pl.col("esc_pctl").arg_max()
    runs = (
        _in_runs(with_neighbours(states))
        .group_by("run", maintain_order=True)
        .agg(
            pl.col("regime_label").first(),
            start=pl.col("ts").first(),
            stop=pl.col("ts").last() + DURATION[timeframe],
            bars=pl.len().cast(pl.Int64),
            base=pl.coalesce("before", "price").first(),
            known=pl.col("price").first(),
            close=pl.col("price").last(),
            after=pl.coalesce("after", "price").last(),
            max_drawdown=pl.col("drawdown").min(),
            max_esc_pctl=pl.col("esc_pctl").max(),
            max_esc_bucket=pl.col("esc_bucket").get(highest),
            is_rank_immature=pl.col("is_rank_immature").get(highest),
        )
        .with_columns(end=pl.col("start").shift(-1))
    )
    measured = runs.with_columns(
        days=(pl.coalesce("end", "stop") - pl.col("start")) / dt.timedelta(days=1),
        return_after=pl.col("after") / pl.col("known") - 1,
        **{"return": pl.col("close") / pl.col("base") - 1},
    )
    return measured.drop_nulls("regime_label").select(RUN_SCHEMA.names()).cast(RUN_SCHEMA)


def regime_times(states: pl.DataFrame) -> pl.DataFrame:
    """How long a series was in each regime and what the price did: ``TIME_SCHEMA``.

    In the order of the labels, without those that do not occur.

    Args:
        states: consecutive bars, oldest first: regime_label, price, and as of `with_neighbours`.
    """
    lengths = pl.col("length").filter(pl.col("run").is_first_distinct())
    counted = (
        _in_runs(states)
        .drop_nulls("regime_label")
        .with_columns(length=pl.len().over("run"))
        .group_by("regime_label")
        .agg(
            bars=pl.len(),
            runs=lengths.len(),
            median_bars=lengths.median(),
            longest_bars=lengths.max(),
            mean_return=(pl.col("price") / pl.col("before") - 1).mean(),
            mean_next_return=(pl.col("after") / pl.col("price") - 1).mean(),
            max_drawdown=pl.col("drawdown").min(),
        )
        .with_columns(share=pl.col("bars") / pl.col("bars").sum())
        .sort("regime_label")
    )
    return counted.select(TIME_SCHEMA.names()).cast(TIME_SCHEMA)


def with_neighbours(states: pl.DataFrame) -> pl.DataFrame:
    """Consecutive bars, and the closes of the bars around each as ``before`` and ``after``."""
    price = pl.col("price")
    return states.with_columns(before=price.shift(1), after=price.shift(-1))


def _in_runs(states: pl.DataFrame) -> pl.DataFrame:
    """With the number of the ``run`` of each bar, and its ``drawdown`` in that run."""
    numbered = states.with_columns(run=pl.col("regime_label").rle_id())
    base = pl.coalesce("before", "price").first().over("run")
    highest = pl.max_horizontal(pl.col("price").cum_max().over("run"), base)
    return numbered.with_columns(drawdown=pl.col("price") / highest - 1)
