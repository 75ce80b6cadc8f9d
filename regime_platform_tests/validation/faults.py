"""Every kind of defect as a function that plants it into good bars at given places.

Each returns the spoilt rows and the opens that a rule must flag. What a planted extreme does to the
bars after it (the way back is a jump as well) is no false alarm; ``echo`` is their number.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from regime_platform_tests.validation.real_bars import times

Planted = tuple[pl.DataFrame, list[dt.datetime | None]]
Plant = Callable[[pl.DataFrame, Sequence[int]], Planted]
PRICES = ("open", "high", "low", "close")
_STOCKS = ("IBM", "AAPL", "MSFT", "GOOG")


@dataclass(frozen=True)
class Fault:
    """A kind of defect and the rule that must find it."""

    name: str
    rule: str
    plant: Plant
    echo: int = 0  # bars after a planted one that the same defect touches
    series: Sequence[str] = ()  # symbols it applies to; all where empty
    share: float = 1.0  # of the planted ones, that must be found at least


def _here(places: Sequence[int]) -> pl.Expr:
    return pl.int_range(pl.len()).is_in(list(places))


def values(**changes: pl.Expr | float | None) -> Plant:
    """Other values in the rows at the places."""

    def plant(rows: pl.DataFrame, places: Sequence[int]) -> Planted:
        spoilt = rows.with_columns(
            pl.when(_here(places))
            .then(value if isinstance(value, pl.Expr) else pl.lit(value))
            .otherwise(name)
            .cast(rows.schema[name])
            .alias(name)
            for name, value in changes.items()
        )
        return spoilt, rows["ts"].gather(list(places)).to_list()

    return plant


def moved(**offset: Any) -> Plant:
    """Other opens in the rows at the places."""

    def plant(rows: pl.DataFrame, places: Sequence[int]) -> Planted:
        here = _here(places)
        spoilt = rows.with_columns(
            ts=pl.when(here).then(pl.col("ts") + pl.duration(**offset)).otherwise("ts")
        )
        return spoilt, spoilt["ts"].gather(list(places)).to_list()

    return plant


def _without_ts(rows: pl.DataFrame, places: Sequence[int]) -> Planted:
    return rows.with_columns(ts=pl.when(_here(places)).then(None).otherwise("ts")), [None] * len(
        places
    )


def _swapped(rows: pl.DataFrame, places: Sequence[int]) -> Planted:
    order = list(range(rows.height))
    for place in places:
        order[place], order[place + 1] = order[place + 1], order[place]
    return rows[order], rows["ts"].gather(list(places)).to_list()


def _repeated(factor: float) -> Plant:
    def plant(rows: pl.DataFrame, places: Sequence[int]) -> Planted:
        again = rows[list(places)].with_columns(volume=pl.col("volume") * factor + (factor - 1.0))
        spoilt = pl.concat([rows, again]).sort("ts", maintain_order=True)
        return spoilt, again["ts"].to_list()

    return plant


def _removed(rows: pl.DataFrame, places: Sequence[int]) -> Planted:
    return rows.filter(~_here(places)), rows["ts"].gather(list(places)).to_list()


def _frozen(rows: pl.DataFrame, places: Sequence[int]) -> Planted:
    length = 8
    of = pl.Series(range(rows.height))
    for place in places:
        of = of.scatter(list(range(place, place + length)), place)
    still = rows.with_columns(rows[name].gather(of).alias(name) for name in PRICES)
    return still, rows["ts"].gather([place + 1 for place in places]).to_list()


def _on_a_weekend(rows: pl.DataFrame, places: Sequence[int]) -> Planted:
    saturdays = rows[list(places)].with_columns(
        ts=pl.col("ts").dt.truncate("1w") + pl.duration(days=5)
    )
    spoilt = pl.concat([rows, saturdays]).unique("ts", keep="first").sort("ts")
    return spoilt, saturdays["ts"].to_list()


def _between(rows: pl.DataFrame, places: Sequence[int]) -> Planted:
    more = rows[list(places)].with_columns(ts=pl.col("ts") + pl.duration(minutes=30))
    return pl.concat([rows, more]).sort("ts"), more["ts"].to_list()


def _split(rows: pl.DataFrame, places: Sequence[int]) -> Planted:
    """Splits of 2:1 and 1:2 in turn, so that prices stay in their range."""
    shares = pl.Series(np.searchsorted(places, np.arange(rows.height), side="right") % 2 + 1.0)
    split = rows.with_columns(
        *((pl.col(name) / shares).alias(name) for name in PRICES), volume=pl.col("volume") * shares
    )
    return split, rows["ts"].gather(list(places)).to_list()


BLOCKING = (
    *(
        Fault(f"{name} is null", "missing_price", values(**{name: None}))
        for name in ("open", "close")
    ),
    Fault("high is NaN", "non_finite_price", values(high=float("nan"))),
    Fault("low is infinite", "non_finite_price", values(low=float("-inf"))),
    Fault("all prices 0", "non_positive_price", values(**times(0.0))),
    Fault("low negative", "non_positive_price", values(low=-1.0)),
    Fault("high below low", "high_low_order", values(high=pl.col("low") * 0.999)),
    Fault("close above high", "high_low_order", values(close=pl.col("high") * 1.001)),
    Fault("open below low", "high_low_order", values(open=pl.col("low") * 0.999)),
    Fault("volume negative", "invalid_volume", values(volume=-1.0)),
    Fault("volume NaN", "invalid_volume", values(volume=float("nan"))),
    Fault("no ts", "missing_ts", _without_ts),
    Fault("off the grid by 7 minutes", "off_grid", moved(minutes=7)),
    Fault("38 years ahead", "future_bar", moved(weeks=2000)),
    Fault("96 years back", "date_range", moved(weeks=-5000)),
    Fault("two bars swapped", "ts_order", _swapped),
    Fault("fetched twice, differently", "contradicting_duplicate", _repeated(1.01)),
    # beside a weekend a short bar is possible
    Fault("a bar between two hours", "overlapping_bars", _between, series=("EURUSD",), share=0.95),
)
SET_ASIDE = (Fault("fetched twice, the same", "repeated_bar", _repeated(1.0)),)
WARNING = (
    Fault("all prices x 10", "price_jump", values(**times(10.0)), echo=1),
    Fault("all prices / 10", "price_jump", values(**times(0.1)), echo=1),
    Fault("all prices halved", "price_jump", values(**times(0.5)), echo=1),
    Fault("halved or doubled for good", "unadjusted_split", _split, series=_STOCKS, share=0.9),
    Fault("high x 8", "wide_range", values(**times(8.0, "high"))),
    Fault("low / 8", "wide_range", values(**times(0.125, "low"))),
    Fault(
        "volume x 1000",
        "volume_outlier",
        values(**times(1000.0, "volume")),
        series=_STOCKS,
    ),
    Fault("no volume", "missing_volume", values(volume=None), series=_STOCKS),
    Fault("prices frozen over 8 bars", "stale_run", _frozen, echo=6),
    Fault("day removed", "missing_sessions", _removed, series=_STOCKS),
    Fault("hour removed", "missing_bars", _removed, series=("EURUSD",)),
    Fault(
        "bar on a Saturday",
        "outside_session",
        _on_a_weekend,
        series=_STOCKS,
    ),
)
