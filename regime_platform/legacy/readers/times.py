"""Times of legacy stores as UTC instants, and a reason for each refused one.

Most series use one text format throughout, so that one parse suffices; on most days no clock
changes, so that one offset per day suffices. Where clocks go back, a local time means two instants:
in a store with rows in chronological order two equal times are the earlier and the later one;
otherwise the time is refused, as is a time that the clocks skipped.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, reduce
from operator import and_
from typing import Literal

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from regime_platform.model.bar_schema import BAR_SCHEMA
from regime_platform.sources.files.timestamps import is_date_only, parsed_timestamps

UNREADABLE = "unreadable_time"
NO_TIME_OF_DAY = "no_time_of_day"
AMBIGUOUS = "ambiguous_time"
SKIPPED = "skipped_time"

_OFFSET = r"\d{2}:\d{2}.*(Z|[+-]\d{2}:?\d{2})$"
_NAIVE = pl.Datetime("us")
_DAY = dt.timedelta(days=1)
_ALL = pl.Series([True])
_DATE, _TIME = "2024-07-05", "2024-07-05 09:30:00"


@dataclass(frozen=True)
class LocalTimes:
    """Parsed local times of a store."""

    local: pl.Series  # naive, null where it could not be parsed
    zone: str
    is_date: pl.Series | None = None  # True where the text has no time of day; None: nowhere


@dataclass(frozen=True)
class Opens:
    """Local times as instants."""

    ts: pl.Series  # UTC, null where refused
    refused: pl.Series | None  # the reason where refused, else null; None: none was
    by_order: int = 0  # times that occur twice, resolved by the order of the rows


def local_times(raw_ts: pl.Series, zone: str) -> LocalTimes:
    """Parse times; those without a zone are local to ``zone``, instants stay instants."""
    if isinstance(raw_ts.dtype, pl.Datetime) and raw_ts.dtype.time_zone is not None:
        return LocalTimes(_naive(raw_ts.dt.convert_time_zone("UTC")), "UTC")
    if raw_ts.dtype in (pl.Datetime, pl.Date):
        return LocalTimes(raw_ts.cast(_NAIVE), zone, is_date_only(raw_ts))
    if raw_ts.dtype != pl.String:
        return LocalTimes(pl.Series([None], dtype=_NAIVE).new_from_index(0, raw_ts.len()), zone)
    return _single_format(raw_ts, zone) or _mixed_formats(raw_ts, zone)


def opens(times: LocalTimes, *, is_chronological: bool, needs_time: bool) -> Opens:
    """Convert local times to instants.

    Args:
        times: as ``local_times`` returns them.
        is_chronological: equal times are in the order in which they occurred.
        needs_time: a date alone is refused, as for an intraday bar.
    """
    local = times.local
    if times.zone == "UTC":
        ts, fault, by_order = local, None, 0
    else:
        ts, fault, by_order = _in_zone(local, times.zone, is_chronological=is_chronological)
    ts = ts.cast(BAR_SCHEMA["ts"]).alias("ts")  # a naive time becomes the same time in UTC
    if local.null_count():
        fault = _marked(fault, local.is_null(), UNREADABLE)
    if needs_time and times.is_date is not None and times.is_date.any():
        fault = _marked(fault, times.is_date, NO_TIME_OF_DAY)
    if fault is None:
        return Opens(ts, None, by_order)
    return Opens(ts.set(fault.is_not_null(), None), fault, by_order)


def as_local(ts: pl.Series, zone: str) -> pl.Series:
    """Convert instants back to naive local times of ``zone``."""
    return _naive(ts) if zone == "UTC" else _by_days(_naive(ts), partial(_shown, zone=zone))[0]


def _single_format(raw_ts: pl.Series, zone: str) -> LocalTimes | None:
    """All dates, or all dates with seconds; None for any other format."""
    lengths = raw_ts.str.len_bytes()
    length = lengths.min()
    if length not in {len(_DATE), len(_TIME)} or length != lengths.max() or raw_ts.null_count():
        return None
    try:  # takes a quarter of the time of a general parser
        parsed = pc.cast(raw_ts.to_arrow(), pa.timestamp("us"))
    except pa.ArrowInvalid:
        return None
    is_date = _ALL.new_from_index(0, raw_ts.len()) if length == len(_DATE) else None
    return LocalTimes(pl.Series(raw_ts.name, parsed), zone, is_date)


def _mixed_formats(raw_ts: pl.Series, zone: str) -> LocalTimes:
    parsed = parsed_timestamps(raw_ts)
    assert parsed is not None  # it is text
    has_offset = raw_ts.str.contains(_OFFSET).fill_null(value=False)
    if has_offset.all():
        return LocalTimes(_naive(parsed), "UTC")
    # among local times, a time with an offset was written by another program: refused
    return LocalTimes(_naive(parsed).set(has_offset, None), zone, is_date_only(raw_ts))


def _in_zone(
    local: pl.Series, zone: str, *, is_chronological: bool
) -> tuple[pl.Series, pl.Series | None, int]:
    earlier, later = _by_days(
        local,
        partial(_instants, zone=zone, which="earliest"),
        partial(_instants, zone=zone, which="latest"),
    )
    fault: pl.Series | None = None
    by_order = 0
    if earlier.null_count() > local.null_count():
        fault = _marked(None, earlier.is_null() & local.is_not_null(), SKIPPED)
    twofold = (earlier != later).fill_null(value=False)
    if twofold.any():
        places = twofold.arg_true()
        doubtful = local.gather(places)
        pairs = doubtful.to_frame("t").select(pl.len().over("t") == 2).to_series()
        clear = pairs if is_chronological else pl.repeat(value=False, n=pairs.len(), eager=True)
        second = places.filter(clear & _is_second(local, doubtful))
        earlier = earlier.scatter(second, later.gather(second)) if second.len() else earlier
        by_order = int(clear.sum())
        unclear = pl.repeat(value=False, n=local.len(), eager=True)
        fault = _marked(fault, unclear.scatter(places.filter(~clear), values=True), AMBIGUOUS)
    return earlier, fault, by_order


def _instants(shown: pl.Series, zone: str, which: Literal["earliest", "latest"]) -> pl.Series:
    instants = shown.dt.replace_time_zone(zone, ambiguous=which, non_existent="null")
    return _naive(instants.dt.convert_time_zone("UTC"))


def _shown(instants: pl.Series, zone: str) -> pl.Series:
    return _naive(instants.cast(BAR_SCHEMA["ts"]).dt.convert_time_zone(zone))


def _by_days(times: pl.Series, *shifts: Callable[[pl.Series], pl.Series]) -> tuple[pl.Series, ...]:
    """Naive times shifted by each function; a day with equal shifts at its ends is shifted whole.

    Clocks change at most once a day. Converting the zone row by row takes longer than reading.
    """
    days = times.dt.date()
    first = days.rle().struct.field("value").cast(_NAIVE)
    offset, *others = (shift(edge) - edge for edge in (first, first + _DAY) for shift in shifts)
    is_even = reduce(and_, (other == offset for other in others)).fill_null(value=False)
    run = days.rle_id()
    shifted = times + offset.gather(run)
    rest = (~is_even).gather(run).arg_true()
    return tuple(shifted.clone().scatter(rest, shift(times.gather(rest))) for shift in shifts)


def _is_second(local: pl.Series, doubtful: pl.Series) -> pl.Series:
    """Of times that occur twice, the later ones: the first rows where the order is descending."""
    backward = [
        date
        for date in doubtful.dt.date().unique()
        if (day := local.filter(local.dt.date() == date))[0] > day[-1]
    ]
    reverse = doubtful.dt.date().is_in(pl.Series(backward, dtype=pl.Date).implode())
    return (~doubtful.is_first_distinct()).zip_with(~reverse, ~doubtful.is_last_distinct())


def _marked(fault: pl.Series | None, where: pl.Series, word: str) -> pl.Series | None:
    if not where.any():
        return fault
    if fault is None:
        fault = pl.Series([None], dtype=pl.String).new_from_index(0, where.len())
    return fault.set(where & fault.is_null(), word)


def _naive(instants: pl.Series) -> pl.Series:
    if instants.dtype == BAR_SCHEMA["ts"]:
        return instants.cast(_NAIVE)  # drops the zone; correct for UTC only
    return instants.dt.replace_time_zone(None).cast(_NAIVE)
