"""Rules that compare a bar with those before it: frozen prices, jumps, wide ranges, volumes.

The usual value is the mean of the preceding bars, each capped at five times the median of the whole
series, so that one outlier does not hide the next.
"""

from functools import cache, reduce
from operator import and_

import polars as pl

from regime_platform.model.asset_classes import ASSET_CLASSES
from regime_platform.model.bar_schema import PRICE_COLUMNS
from regime_platform.model.timeframes import DURATION, is_intraday
from regime_platform.validation.findings import Rule, Severity, worded

_WINDOW = 50  # bars of the mean
_LEAST = 10  # bars of the mean, at least
_CAP = 5.0  # times the median

#: An outlier is so many times the usual move, range or volume, and above the floor.
MOVES = 15.0
RANGES = 15.0
VOLUMES = 40.0
_FLOOR = {"15min": 0.04, "1h": 0.05, "4h": 0.07, "1day": 0.15, "1week": 0.30}
#: The floor for moves over a night or a weekend.
_FLOOR_AFTER_A_BREAK = 0.25

#: So many consecutive bars with equal prices count as frozen.
FROZEN_BARS = {"15min": 8, "1h": 6, "4h": 4, "1day": 4, "1week": 3}


def with_neighbours(sound: pl.DataFrame) -> pl.DataFrame:
    """Sound bars by ts, each with what the rules compare it with; null where there is nothing."""
    close = pl.col("close")
    compared = sound.with_columns(
        last_close=close.shift(),
        move=(close / close.shift()).log().abs(),
        range=(pl.col("high") / pl.col("low")).log(),
    )
    return compared.with_columns(
        pl.min_horizontal(name, _CAP * pl.col(name).median())
        .rolling_mean(_WINDOW, min_samples=_LEAST)
        .shift()
        .alias(f"usual_{name}")
        for name in ("move", "range", "volume")
    )


@cache
def neighbour_rules(timeframe: str, asset_class: str) -> tuple[Rule, ...]:
    """The rules on a frame of ``with_neighbours``; a true extreme is accepted by an override."""
    volume, has_volume = pl.col("volume"), ASSET_CLASSES[asset_class].reports_volume
    return (
        _warning(
            "stale_run",
            _is_frozen(FROZEN_BARS[timeframe], volume > 0 if has_volume else pl.lit(value=True)),
            worded("has the same prices as the bar before, at {}", "close"),
            "ask the source whether it traded; exclude the bars, or accept them",
        ),
        _warning(
            "price_jump",
            _is_outlier("move", MOVES) & (pl.col("move") > _floor_of_moves(timeframe)),
            worded("close {} after {} ({}x the usual move)", "close", "last_close", _times("move")),
            "look for a split or a bad tick; exclude the bar, or accept it if it is true",
        ),
        _warning(
            "wide_range",
            _is_outlier("range", RANGES) & (pl.col("range") > _FLOOR[timeframe]),
            worded("from {} to {} ({}x the usual range)", "low", "high", _times("range")),
            "look for a bad tick; exclude the bar, or accept it if it is true",
        ),
        _warning(
            "volume_outlier",
            _is_outlier("volume", VOLUMES),
            worded("volume {} ({}x the usual)", "volume", _times("volume")),
            "compare with another source; exclude the bar, or accept it if it is true",
            is_applicable=has_volume,
        ),
        _warning(
            "missing_volume",
            volume.is_null() | (volume == 0),
            worded("volume {}", "volume"),
            "fetch again; accept it where the source truly has none",
            is_applicable=has_volume,
        ),
    )


def _warning(
    name: str, breaks: pl.Expr, reason: pl.Expr, remedy: str, *, is_applicable: bool = True
) -> Rule:
    breaks = breaks.fill_null(value=False) if is_applicable else pl.lit(value=False)
    return Rule(name, Severity.WARNING, remedy, reason, breaks, is_applicable=is_applicable)


def _is_outlier(name: str, times: float) -> pl.Expr:
    return pl.col(name) > times * pl.col(f"usual_{name}")


def _times(name: str) -> pl.Expr:
    times = pl.col(name) / pl.col(f"usual_{name}")
    return times.round(0).cast(pl.Int64, strict=False)


def _floor_of_moves(timeframe: str) -> pl.Expr:
    floor = pl.lit(_FLOOR[timeframe])
    if not is_intraday(timeframe):
        return floor
    follows = pl.col("ts").diff() == DURATION[timeframe]
    return pl.when(follows).then(floor).otherwise(_FLOOR_AFTER_A_BREAK)


def _is_frozen(least: int, traded: pl.Expr) -> pl.Expr:
    """True for bars that repeat the one before, in a run of ``least`` bars with equal prices."""
    same = reduce(and_, (pl.col(name) == pl.col(name).shift() for name in PRICE_COLUMNS))
    repeats = (same & traded).fill_null(value=False)
    run = (~repeats).cum_sum()  # includes the bar that began the run
    return repeats & (pl.len().over(run) >= least)
