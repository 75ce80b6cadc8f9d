"""Rules on a single bar, each a Polars expression with the text of its reason.

A null result counts as kept, so that a missing price is reported once, by the rule for it.
"""

import datetime as dt
from functools import cache, lru_cache, reduce
from math import gcd
from operator import and_, or_

import numpy as np
import numpy.typing as npt
import polars as pl

from regime_platform.model.bar_schema import BAR_SCHEMA, PRICE_COLUMNS
from regime_platform.model.calendar.due import last_finished
from regime_platform.model.calendar.trading_hours import MIDNIGHT
from regime_platform.model.document import Document
from regime_platform.model.markets import Market
from regime_platform.model.timeframes import DURATION, is_intraday
from regime_platform.validation.findings import ACCEPT, EXCLUDE, Rule, Severity, worded

NO_TICKS = -(2**63)  # NumPy's NaT
#: Relative; adjusted prices differ by as much from equal ones.
LAST_BITS = 1e-9
_EPOCH, _TICK = dt.datetime(1970, 1, 1, tzinfo=dt.UTC), dt.timedelta(microseconds=1)
_FRIDAY = 5  # its day ends with the week, at the close of the market
_TS = pl.col("ts")
_VOLUME = pl.col("volume")
_PRICES = tuple(pl.col(name) for name in PRICE_COLUMNS)
_ALL_FINITE = reduce(and_, (price.is_finite() for price in _PRICES))

#: Intraday anchors differ: 1h bars of US stocks open at half past, those of currencies on the hour.
_GRID_MINUTES = {
    "1min": 1, "5min": 5, "10min": 10, "15min": 15, "30min": 30, "1h": 30, "4h": 30
}  # fmt: skip
_QUARTER = 15  # minutes; bars of markets that open at a quarter begin on a grid that has it
#: Of fixed severity, and accepted only by name: such a bar becomes canonical and is not computed.
NON_POSITIVE = "non_positive_price"
_AT_THE_SOURCE = f"correct the bar at its source and fetch again, or keep it out with {EXCLUDE}"
#: Bars that open so much after their fetch are unfinished: a clock that is slow, or a date that
#: begins earlier in the zone of its market. Later ones are mislabelled.
_MOST_EARLY = dt.timedelta(days=2)


class Listed(Document):
    """The dates between which a series can have bars, both included; empty where unknown."""

    first: str = ""  # ISO date of the first bar that its source has
    last: str = ""  # ISO date of the delisting


UNLISTED = Listed()


@cache
def bar_rules(timeframe: str, market: Market) -> tuple[Rule, ...]:
    """Every rule on single bars, in the order in which a row names its first fault."""
    return (
        _error("missing_ts", _TS.is_null(), pl.lit("ts is null")),
        _off_grid(timeframe, market),
        _FUTURE,
        _date_range(market),
        *_PRICE_RULES,
        _error(
            "invalid_volume", (_VOLUME < 0) | ~_VOLUME.is_finite(), worded("volume {}", _VOLUME)
        ),
    )


@lru_cache
def outside_listing(listed: Listed) -> Rule:
    """The rule on bars before the first one of the source, or after the delisting.

    A warning: either date may be what is wrong, and bars of another source may be older.
    """
    is_early = _midnight(listed.first) > _TS
    is_late = _midnight(listed.last) + dt.timedelta(days=1) <= _TS
    reason = (
        pl.when(is_early)
        .then(pl.lit(f"opens before {listed.first}, the first bar that its source has"))
        .otherwise(pl.lit(f"opens after {listed.last}, when it was delisted"))
    )
    return Rule(
        "outside_listing",
        Severity.WARNING,
        "exclude the bar if it is of another instrument; accept it, or correct the delisting",
        reason,
        is_early.fill_null(value=False) | is_late.fill_null(value=False),
        is_applicable=listed != UNLISTED,
    )


def finished_when_fetched(
    rows: pl.DataFrame, timeframe: str, market: Market, day_end: str = ""
) -> pl.Series:
    """True for rows whose bar was finished at their ``fetched_at``, and for those without ts.

    ``day_end`` is ``MIDNIGHT`` for days that end there, after the close of their market. Only the
    newest can have been fetched in between: others were served again beside the next one.
    """
    if is_intraday(timeframe):  # vectorised: such a log grows by thousands of fetches a year
        over = (_TS + DURATION[timeframe] <= pl.col("fetched_at")).fill_null(value=True)
        return rows.select(over).to_series()
    moments, fetch = np.unique(ticks(rows["fetched_at"]), return_inverse=True)
    bounds = [
        (last_finished(_EPOCH + moment * _TICK, timeframe, market) - _EPOCH) // _TICK
        for moment in moments.tolist()
    ]
    finished = pl.Series(ticks(rows["ts"]) < np.array(bounds, np.int64)[fetch])
    if day_end != MIDNIGHT:
        return finished
    is_early = (_TS.dt.offset_by("1d") > pl.col("fetched_at")) & (_TS.dt.weekday() != _FRIDAY)
    is_newest = rows["ts"].filter(finished).max() == _TS
    return finished & ~rows.select((is_newest & is_early).fill_null(value=False)).to_series()


def ticks(moments: pl.Series) -> npt.NDArray[np.int64]:
    """Microseconds since 1970; ``NO_TICKS`` for a null, which is earlier than all others."""
    return moments.to_numpy().view(np.int64)


def _error(name: str, breaks: pl.Expr, reason: pl.Expr, remedy: str = _AT_THE_SOURCE) -> Rule:
    return Rule(name, Severity.ERROR, remedy, reason, breaks.fill_null(value=False))


def _off_grid(timeframe: str, market: Market) -> Rule:
    if is_intraday(timeframe):
        minutes = _GRID_MINUTES[timeframe]
        every = f"{gcd(minutes, _QUARTER) if market.opens_at_quarters else minutes}m"
        breaks, place = _TS.dt.truncate(every) != _TS, f"no multiple of {every}in"
    elif timeframe == "1day":
        breaks, place = _TS.dt.truncate("1d") != _TS, "not 00:00 UTC of its date"
    else:
        breaks = (_TS.dt.truncate("1d") != _TS) | (_TS.dt.weekday() != 1)
        place = "not 00:00 UTC of a Monday"
    reason = worded(f"opens {{}}, {place}", _TS.dt.strftime("%A %H:%M:%S"))
    return _error("off_grid", breaks, reason, f"label {timeframe} bars by their open on the grid")


def _date_range(market: Market) -> Rule:
    first = market.first_date
    breaks = pl.lit(first).cast(BAR_SCHEMA["ts"]) > _TS
    remedy = (
        "check the zone and unit of the source's labels, since zero means 1970-01-01; if the bar "
        f"is true, {ACCEPT} keeps it"
    )
    reason = pl.lit(f"opens before {first}, when nothing of {market.name} was traded")
    return _error("date_range", breaks, reason, remedy)


def _midnight(date: str) -> pl.Expr:
    known = dt.date.fromisoformat(date) if date else None
    return pl.lit(known, dtype=pl.Date).cast(BAR_SCHEMA["ts"])


def _any_price(
    name: str, broken: tuple[pl.Expr, ...], word: str = "", remedy: str = _AT_THE_SOURCE
) -> Rule:
    """The rule that no price is ``broken``; its reason names those that are."""
    names = [
        pl.when(is_broken).then(worded(f"{column} {{}}", column))
        for column, is_broken in zip(PRICE_COLUMNS, broken, strict=True)
    ]
    reason = pl.concat_str(pl.lit(word), pl.concat_str(names, separator=", ", ignore_nulls=True))
    return _error(name, reduce(or_, broken), reason, remedy)


def _is_less(name: str, other: str) -> pl.Expr:
    return pl.col(other) - pl.col(name) > LAST_BITS * pl.col(other).abs()


#: Each pair of prices that may be out of order, with the words for it.
_DISORDERS = (
    *(
        (_is_less("high", other), worded(f"high {{}} < {other} {{}}", "high", other))
        for other in ("low", "open", "close")
    ),
    *(
        (_is_less(other, "low"), worded(f"low {{}} > {other} {{}}", "low", other))
        for other in ("open", "close")
    ),
)
_PRICE_RULES = (
    _any_price("missing_price", tuple(price.is_null() for price in _PRICES)),
    _any_price("non_finite_price", tuple(~price.is_finite() for price in _PRICES)),
    _any_price(
        NON_POSITIVE,
        tuple(price.is_finite() & (price <= 0) for price in _PRICES),
        "not above 0: ",
        f"{_AT_THE_SOURCE}; if the price is true, {ACCEPT} makes the bar canonical, and compute "
        "leaves it out",
    ),
    _error(
        "high_low_order",
        _ALL_FINITE & reduce(or_, (is_so for is_so, _ in _DISORDERS)),
        pl.coalesce(pl.when(is_so).then(text) for is_so, text in _DISORDERS),
    ),
)
_FUTURE = _error(
    "future_bar",
    pl.col("fetched_at") + _MOST_EARLY < _TS,
    worded(
        "opens more than two days after it was fetched at {}",
        pl.col("fetched_at").dt.strftime("%F %T"),
    ),
    "check the clock of this machine and the zone of the source's labels",
)
