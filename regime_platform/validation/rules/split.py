"""The rule on a split that the prices were not adjusted for.

It opens at a ratio in which splits are declared, and is an ordinary day on its new level
otherwise: the days before and after stay on their sides, and neither its move, nor its range, nor
what was traded is unusual. In a crash to half the price, all of these are.
"""

import datetime as dt
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import polars as pl

from regime_platform.model.calendar.trading_hours import expected_bars
from regime_platform.model.markets import Market
from regime_platform.model.ratios import ratio_text
from regime_platform.model.timeframes import DURATION, is_intraday
from regime_platform.validation.findings import ADD_SPLIT, Rule, Severity, worded
from regime_platform.validation.rules.usual import usual

_Floats = npt.NDArray[np.float64]

UNADJUSTED_SPLIT = Rule(
    "unadjusted_split",
    Severity.WARNING,
    f"add the split with {ADD_SPLIT} if there was one; exclude the bar, or accept it",
    worded("unadjusted split? close {} -> open {} is {}", "last_close", "open", "split"),
    pl.col("split").is_not_null(),
)

#: Of new shares for old ones, also the other way round. From 6:5 on, real moves look the same.
_PARTS = (Fraction(3, 2), Fraction(5, 2), Fraction(4, 3), Fraction(5, 4))
_DECLARED = (*map(Fraction, range(2, 101)), *_PARTS)
_LOGARITHMS = np.log([float(ratio) for ratio in _DECLARED])
_LEAST = float(_LOGARITHMS.min()) - 0.05

#: Most of the usual size that an ordinary day may have.
_MOST_GAPS = 3.0  # of the opening gap beside the ratio
_MOST_MOVES = 4.0
_MOST_RANGES = 4.0
_MOST_TRADED = 4.0
#: Least of the usual size that the ratio must have.
_LEAST_GAPS = 10.0
_LEAST_MOVES = 5.0
#: The gap beside the ratio may be so large where the usual one is smaller or larger (log).
_FEWEST, _MOST = 0.005, 0.06
#: Closes before and after that must lie on their sides of the middle.
_STAYING = 5


@dataclass(frozen=True)
class _Sizes:
    """Per bar; logarithms, so that halving and doubling have one size."""

    close: _Floats
    gap: _Floats  # open over the close before, signed
    move: _Floats  # close over the close before, signed
    usual_gap: _Floats
    usual_move: _Floats
    #: In usual ones; NaN where unknown.
    ranges: _Floats
    traded: _Floats  # volume or money, the less unusual: either may be adjusted


def splits(bars: pl.DataFrame, timeframe: str, market: Market) -> pl.Series:
    """For sound bars by ts the split before each, as new for old shares (2:1); null for none.

    Where the first session of a bar is of another date than its label, that date follows.
    """
    close, opens = (_logarithms(bars, name) for name in ("close", "open"))
    gap = np.full(bars.height, np.nan)
    gap[1:] = opens[1:] - close[:-1]
    texts = pl.repeat(None, bars.height, dtype=pl.String, eager=True)
    large = np.flatnonzero(np.abs(gap) > _LEAST)
    if large.size:
        sizes = _sizes(bars, close, gap, timeframe)
        for bar in large.tolist():
            ratio = _ratio(sizes, bar)
            if ratio is not None:
                text = ratio_text(ratio) + _other_date(bars["ts"][bar], timeframe, market)
                texts = texts.scatter(bar, text)
    return texts


def _logarithms(bars: pl.DataFrame, name: str) -> _Floats:
    """NaN of prices that are not above 0, which may be accepted."""
    prices = bars[name].to_numpy()
    out: _Floats = np.log(prices, out=np.full(prices.size, np.nan), where=prices > 0)
    return out


def _other_date(opens: dt.datetime, timeframe: str, market: Market) -> str:
    dates = expected_bars(market, timeframe, opens, opens + dt.timedelta(microseconds=1))["date"]
    is_other = not dates.is_empty() and dates[0] != opens.date()
    return f" on {dates[0]}" if is_other else ""


def _sizes(bars: pl.DataFrame, close: _Floats, gap: _Floats, timeframe: str) -> _Sizes:
    move = np.full(bars.height, np.nan)
    move[1:] = np.diff(close)
    follows = np.zeros(bars.height, np.bool_)
    if is_intraday(timeframe):  # over a night a price moves further than from bar to bar
        follows = (bars["ts"].diff() == DURATION[timeframe]).fill_null(value=False).to_numpy()
    kinds = (usual(np.where(kind, np.abs(gap), np.nan)) for kind in (follows, ~follows))
    usual_gap = np.nan_to_num(np.where(follows, *kinds))
    ranges = _logarithms(bars, "high") - _logarithms(bars, "low")
    shares = bars["volume"].fill_null(np.nan).to_numpy()
    traded = (sizes / usual(sizes) for sizes in (shares, shares * bars["close"].to_numpy()))
    return _Sizes(
        close=close,
        gap=gap,
        move=move,
        usual_gap=usual_gap,
        usual_move=usual(np.abs(move)),
        ranges=ranges / usual(ranges),
        traded=np.fmin(*traded),
    )


def _ratio(sizes: _Sizes, bar: int) -> Fraction | None:
    """The ratio of the split before ``bar``, where it looks like one."""
    gap, move = sizes.gap[bar], sizes.move[bar]
    nearest = int(np.abs(_LOGARITHMS - abs(gap)).argmin())
    size = np.copysign(_LOGARITHMS[nearest], gap)
    beside = np.clip(_MOST_GAPS * sizes.usual_gap[bar], _FEWEST, _MOST)
    is_ordinary = (
        abs(gap - size) <= beside
        and abs(move - size) <= beside + _MOST_MOVES * sizes.usual_move[bar]
        and not sizes.ranges[bar] > _MOST_RANGES
        and not sizes.traded[bar] > _MOST_TRADED
    )
    is_large = (
        abs(size) >= _LEAST_GAPS * sizes.usual_gap[bar]
        and abs(size) >= _LEAST_MOVES * sizes.usual_move[bar]
    )
    if not (is_ordinary and is_large and _stays(sizes.close, bar, size)):
        return None
    ratio = _DECLARED[nearest]
    return ratio if gap < 0 else 1 / ratio


def _stays(close: _Floats, bar: int, size: float) -> bool:
    """True where the closes around ``bar`` lie on their sides of the middle of the step."""
    middle = close[bar - 1] + size / 2
    before = (close[max(bar - _STAYING, 0) : bar] - middle) * size
    after = (close[bar : bar + _STAYING] - middle) * size
    return bool((before < 0).all() and (after > 0).all())
