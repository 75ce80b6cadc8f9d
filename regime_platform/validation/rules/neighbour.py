"""Rules that compare a bar with those before it: frozen prices, jumps, wide ranges, volumes.

The usual value is the mean of the preceding bars, each capped at five times the median of the whole
series, so that one outlier does not hide the next. All need sound bars by ts; a true extreme is
accepted by an override.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import polars as pl

from regime_platform.model.asset_classes import ASSET_CLASSES
from regime_platform.model.bar_schema import PRICE_COLUMNS
from regime_platform.model.timeframes import DURATION, is_intraday
from regime_platform.validation.findings import Rule, Severity, worded

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_WINDOW = 50  # bars of the mean
_LEAST = 10  # bars of the mean, at least
_CAP = 5.0  # times the median

#: An outlier is so many times the usual move, range or volume, and above the floor.
MOVES = 15.0
RANGES = 15.0
VOLUMES = 40.0
_FLOOR: Mapping[str, float] = MappingProxyType(
    {"15min": 0.04, "1h": 0.05, "4h": 0.07, "1day": 0.15, "1week": 0.30}
)
#: The floor for moves over a night or a weekend.
_FLOOR_AFTER_A_BREAK = 0.25

#: So many consecutive bars with equal prices count as frozen.
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


@dataclass(frozen=True)
class Neighbours:
    """Sound bars by ts with the values that the rules compare; arrays have one value per bar."""

    sound: pl.DataFrame
    compared: dict[str, Floats]  # last_close, move and range, NaN where there is none
    usual: dict[str, Floats]  # move, range and volume: NaN for the first bars

    def breaking(self, timeframe: str, asset_class: str) -> dict[str, Mask]:
        """Per rule, which bars break it."""
        has_volume = ASSET_CLASSES[asset_class].reports_volume
        volume = self.sound["volume"].to_numpy()  # null becomes NaN, which is above nothing
        move, range_ = self.compared["move"], self.compared["range"]
        never = np.zeros(len(volume), np.bool_)
        return {
            STALE_RUN.name: _frozen(self.sound, volume > 0 if has_volume else ~never, timeframe),
            PRICE_JUMP.name: (move > MOVES * self.usual["move"])
            & (move > _floor_of_moves(self.sound["ts"], timeframe)),
            WIDE_RANGE.name: (range_ > RANGES * self.usual["range"]) & (range_ > _FLOOR[timeframe]),
            VOLUME_OUTLIER.name: volume > VOLUMES * self.usual["volume"] if has_volume else never,
            MISSING_VOLUME.name: np.isnan(volume) | (volume == 0) if has_volume else never,
        }

    def detail(self, mask: Mask) -> pl.DataFrame:
        """The bars of ``mask`` with the columns that the reasons read."""
        usual = {f"usual_{name}": values for name, values in self.usual.items()}
        beside = {name: values[mask] for name, values in (self.compared | usual).items()}
        return self.sound.filter(mask).hstack(pl.DataFrame(beside, nan_to_null=True))


def neighbours(sound: pl.DataFrame) -> Neighbours:
    """Each bar of ``sound`` (``BAR_SCHEMA``, by ts, every price positive) among those before it."""
    close = sound["close"].to_numpy()
    last_close = np.concatenate(([np.nan], close[:-1]))[: close.size]
    compared = {
        "last_close": last_close,
        "move": np.abs(np.log(close / last_close)),
        "range": np.log(sound["high"].to_numpy() / sound["low"].to_numpy()),
    }
    volume = sound["volume"].to_numpy()
    capped = {"move": compared["move"], "range": compared["range"], "volume": volume}
    frame = pl.DataFrame({name: _capped(values) for name, values in capped.items()})
    usual = frame.select(pl.all().rolling_mean(_WINDOW, min_samples=_LEAST).shift(1))
    return Neighbours(sound, compared, {name: usual[name].to_numpy() for name in capped})


def _capped(values: Floats) -> Floats:
    """Values capped at ``_CAP`` times their median; NaN becomes the cap."""
    known = values[~np.isnan(values)]
    return np.fmin(values, _CAP * np.median(known)) if known.size else values


def _floor_of_moves(opens: pl.Series, timeframe: str) -> Floats | float:
    if not is_intraday(timeframe):
        return _FLOOR[timeframe]
    steps = np.diff(opens.to_physical().to_numpy(), prepend=0)
    follows = steps == DURATION[timeframe] // dt.timedelta(microseconds=1)
    return np.where(follows, _FLOOR[timeframe], _FLOOR_AFTER_A_BREAK)


def _frozen(sound: pl.DataFrame, traded: Mask, timeframe: str) -> Mask:
    repeats = traded.copy()
    repeats[:1] = False
    for name in PRICE_COLUMNS:
        prices = sound[name].to_numpy()
        repeats[1:] &= prices[1:] == prices[:-1]
    least = FROZEN_BARS[timeframe]
    if np.count_nonzero(repeats) < least - 1:
        return np.zeros_like(repeats)
    run = np.cumsum(~repeats)  # includes the bar that began the run
    return repeats & (np.bincount(run)[run] >= least)
