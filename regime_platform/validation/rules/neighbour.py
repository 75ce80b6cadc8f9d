"""Rules that compare a bar with those around it: frozen prices, jumps, wide ranges, volumes."""

from functools import cache, reduce
from operator import and_

import polars as pl

from regime_platform.model.bar_schema import PRICE_COLUMNS
from regime_platform.model.markets import Market
from regime_platform.model.timeframes import DURATION, is_intraday
from regime_platform.validation.findings import Rule, Severity, worded
from regime_platform.validation.rules.bar import LAST_BITS
from regime_platform.validation.rules.split import UNADJUSTED_SPLIT, splits
from regime_platform.validation.rules.usual import usual

#: An outlier is so many times the usual move, range or volume, and above the floor.
MOVES = 15.0
RANGES = 15.0
VOLUMES = 40.0
_FLOOR = {
    "1min": 0.03, "5min": 0.03, "10min": 0.04, "15min": 0.04, "30min": 0.05, "1h": 0.05,
    "4h": 0.07, "1day": 0.15, "1week": 0.30,
}  # fmt: skip
#: The floor for moves over a night or a weekend.
_FLOOR_AFTER_A_BREAK = 0.25

#: So many consecutive bars with equal prices count as frozen.
FROZEN_BARS = {
    "1min": 120, "5min": 24, "10min": 12, "15min": 8, "30min": 8, "1h": 6, "4h": 4,
    "1day": 4, "1week": 3,
}  # fmt: skip

_HAS_SAME_PRICES = reduce(
    and_, (pl.col(name).diff().abs() <= LAST_BITS * pl.col(name).abs() for name in PRICE_COLUMNS)
)


def with_neighbours(sound: pl.DataFrame, timeframe: str, market: Market) -> pl.DataFrame:
    """Sound bars by ts, each with what the rules compare it with; null where there is nothing."""
    close = pl.col("close")
    compared = sound.with_columns(
        splits(sound, timeframe, market).alias("split"),
        last_close=close.shift(),
        move=(close / close.shift()).log().abs(),
        range=(pl.col("high") / pl.col("low")).log(),
        has_same_prices=_HAS_SAME_PRICES,
    )
    return compared.hstack(
        # NaN where unknown, which nothing is above
        [
            pl.Series(f"usual_{name}", usual(compared[name].to_numpy()))
            for name in ("move", "range", "volume")
        ]
    )


def traded_share(bars: pl.DataFrame) -> float:
    """Share of the bars that have a volume above 0, from 0 to 1."""
    return int((bars["volume"] > 0).sum()) / max(bars.height, 1)


@cache
def neighbour_rules(timeframe: str, *, has_volume: bool, expects_volume: bool) -> tuple[Rule, ...]:
    """The rules on a frame of ``with_neighbours``; a true extreme is accepted by an override.

    ``has_volume``: any bar of the series has some; ``expects_volume``: every bar must have.
    """
    volume = pl.col("volume")
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
        UNADJUSTED_SPLIT,
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
            is_applicable=expects_volume,
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
    repeats = (pl.col("has_same_prices") & traded).fill_null(value=False)
    begins = pl.when(~repeats).then(
        pl.int_range(pl.len())
    )  # the place of the bar a run begins with
    length = begins.backward_fill().fill_null(pl.len()) - begins.forward_fill()
    return repeats & (length >= least)
