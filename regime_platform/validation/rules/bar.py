"""Rules on a single bar, each a Polars expression with the text of its reason.

The expressions read ``BAR_SCHEMA`` and ``fetched_at``; a null result counts as kept, so that a
missing price is reported once, by the rule for missing prices. Rules over several bars are in
``rules.series``.
"""

import datetime as dt
from dataclasses import dataclass
from functools import cache, reduce
from operator import and_, or_

import numpy as np
import numpy.typing as npt
import polars as pl

from regime_platform.model.asset_classes import ASSET_CLASSES
from regime_platform.model.bar_schema import BAR_SCHEMA, PRICE_COLUMNS
from regime_platform.model.calendar.sessions import last_finished
from regime_platform.model.timeframes import DURATION, is_intraday
from regime_platform.validation.findings import Rule, Severity, worded

_EPOCH, _TICK = dt.datetime(1970, 1, 1, tzinfo=dt.UTC), dt.timedelta(microseconds=1)
_NEVER = -(2**63)
_TS = pl.col("ts")
_VOLUME = pl.col("volume")
_PRICES = tuple(pl.col(name) for name in PRICE_COLUMNS)
_ALL_FINITE = reduce(and_, (price.is_finite() for price in _PRICES))

#: Intraday anchors differ: 1h bars of US stocks open at half past, those of currencies on the hour.
_GRID_MINUTES = {"15min": 15, "1h": 30, "4h": 30}
_AT_THE_SOURCE = (
    "correct the bar at its source and fetch again, or keep it out with `regime bars exclude`"
)
_DAY_ENDS_ON_THE_EVE = dt.time(17, 0)
_EVE = dt.timedelta(hours=3)


@dataclass(frozen=True)
class BarRule(Rule):
    """A rule on one row."""

    breaks: pl.Expr
    is_applicable: bool = True  # False where the dates that it compares with are not known


@cache
def bar_rules(timeframe: str, asset_class: str) -> tuple[BarRule, ...]:
    """Every rule on single bars, in the order in which a row names its first fault."""
    return (
        _error("missing_ts", _TS.is_null(), pl.lit("ts is null")),
        _off_grid(timeframe),
        _future(timeframe, asset_class),
        _date_range(asset_class),
        *_PRICE_RULES,
        _error(
            "invalid_volume",
            (_VOLUME < 0) | ~_VOLUME.is_finite(),
            worded("volume {}", _VOLUME),
        ),
    )


def finished_when_fetched(rows: pl.DataFrame, timeframe: str, asset_class: str) -> pl.Series:
    """True for the rows whose bar was finished at their ``fetched_at``.

    A row without ts counts as finished, so that it is checked.
    """
    if is_intraday(timeframe):  # vectorised: such a log grows by thousands of fetches a year
        over = (_TS + DURATION[timeframe] <= pl.col("fetched_at")).fill_null(value=True)
        return rows.select(over).to_series()
    moments, fetch = np.unique(_ticks(rows["fetched_at"]), return_inverse=True)
    bounds = [
        (last_finished(_EPOCH + moment * _TICK, timeframe, asset_class) - _EPOCH) // _TICK
        for moment in moments.tolist()
    ]
    return pl.Series(_ticks(rows["ts"]) < np.array(bounds, np.int64)[fetch])


def opens_text(timeframe: str) -> pl.Expr:
    """The open of a bar as text: a date, or an instant to the minute."""
    text = _TS.dt.strftime("%Y-%m-%d %H:%M" if is_intraday(timeframe) else "%Y-%m-%d")
    return text.fill_null("no ts")


def _ticks(moments: pl.Series) -> npt.NDArray[np.int64]:
    """Microseconds since 1970; a null is earlier than all others."""
    ticks = moments.to_physical()
    return (ticks.fill_null(_NEVER) if ticks.null_count() else ticks).to_numpy()


def _error(name: str, breaks: pl.Expr, reason: pl.Expr, remedy: str = _AT_THE_SOURCE) -> BarRule:
    return BarRule(name, Severity.ERROR, "bars", remedy, reason, breaks.fill_null(value=False))


def _off_grid(timeframe: str) -> BarRule:
    if is_intraday(timeframe):
        every = f"{_GRID_MINUTES[timeframe]}m"
        breaks, place = _TS.dt.truncate(every) != _TS, f"no multiple of {every}in"
    elif timeframe == "1day":
        breaks, place = _TS.dt.truncate("1d") != _TS, "not 00:00 UTC of its date"
    else:
        breaks = (_TS.dt.truncate("1d") != _TS) | (_TS.dt.weekday() != 1)
        place = "not 00:00 UTC of a Monday"
    reason = worded(f"opens {{}}, {place}", _TS.dt.strftime("%A %H:%M:%S"))
    remedy = f"label {timeframe} bars by their open on the grid"
    return _error("off_grid", breaks, reason, remedy)


def _future(timeframe: str, asset_class: str) -> BarRule:
    latest = pl.col("fetched_at") + _lead(timeframe, asset_class)
    reason = worded("opens after it was fetched at {}", pl.col("fetched_at").dt.strftime("%F %T"))
    remedy = "check the clock of this machine and the zone of the source's labels"
    return _error("future_bar", latest < _TS, reason, remedy)


def _date_range(asset_class: str) -> BarRule:
    first = ASSET_CLASSES[asset_class].first_date
    breaks = pl.lit(first).cast(BAR_SCHEMA["ts"]) > _TS
    remedy = "check the zone and unit of the source's labels; zero means 1970-01-01"
    reason = pl.lit(f"opens before {first}, when nothing of {asset_class} was traded")
    return _error("date_range", breaks, reason, remedy)


def _lead(timeframe: str, asset_class: str) -> dt.timedelta:
    """How long before the label of a date its trading may begin.

    Where the day ends at 17:00 New York, the next one begins then, which is up to three hours
    before 00:00 UTC of its label.
    """
    if is_intraday(timeframe):
        return dt.timedelta()
    ends = ASSET_CLASSES[asset_class].close
    return _EVE if ends == _DAY_ENDS_ON_THE_EVE else dt.timedelta()


def _order_reason() -> pl.Expr:
    """The first pair of prices that is out of order."""
    beyond = [
        (pl.col(side) < pl.col(other), worded(f"high {{}} < {other} {{}}", side, other))
        for side, other in (("high", "low"), ("high", "open"), ("high", "close"))
    ] + [
        (pl.col("low") > pl.col(other), worded(f"low {{}} > {other} {{}}", "low", other))
        for other in ("open", "close")
    ]
    return pl.coalesce(pl.when(breaks).then(text) for breaks, text in beyond)


def _quoted(broken: tuple[pl.Expr, ...], word: str) -> pl.Expr:
    """The names of the prices for which ``broken`` holds, after ``word``."""
    names = [
        pl.when(is_broken).then(worded(f"{name} {{}}", name))
        for name, is_broken in zip(PRICE_COLUMNS, broken, strict=True)
    ]
    return pl.concat_str(pl.lit(word), pl.concat_str(names, separator=", ", ignore_nulls=True))


_IS_NULL = tuple(price.is_null() for price in _PRICES)
_NOT_FINITE = tuple(~price.is_finite() for price in _PRICES)
_NOT_POSITIVE = tuple(price.is_finite() & (price <= 0) for price in _PRICES)
_HIGH_IS_LOW = pl.col("high") < pl.max_horizontal("open", "low", "close")
_LOW_IS_HIGH = pl.col("low") > pl.min_horizontal("open", "close")

_PRICE_RULES = (
    _error("missing_price", reduce(or_, _IS_NULL), _quoted(_IS_NULL, "")),
    _error("non_finite_price", reduce(or_, _NOT_FINITE), _quoted(_NOT_FINITE, "")),
    _error(
        "non_positive_price", reduce(or_, _NOT_POSITIVE), _quoted(_NOT_POSITIVE, "not above 0: ")
    ),
    _error("high_low_order", _ALL_FINITE & (_HIGH_IS_LOW | _LOW_IS_HIGH), _order_reason()),
)
