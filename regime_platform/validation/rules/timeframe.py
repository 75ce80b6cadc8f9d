"""Rules that compare the bars of a timeframe with those of a finer one.

Only days and weeks of which every finer bar is stored are compared. Opens and volumes are not,
since an auction is in the day's bar and in none of its hours.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from regime_platform.model.calendar.trading_hours import expected_bars, trading_date
from regime_platform.model.timeframes import is_intraday
from regime_platform.validation.findings import Rule, Severity, worded
from regime_platform.validation.rules.calendar import span_of

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_DAY = 24 * 3600 * 1_000_000
_THURSDAY = 3  # 1970-01-01, counted from Monday
_COMPARED = ("high", "low", "close")
_FINER: Mapping[str, tuple[str, ...]] = {"1day": ("1h", "15min"), "1week": ("1day",)}
#: Relative; closing auctions and the vendor's rounding stay within it.
TOLERANCE: Mapping[str, float] = {"1day": 0.01, "1week": 0.001}

_REMEDY = "look for a split that only one of the timeframes knows; fetch both again, or accept it"
_REASON = worded("{} {}, but {} by its {} bars", "worst", "stored", "computed", "finer")
DAY_DISAGREES = Rule("day_disagrees", Severity.WARNING, "bars", _REMEDY, _REASON)
WEEK_DISAGREES = Rule("week_disagrees", Severity.WARNING, "bars", _REMEDY, _REASON)
TIMEFRAME_RULES = (DAY_DISAGREES, WEEK_DISAGREES)
_RULE: Mapping[str, Rule] = {"1day": DAY_DISAGREES, "1week": WEEK_DISAGREES}


@dataclass(frozen=True)
class Agreement:
    """The result of comparing two timeframes."""

    rule: Rule
    compared: int  # bars whose finer bars are all there
    disagreeing: pl.DataFrame  # ts and the columns of the rule's reason


def agreement(
    bars: Mapping[str, pl.DataFrame], timeframe: str, asset_class: str
) -> Agreement | None:
    """Compares ``timeframe`` with the finest bars; None where there is nothing to compare.

    Args:
        bars: the sound bars of one symbol by timeframe, each by ts.
        timeframe: the coarser one.
        asset_class: the class of the instrument.
    """
    rule = _RULE.get(timeframe)
    finer = next((name for name in _FINER.get(timeframe, ()) if not _is_empty(bars, name)), None)
    if rule is None or finer is None or _is_empty(bars, timeframe):
        return None
    due, coarse = _due(bars[finer], finer, timeframe, asset_class), bars[timeframe]
    whole = _whole(_groups(bars[finer], finer, timeframe, asset_class), due)
    place, both = _places(_ticks(coarse["ts"]), whole.labels)
    stored = coarse[place].select(_COMPARED).to_numpy()
    computed = np.column_stack([whole.high, whole.low, whole.close])[both]
    apart = np.abs(stored / computed - 1)
    worst = apart.argmax(axis=1) if len(apart) else np.zeros(0, np.intp)
    row = np.flatnonzero(apart[np.arange(len(worst)), worst] > TOLERANCE[timeframe])
    at = row, worst[row]
    disagreeing = pl.DataFrame(
        {
            "ts": coarse["ts"][place[row]],
            "worst": np.array(_COMPARED)[at[1]],
            "stored": stored[at],
            "computed": computed[at],
        },
        schema_overrides={"worst": pl.String},
    ).with_columns(finer=pl.lit(finer))
    return Agreement(rule, len(place), disagreeing)


def _is_empty(bars: Mapping[str, pl.DataFrame], timeframe: str) -> bool:
    return timeframe not in bars or bars[timeframe].is_empty()


@dataclass(frozen=True)
class _Groups:
    """High, low and close of the finer bars per coarser label, and their number."""

    labels: Ints
    high: Floats
    low: Floats
    close: Floats
    count: Ints

    def at(self, places: Ints) -> "_Groups":
        return _Groups(
            self.labels[places],
            self.high[places],
            self.low[places],
            self.close[places],
            self.count[places],
        )


def _groups(finer: pl.DataFrame, name: str, timeframe: str, asset_class: str) -> _Groups:
    opens = pl.col("ts")
    date = trading_date(opens, asset_class) if is_intraday(name) else opens.dt.date()
    labels = _labels(finer.select(date).to_series(), timeframe)
    starts = _starts(labels)
    ends = np.append(starts[1:], labels.size)
    high, low, close = (finer[column].to_numpy() for column in _COMPARED)
    return _Groups(
        labels[starts],
        np.maximum.reduceat(high, starts),
        np.minimum.reduceat(low, starts),
        close[ends - 1],
        ends - starts,
    )


def _due(finer: pl.DataFrame, name: str, timeframe: str, asset_class: str) -> tuple[Ints, Ints]:
    """The coarser labels between the first and the last bar, and how many finer bars each has."""
    dates = expected_bars(asset_class, name, *span_of(finer["ts"]))["date"]
    labels = _labels(dates, timeframe)
    starts = _starts(labels)
    return labels[starts], np.diff(starts, append=labels.size)


def _whole(groups: _Groups, due: tuple[Ints, Ints]) -> _Groups:
    """The groups of which all expected finer bars are stored."""
    place, known = _places(groups.labels, due[0])
    kept = place[groups.count[place] >= due[1][known]]
    return groups.at(kept[1:-1])  # the first and the last may be incomplete


def _places(values: Ints, others: Ints) -> tuple[Ints, Ints]:
    """The places of the common values in each of two ascending arrays."""
    _, first, second = np.intersect1d(values, others, assume_unique=True, return_indices=True)
    return first, second


def _labels(dates: pl.Series, timeframe: str) -> Ints:
    """The label of the coarser bar of each date, in microseconds since 1970."""
    days = dates.to_physical().to_numpy().astype(np.int64)
    if timeframe == "1week":
        days -= (days + _THURSDAY) % 7
    return days * _DAY


def _starts(labels: Ints) -> Ints:
    """The place where each run of equal labels begins."""
    return np.flatnonzero(np.diff(labels, prepend=-1))


def _ticks(opens: pl.Series) -> Ints:
    return opens.to_physical().to_numpy()
