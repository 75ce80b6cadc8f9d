"""Times of old stores as UTC instants, and a reason for each that is refused.

Most series are written in one form throughout, and then one parse does; and on most days no clock
changes, and then one look at the zone does. Where clocks go back, a local time means two instants:
in a store that keeps its rows in the order in which they came, two equal times are the earlier and
the later one; anything else is refused and never guessed, as is a time that the clocks skipped.
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
    """Times as a store means them."""

    local: pl.Series  # naive, null where it was not understood
    zone: str
    is_date: pl.Series | None = None  # True where no time of day was given; None: nowhere


@dataclass(frozen=True)
class Opens:
    """What the times came to."""

    ts: pl.Series  # UTC, null where refused
    refused: pl.Series | None  # the reason where refused, else null; None: nothing was
    by_order: int = 0  # times that came twice, told apart by the order of the rows


def local_times(said: pl.Series, zone: str) -> LocalTimes:
    """Reads times without a zone as those of ``zone``; a column of instants keeps what it says."""
    if isinstance(said.dtype, pl.Datetime) and said.dtype.time_zone is not None:
        return LocalTimes(_naive(said.dt.convert_time_zone("UTC")), "UTC")
    if said.dtype in (pl.Datetime, pl.Date):
        return LocalTimes(said.cast(_NAIVE), zone, is_date_only(said))
    if said.dtype != pl.String:
        return LocalTimes(pl.Series([None], dtype=_NAIVE).new_from_index(0, said.len()), zone)
    return _one_form(said, zone) or _many_forms(said, zone)


def opens(times: LocalTimes, *, order_tells: bool, needs_time: bool) -> Opens:
    """Local times as instants.

    Args:
        times: as ``local_times`` gives them.
        order_tells: equal times stand in the order in which they happened.
        needs_time: a date alone says too little, as of an intraday bar.
    """
    local = times.local
    if times.zone == "UTC":
        told, fault, by_order = local, None, 0
    else:
        told, fault, by_order = _in_zone(local, times.zone, order_tells=order_tells)
    told = told.cast(BAR_SCHEMA["ts"]).alias("ts")  # of a naive time: that time in UTC
    if local.null_count():
        fault = _marked(fault, local.is_null(), UNREADABLE)
    if needs_time and times.is_date is not None and times.is_date.any():
        fault = _marked(fault, times.is_date, NO_TIME_OF_DAY)
    if fault is None:
        return Opens(told, None, by_order)
    return Opens(told.set(fault.is_not_null(), None), fault, by_order)


def as_local(ts: pl.Series, zone: str) -> pl.Series:
    """The way back: what a clock in ``zone`` showed."""
    return _naive(ts) if zone == "UTC" else _by_days(_naive(ts), partial(_shown, zone=zone))[0]


def _one_form(said: pl.Series, zone: str) -> LocalTimes | None:
    """All dates, or all dates with seconds; None where there is any other form."""
    lengths = said.str.len_bytes()
    length = lengths.min()
    if length not in {len(_DATE), len(_TIME)} or length != lengths.max() or said.null_count():
        return None
    try:  # a quarter of the time that a parser of any given form takes
        parsed = pc.cast(said.to_arrow(), pa.timestamp("us"))
    except pa.ArrowInvalid:
        return None
    is_date = _ALL.new_from_index(0, said.len()) if length == len(_DATE) else None
    return LocalTimes(pl.Series(said.name, parsed), zone, is_date)


def _many_forms(said: pl.Series, zone: str) -> LocalTimes:
    parsed = parsed_timestamps(said)
    assert parsed is not None  # it is text
    names_offset = said.str.contains(_OFFSET).fill_null(value=False)
    if names_offset.all():
        return LocalTimes(_naive(parsed), "UTC")
    # between times of a zone, one with an offset of its own belongs to another writer
    return LocalTimes(_naive(parsed).set(names_offset, None), zone, is_date_only(said))


def _in_zone(
    local: pl.Series, zone: str, *, order_tells: bool
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
        clear = pairs if order_tells else pl.repeat(value=False, n=pairs.len(), eager=True)
        second = places.filter(clear & _is_second(local, doubtful))
        earlier = earlier.scatter(second, later.gather(second)) if second.len() else earlier
        by_order = int(clear.sum())
        unclear = pl.repeat(value=False, n=local.len(), eager=True)
        fault = _marked(fault, unclear.scatter(places.filter(~clear), values=True), AMBIGUOUS)
    return earlier, fault, by_order


def _instants(shown: pl.Series, zone: str, which: Literal["earliest", "latest"]) -> pl.Series:
    told = shown.dt.replace_time_zone(zone, ambiguous=which, non_existent="null")
    return _naive(told.dt.convert_time_zone("UTC"))


def _shown(instants: pl.Series, zone: str) -> pl.Series:
    return _naive(instants.cast(BAR_SCHEMA["ts"]).dt.convert_time_zone(zone))


def _by_days(times: pl.Series, *shifts: Callable[[pl.Series], pl.Series]) -> tuple[pl.Series, ...]:
    """Naive times shifted each way; a day whose beginning and end shift alike does so as a whole.

    Clocks change once a day at most. A zone that is asked for every row takes longer than reading.
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
    """Of times that come twice, those that came later: the first ones where rows run backward."""
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
        return instants.cast(_NAIVE)  # drops the zone and keeps what its clock shows: of UTC alone
    return instants.dt.replace_time_zone(None).cast(_NAIVE)
