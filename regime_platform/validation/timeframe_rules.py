"""Rules that hold the bars of one timeframe against those of a finer one.

Only days and weeks of which every finer bar is held are compared. Opens and volumes are not: an
auction is in the day's bar and in none of its hours.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from regime_platform.model.timeframes import is_intraday
from regime_platform.model.trading_hours import expected_bars, trading_date
from regime_platform.validation.calendar_rules import span_of
from regime_platform.validation.findings import Rule, Severity, worded

_COMPARED = ("high", "low", "close")
_FINER: Mapping[str, tuple[str, ...]] = {"1day": ("1h", "15min"), "1week": ("1day",)}
#: An exchange's closing auction and the vendor's own rounding stay within this.
TOLERANCE: Mapping[str, float] = {"1day": 0.01, "1week": 0.001}

_REMEDY = "look for a split that only one of the timeframes knows; fetch both again, or accept it"
_REASON = worded("{} {}, but {} by its {} bars", "worst", "told", "counted", "finer")
DAY_DISAGREES = Rule("day_disagrees", Severity.WARNING, "bars", _REMEDY, _REASON)
WEEK_DISAGREES = Rule("week_disagrees", Severity.WARNING, "bars", _REMEDY, _REASON)
TIMEFRAME_RULES = (DAY_DISAGREES, WEEK_DISAGREES)
_RULE: Mapping[str, Rule] = {"1day": DAY_DISAGREES, "1week": WEEK_DISAGREES}


@dataclass(frozen=True)
class Agreement:
    """What a comparison of two timeframes came to."""

    rule: Rule
    compared: int  # bars whose finer bars are all there
    disagreeing: pl.DataFrame  # ts and what the rule's reason reads


def agreement(
    bars: Mapping[str, pl.DataFrame], timeframe: str, asset_class: str
) -> Agreement | None:
    """Holds ``timeframe`` against the finer bars; None where there is nothing to compare.

    Args:
        bars: the sound bars of one symbol by timeframe, each by ts.
        timeframe: the coarser one.
        asset_class: the class of the instrument.
    """
    rule = _RULE.get(timeframe)
    finer = next((one for one in _FINER.get(timeframe, ()) if not _is_empty(bars, one)), None)
    if rule is None or finer is None or _is_empty(bars, timeframe):
        return None
    counted = _counted(bars[finer], finer, timeframe, asset_class)
    both = bars[timeframe].select("ts", *_COMPARED).join(counted, on="ts", maintain_order="left")
    apart = [(pl.col(name) / pl.col(f"finer_{name}") - 1).abs() for name in _COMPARED]
    largest = pl.max_horizontal(apart)
    disagreeing = both.filter(largest > TOLERANCE[timeframe]).select(
        "ts",
        worst=_at_largest(apart, largest, [pl.lit(name) for name in _COMPARED]),
        told=_at_largest(apart, largest, [pl.col(name) for name in _COMPARED]),
        counted=_at_largest(apart, largest, [pl.col(f"finer_{name}") for name in _COMPARED]),
        finer=pl.lit(finer),
    )
    return Agreement(rule, both.height, disagreeing)


def _is_empty(bars: Mapping[str, pl.DataFrame], timeframe: str) -> bool:
    return timeframe not in bars or bars[timeframe].is_empty()


def _counted(finer: pl.DataFrame, name: str, timeframe: str, asset_class: str) -> pl.DataFrame:
    """High, low and close per coarser label, where all the finer bars due are held."""
    due = expected_bars(asset_class, name, *span_of(finer["ts"]))
    label = _label(pl.col("date"), timeframe)
    due = due.group_by(ts=label, maintain_order=True).agg(due=pl.len())
    date = trading_date(pl.col("ts"), asset_class) if is_intraday(name) else pl.col("ts").dt.date()
    grouped = finer.group_by(ts=_label(date, timeframe), maintain_order=True).agg(
        finer_high=pl.col("high").max(),
        finer_low=pl.col("low").min(),
        finer_close=pl.col("close").last(),
        held=pl.len(),
    )
    # the first and the last may be cut short by the ends of the series
    return grouped.join(due, on="ts").filter(pl.col("held") >= pl.col("due")).sort("ts")[1:-1]


def _label(date: pl.Expr, timeframe: str) -> pl.Expr:
    midnight = date.cast(pl.Datetime("us", "UTC"))
    return midnight.dt.truncate("1w") if timeframe == "1week" else midnight


def _at_largest(apart: list[pl.Expr], largest: pl.Expr, values: list[pl.Expr]) -> pl.Expr:
    return pl.coalesce(
        pl.when(one == largest).then(value) for one, value in zip(apart, values, strict=True)
    )
