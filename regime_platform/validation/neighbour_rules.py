"""Rules that see a bar among those before it: frozen prices, jumps, wide ranges, odd volumes.

What is usual is the mean of the bars before, each counted with at most five times the median of the
whole series, so that one outlier does not excuse the next. All of them need sound bars by ts; a
true extreme is one that a person accepts.
"""

from collections.abc import Mapping
from types import MappingProxyType

import polars as pl

from regime_platform.model.asset_classes import ASSET_CLASSES
from regime_platform.model.bar_schema import PRICE_COLUMNS
from regime_platform.model.timeframes import DURATION, is_intraday
from regime_platform.validation.findings import Rule, Severity, worded

_WINDOW = 50  # bars that say what is usual
_LEAST = 10  # before so many, nothing is usual yet
_CAP = 5.0

#: So many times the usual move, range or volume is an outlier; below the floor nothing is.
MOVES = 15.0
RANGES = 15.0
VOLUMES = 40.0
_FLOOR: Mapping[str, float] = MappingProxyType(
    {"15min": 0.04, "1h": 0.05, "4h": 0.07, "1day": 0.15, "1week": 0.30}
)
#: Over a night or a weekend more may happen than between two bars of a session.
_FLOOR_AFTER_A_BREAK = 0.25

#: So many bars with the very same prices are frozen.
FROZEN_BARS: Mapping[str, int] = MappingProxyType(
    {"15min": 8, "1h": 6, "4h": 4, "1day": 4, "1week": 3}
)

STALE_RUN = Rule(
    "stale_run",
    Severity.WARNING,
    "bars",
    "ask the source whether it traded; exclude the bars, or accept them",
    worded("has the same prices as the bar before, at {}", "close"),
)
PRICE_JUMP = Rule(
    "price_jump",
    Severity.WARNING,
    "bars",
    "look for a split or a bad tick; exclude the bar, or accept it if it is true",
    worded(
        "close {} after {} ({}x the usual move)",
        "close",
        "last_close",
        (pl.col("move") / pl.col("usual_move")).round(0).cast(pl.Int64, strict=False),
    ),
)
WIDE_RANGE = Rule(
    "wide_range",
    Severity.WARNING,
    "bars",
    "look for a bad tick; exclude the bar, or accept it if it is true",
    worded(
        "from {} to {} ({}x the usual range)",
        "low",
        "high",
        (pl.col("range") / pl.col("usual_range")).round(0).cast(pl.Int64, strict=False),
    ),
)
VOLUME_OUTLIER = Rule(
    "volume_outlier",
    Severity.WARNING,
    "bars",
    "compare with another source; exclude the bar, or accept it if it is true",
    worded(
        "volume {} ({}x the usual)",
        "volume",
        (pl.col("volume") / pl.col("usual_volume")).round(0).cast(pl.Int64, strict=False),
    ),
)
MISSING_VOLUME = Rule(
    "missing_volume",
    Severity.WARNING,
    "bars",
    "fetch again; accept it where the source truly has none",
    worded("volume {}", pl.col("volume").cast(pl.String).fill_null("null")),
)
NEIGHBOUR_RULES = (STALE_RUN, PRICE_JUMP, WIDE_RANGE, VOLUME_OUTLIER, MISSING_VOLUME)


def beside(sound: pl.DataFrame) -> pl.DataFrame:
    """``sound`` with what the rules compare it to: last_close, move, range and what was usual."""
    moves = sound.with_columns(last_close=pl.col("close").shift(1)).with_columns(
        move=(pl.col("close") / pl.col("last_close")).log().abs(),
        range=(pl.col("high") / pl.col("low")).log(),
    )
    return moves.with_columns(
        usual_move=_usual("move"), usual_range=_usual("range"), usual_volume=_usual("volume")
    )


def breaking(seen: pl.DataFrame, timeframe: str, asset_class: str) -> dict[str, pl.Series]:
    """Per rule, which rows of ``beside`` break it."""
    reports = ASSET_CLASSES[asset_class].reports_volume
    masks = seen.select(
        price_jump=(pl.col("move") > MOVES * pl.col("usual_move"))
        & (pl.col("move") > _floor_of_moves(timeframe)),
        wide_range=(pl.col("range") > RANGES * pl.col("usual_range"))
        & (pl.col("range") > _FLOOR[timeframe]),
        volume_outlier=pl.lit(reports) & (pl.col("volume") > VOLUMES * pl.col("usual_volume")),
        missing_volume=pl.lit(reports) & (pl.col("volume").fill_null(0.0) == 0.0),
    ).select(pl.all().fill_null(value=False))
    frozen = _frozen(seen, FROZEN_BARS[timeframe], reports=reports)
    return {STALE_RUN.name: frozen, **masks.to_dict()}


def _usual(name: str) -> pl.Expr:
    capped = pl.min_horizontal(pl.col(name), _CAP * pl.col(name).median())
    return capped.rolling_mean(_WINDOW, min_samples=_LEAST).shift(1)


def _floor_of_moves(timeframe: str) -> pl.Expr:
    if not is_intraday(timeframe):
        return pl.lit(_FLOOR[timeframe])
    follows = pl.col("ts").diff() == DURATION[timeframe]
    return pl.when(follows).then(_FLOOR[timeframe]).otherwise(_FLOOR_AFTER_A_BREAK)


def _frozen(seen: pl.DataFrame, least: int, *, reports: bool) -> pl.Series:
    traded = pl.col("volume") > 0 if reports else pl.lit(value=True)
    same = [pl.col(name) == pl.col(name).shift(1) for name in PRICE_COLUMNS]
    repeats = seen.select(repeats=pl.all_horizontal(*same, traded).fill_null(value=False))
    if int(repeats["repeats"].sum()) < least - 1:
        return repeats["repeats"] & False
    run = (~pl.col("repeats")).cum_sum()
    length = pl.len().over(run)  # the bar that began the run is of it
    return repeats.select((pl.col("repeats") & (length >= least)).alias(STALE_RUN.name)).to_series()
