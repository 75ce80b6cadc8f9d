"""Times of legacy stores as UTC instants, and a reason for each refused one.

Where clocks go back, a local time means two instants: in a store with rows in chronological order
two equal times are the earlier and the later one; otherwise the time is refused, as is a time that
the clocks skipped.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Literal

import polars as pl
import pyarrow as pa

from regime_platform.model.bar_schema import BAR_SCHEMA
from regime_platform.model.exchanges import NEW_YORK, XNYS
from regime_platform.model.markets import Market
from regime_platform.model.timeframes import is_intraday
from regime_platform.sources.files.times import (
    has_date_only,
    names_offset,
    parsed_timestamps,
)

UNREADABLE = "unreadable_time"
NO_TIME_OF_DAY = "no_time_of_day"
AMBIGUOUS = "ambiguous_time"
SKIPPED = "skipped_time"
UNREADABLE_VALUE = "unreadable_value"

_NAIVE = pl.Datetime("us")
_DAY = dt.timedelta(days=1)
_DATE, _TIME = "2024-07-05", "2024-07-05 09:30:00"


@dataclass(frozen=True)
class LegacyTimes:
    """Times of a series, as local times and as instants."""

    local: pl.Series  # naive, null where it could not be parsed
    zone: str  # of ``local``; UTC where the store has instants
    ts: pl.Series  # UTC, null where refused
    refused: pl.Series | None  # the reason where refused, else null; None: none was
    by_order: int  # times that occur twice, resolved by the order of the rows


def zone_of(market: Market, timeframe: str) -> str:
    """Zone of naive times: New York for intraday bars of New York sessions, else UTC."""
    in_sessions = market.calendar == XNYS
    return NEW_YORK if is_intraday(timeframe) and in_sessions else "UTC"


def legacy_times(
    raw_ts: pl.Series, zone: str, *, is_chronological: bool = False, needs_time: bool = False
) -> LegacyTimes:
    """Parse text, dates, naive times (of ``zone``) or instants, and convert them to instants.

    Args:
        raw_ts: as stored.
        zone: of times without a zone.
        is_chronological: equal times are in the order in which they occurred.
        needs_time: a date alone is refused, as for an intraday bar.
    """
    local, zone, is_date = _local_times(raw_ts, zone)
    ts, fault, by_order = local, None, 0
    if zone != "UTC":
        ts, fault, by_order = _in_zone(local, zone, is_chronological=is_chronological)
    ts = ts.cast(BAR_SCHEMA["ts"]).alias("ts")  # a naive time becomes the same time in UTC
    if local.null_count():
        fault = marked(fault, local.is_null(), UNREADABLE)
    if needs_time and is_date is not None:
        fault = marked(fault, is_date, NO_TIME_OF_DAY)
    if fault is not None:
        ts = ts.set(fault.is_not_null(), None)
    return LegacyTimes(local, zone, ts, fault, by_order)


def as_local(ts: pl.Series, zone: str) -> pl.Series:
    """Convert instants back to naive local times of ``zone``."""
    return _naive(ts.dt.convert_time_zone(zone))


def marked(fault: pl.Series | None, where: pl.Series, word: str) -> pl.Series | None:
    """``word`` is the reason ``where`` there is no other; None: nowhere is one."""
    if not where.any():
        return fault
    if fault is None:
        fault = pl.Series([None], dtype=pl.String).new_from_index(0, where.len())
    return fault.set(where & fault.is_null(), word)


def _local_times(raw_ts: pl.Series, zone: str) -> tuple[pl.Series, str, pl.Series | None]:
    """Naive times, their zone, and True where a value is a date (None: nowhere)."""
    if isinstance(raw_ts.dtype, pl.Datetime) and raw_ts.dtype.time_zone is not None:
        return _naive(raw_ts.dt.convert_time_zone("UTC")), "UTC", None
    if raw_ts.dtype in (pl.Datetime, pl.Date):
        return raw_ts.cast(_NAIVE), zone, has_date_only(raw_ts)
    if raw_ts.dtype != pl.String:
        return pl.Series([None], dtype=_NAIVE).new_from_index(0, raw_ts.len()), zone, None
    parsed = _single_format(raw_ts)
    if parsed is not None:
        return parsed, zone, has_date_only(raw_ts[:1]).new_from_index(0, raw_ts.len())
    parsed = parsed_timestamps(raw_ts)
    assert parsed is not None  # it is text
    has_offset = names_offset(raw_ts)
    if has_offset.all():
        return _naive(parsed), "UTC", None
    # among local times, a time with an offset was written by another program: refused
    return _naive(parsed).set(has_offset, None), zone, has_date_only(raw_ts)


def _single_format(raw_ts: pl.Series) -> pl.Series | None:
    """All dates, or all dates with seconds; None for any other format."""
    lengths = raw_ts.str.len_bytes()
    length = lengths.min()
    if length not in {len(_DATE), len(_TIME)} or length != lengths.max() or raw_ts.null_count():
        return None
    try:  # takes a quarter of the time of a general parser
        return pl.Series(raw_ts.name, raw_ts.to_arrow().cast(pa.timestamp("us")))
    except pa.ArrowInvalid:
        return None


def _in_zone(
    local: pl.Series, zone: str, *, is_chronological: bool
) -> tuple[pl.Series, pl.Series | None, int]:
    """Instants, the reasons of those that are null, and how many follow from the order of rows."""
    ts = _instants(local, zone, "null")
    places = (ts.is_null() & local.is_not_null()).arg_true()
    if places.is_empty():
        return ts, None, 0
    doubtful = local.gather(places)
    earlier, later = (_instants(doubtful, zone, which) for which in ("earliest", "latest"))
    occurs_twice = doubtful.to_frame("t").select(pl.len().over("t") == 2).to_series()
    clear = occurs_twice & earlier.is_not_null() & is_chronological
    chosen = later.zip_with(_is_second(local, doubtful), earlier)
    ts = ts.scatter(places.filter(clear), chosen.filter(clear))
    fault = marked(None, ts.is_null() & local.is_not_null(), AMBIGUOUS)
    if fault is not None:
        fault = fault.scatter(places.filter(earlier.is_null()), SKIPPED)
    return ts, fault, int(clear.sum())


def _instants(
    local: pl.Series, zone: str, ambiguous: Literal["earliest", "latest", "null"]
) -> pl.Series:
    instants = local.dt.replace_time_zone(zone, ambiguous=ambiguous, non_existent="null")
    return _naive(instants.dt.convert_time_zone("UTC"))


def _is_second(local: pl.Series, doubtful: pl.Series) -> pl.Series:
    """Of times that occur twice, the later ones: the first rows where the order is descending."""
    backward = [
        date
        for date in doubtful.dt.date().unique()
        if (day := local.filter(local.dt.date() == date))[0] > day[-1]
    ]
    reverse = doubtful.dt.date().is_in(pl.Series(backward, dtype=pl.Date).implode())
    return (~doubtful.is_first_distinct()).zip_with(~reverse, ~doubtful.is_last_distinct())


def _naive(instants: pl.Series) -> pl.Series:
    if instants.dtype == BAR_SCHEMA["ts"]:
        return instants.cast(_NAIVE)  # drops the zone; correct for UTC only
    return instants.dt.replace_time_zone(None).cast(_NAIVE)
