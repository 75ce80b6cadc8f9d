"""The zone of times that name no offset.

Beside the IANA names there are clocks that run some hours beside one, as ``America/New_York+7h``:
that of many MetaTrader brokers, UTC+2 and in New York's summer UTC+3.
"""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

import polars as pl

from regime_platform.model.calendar.labels import intraday_opens
from regime_platform.model.calendar.trading_hours import (
    anchors,
    expected_bars,
    tolerated_opens,
    trading_date,
)
from regime_platform.model.exchanges import FX, FX_UTC, NEW_YORK
from regime_platform.model.markets import Market
from regime_platform.model.timeframes import DURATION
from regime_platform.sources.files.facts import Fact

BROKERS = f"{NEW_YORK}+7h"
#: New York's winter time throughout, as some free archives of currencies have it.
_EASTERN = "Etc/GMT+5"
_BESIDE = re.compile(r"(\S+?)([+-]\d{1,2})h")
#: Weeks by which a zone is chosen, spread over the times.
_WEEKS, _TURNING = 40, 70
_FEWEST = 5
#: Bars outside sessions, per session or week of currencies: of the right zone in any week, of any
#: other one in all.
_MOST_OUTSIDE, _LEAST_OUTSIDE = 0.5, 0.5
#: Else a clock that is not tried could fit, which moves some bars out at one end.
_LEAST_EDGES = 0.8
_FURTHER = "any other IANA name, such as America/Chicago or Europe/Berlin"
_TICK = dt.timedelta(microseconds=1)


def split_zone(name: str) -> tuple[str, dt.timedelta]:
    """The IANA name of a zone, and how far its clock is put forward; ``ValueError`` or ``KeyError``
    for an unknown one."""
    match = _BESIDE.fullmatch(name)
    zone, hours = match.groups() if match else (name, "0")
    return ZoneInfo(zone).key, dt.timedelta(hours=int(hours))


def fixed_zone(offset: str) -> str | None:
    """The zone that is always ahead of UTC by an offset such as +02:00; None where it has none."""
    hours, minutes = int(offset[:3]), offset[4:]
    if minutes != "00" or not -12 <= hours <= 14:
        return None
    return f"Etc/GMT{-hours:+d}" if hours else "UTC"  # their signs are those of POSIX


class _Fit(NamedTuple):
    """How times lie on the sessions of a market, where a currency's week is one."""

    outside: float  # bars outside sessions, per session
    worst: float  # the same of the worst week, in which clocks may have changed
    edges: float  # share of sessions that have their first bar, or their last one; the smaller

    @property
    def is_right(self) -> bool:
        return self.worst <= _MOST_OUTSIDE and self.edges >= _LEAST_EDGES


_NO_EVIDENCE = _Fit(0.0, 1.0, 0.0)


def zone_of_sessions(
    times: Mapping[str, pl.Series], timeframe: str, market: Market, label: str
) -> Fact:
    """The zone in which the intraday bars lie in the sessions of the market.

    ``times`` are the instants by zone. There are choices where not exactly one of them fits.
    """
    fits = {zone: _fit(instants, timeframe, market, label) for zone, instants in times.items()}
    right = [zone for zone, fit in fits.items() if fit.is_right]
    others = [z for z in times if z not in right or not times[z].equals(times[right[0]])]
    if right and all(fits[zone].outside >= _LEAST_OUTSIDE for zone in others):
        worse = ", ".join(f"{fits[zone].outside:.1f} in {zone}" for zone in others)
        evidence = f"{fits[right[0]].outside:.1f} bars outside each session, where {worse} would be"
        return Fact("zone", right[0], evidence)
    return unclear_zone("no offset in the times, and no zone fits alone", tuple(times))


def unclear_zone(
    evidence: str, choices: tuple[str, ...] = ("UTC", BROKERS), key: str = "zone"
) -> Fact:
    """The fact that a zone has to be stated; ``choices`` are only the most frequent ones."""
    return Fact(key, "", evidence, choices, _FURTHER)


def candidates(market: Market) -> Sequence[str]:
    """The zones that times without an offset may be in, that of the market first."""
    further = (_EASTERN,) if market.has_currency_week else ()
    return tuple(dict.fromkeys((market.zone, "UTC", BROKERS, *further)))


def sampled(times: pl.Series) -> pl.Series:
    """Naive times of whole weeks: the first and the last ones, those of the last years in which
    clocks change somewhere, and some between."""
    week = times.dt.offset_by("1d").dt.truncate("1w")  # that of a currency begins on Sunday
    weeks = week.unique().drop_nulls().sort()
    places = pl.int_range(_WEEKS, eager=True) * (weeks.len() - 1) // (_WEEKS - 1)
    turning = weeks.filter(weeks.dt.month().is_in([3, 4, 10, 11])).tail(_TURNING)
    chosen = pl.concat([weeks.gather(places), turning, weeks.head(3), weeks.tail(3)])
    return times.filter(week.is_in(chosen.unique().implode()) & (times.dt.minute() % 15 == 0))


def _fit(instants: pl.Series, timeframe: str, market: Market, label: str) -> _Fit:
    known = instants.drop_nulls().unique().sort()
    has_ends = market.has_exchange or market.calendar in (FX, FX_UTC)
    if known.is_empty() or not has_ends or market.hours.pauses or timeframe == "4h":
        return _NO_EVIDENCE
    length = max(timeframe, "15min", key=DURATION.__getitem__)
    opens = intraday_opens(known, length, market, label).ts.drop_nulls().sort()
    bars = opens.to_frame("ts").with_columns(session=_session(market))
    if bars["session"].n_unique() < _FEWEST:
        return _NO_EVIDENCE
    by_anchor = [_anchored(bars, length, market, anchor) for anchor in anchors(market, length)]
    return min(by_anchor, key=lambda fit: (fit.worst, -fit.edges))


def _session(market: Market) -> pl.Expr:
    ts = pl.col("ts")
    if market.has_exchange:
        return trading_date(ts, market)
    return ts.dt.offset_by("1d").dt.truncate("1w").dt.date()


def _anchored(bars: pl.DataFrame, timeframe: str, market: Market, anchor: str) -> _Fit:
    span = bars["ts"][0], bars["ts"][-1] + _TICK
    tolerated = tolerated_opens(market, timeframe, *span, anchor)
    count = pl.col("session").n_unique()
    outside = (~pl.col("ts").is_in(tolerated.implode())).sum() / count
    whole = bars.select(outside).item()
    worst = bars.group_by(pl.col("session").dt.truncate("1w")).agg(outside=outside)["outside"].max()
    due = expected_bars(market, timeframe, *span, anchor).select("ts", session=_session(market))
    ends = due.group_by("session").agg(first=pl.col("ts").min(), last=pl.col("ts").max())
    inner = bars["session"].unique().sort()[1:-1]  # the first and the last one may be a part
    ends = ends.filter(pl.col("session").is_in(inner.implode()))
    shares = [ends[side].is_in(bars["ts"].implode()).mean() for side in ("first", "last")]
    edges = min(float(share or 0.0) for share in shares)  # type: ignore[arg-type]
    return _Fit(whole, float(worst or 0.0), edges)  # type: ignore[arg-type]
