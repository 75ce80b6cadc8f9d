"""Bars on several price bases for tests: as they traded, and as a vendor adjusts them."""

import datetime as dt
from collections.abc import Mapping
from fractions import Fraction

import polars as pl

from regime_platform.model.bar_schema import BAR_SCHEMA, PRICE_COLUMNS

#: Opens of the hourly bars of a New York session, as minutes after its midnight.
_OPENS = tuple(range(9 * 60 + 30, 16 * 60, 60))


def on_basis_of_today(traded: pl.DataFrame, splits: Mapping[dt.date, Fraction]) -> pl.DataFrame:
    """Daily bars as a vendor serves them after ``splits`` (first day on the new basis -> ratio)."""
    return _scaled(traded, {day: 1 / ratio for day, ratio in splits.items()})


def as_traded(today: pl.DataFrame, splits: Mapping[dt.date, Fraction]) -> pl.DataFrame:
    """The inverse: what was paid before each of ``splits``."""
    return _scaled(today, splits)


def sessions_of(daily: pl.DataFrame) -> pl.DataFrame:
    """Seven hourly bars for each daily one that, put together, are that bar."""
    opens = (
        pl.col("ts").dt.replace_time_zone(None).dt.replace_time_zone("America/New_York")
        + pl.duration(minutes=pl.col("minute"))
    ).dt.convert_time_zone("UTC")
    hours = daily.join(pl.DataFrame({"minute": _OPENS}), how="cross").sort("ts", "minute")
    last = pl.col("minute") == _OPENS[-1]
    middle = (pl.col("high") + pl.col("low")) / 2
    return hours.select(
        ts=opens,
        open=pl.when(pl.col("minute") == _OPENS[0]).then("open").otherwise(middle),
        high="high",
        low="low",
        close=pl.when(last).then("close").otherwise(middle),
        volume=(pl.col("volume") / len(_OPENS)),
    ).cast(dict(BAR_SCHEMA))  # type: ignore[arg-type]


def _scaled(daily: pl.DataFrame, splits: Mapping[dt.date, Fraction]) -> pl.DataFrame:
    for day, ratio in splits.items():
        before = pl.col("ts").dt.date() < day
        scaled = pl.when(before).then(pl.col(PRICE_COLUMNS) * float(ratio))
        daily = daily.with_columns(scaled.otherwise(pl.col(PRICE_COLUMNS)))
    return daily
