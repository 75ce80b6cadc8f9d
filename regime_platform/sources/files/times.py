"""Times as UTC instants: by their type, or texts in ISO 8601 with a dash-separated date.

Where clocks go back, the first of two equal local times is the earlier instant (the later one in a
file in descending order). A local time that occurs once or three times there, or that the clocks
skipped, is ambiguous or invalid: it is refused, never guessed. Other texts of files are read by
``time_formats``, those of a vendor's API by its source.
"""

import datetime as dt
from collections.abc import Sequence

import polars as pl

from regime_platform.model.bar_schema import BAR_SCHEMA
from regime_platform.model.calendar.labels import DateLabels
from regime_platform.sources.files.zones import split_zone

_DATE = r"^\d{4}-\d{2}-\d{2}$"
_SHAPE = r"^\d{4}-\d{2}-\d{2}($|[T ]\d{2}:\d{2})"  # the parser alone would take 2024-1-2 as well
_WITH_OFFSET = r"\d{2}:\d{2}.*(Z|[+-]\d{2}:?\d{2})$"
_OFFSET = r"(\d{2}:\d{2}\S*?)\s*(Z|[+-]\d{2}(?::?\d{2})?)$"
_ZERO = dt.timedelta()
_TICK, _EPOCH = dt.timedelta(microseconds=1), dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_BOUNDS = dt.datetime(2, 1, 1, tzinfo=dt.UTC), dt.datetime(9998, 12, 31, tzinfo=dt.UTC)


def bounded(column: pl.Series) -> pl.Series:
    """Dates or times, null outside the years 2 to 9998, where Python and Polars have none."""
    if column.dtype == pl.Date:
        unit = dt.timedelta(days=1)
    elif isinstance(column.dtype, pl.Datetime) and column.dtype.time_unit != "ns":
        unit = dt.timedelta(milliseconds=1) if column.dtype.time_unit == "ms" else _TICK
    else:  # in nanoseconds they reach from 1677 to 2262
        return column
    first, last = ((moment - _EPOCH) // unit for moment in _BOUNDS)
    physical = column.to_physical()
    is_outside = ~physical.is_between(first, last).fill_null(value=True)
    return column.set(is_outside, None) if is_outside.any() else column


def parsed_timestamps(column: pl.Series) -> pl.Series | None:
    """UTC instants, null where a text is not in ISO 8601; None where the type has no times.

    Naive times are UTC; a date is its midnight.
    """
    column = bounded(column)
    if column.dtype == pl.String:
        parsed = bounded(_iso(column))
    elif isinstance(column.dtype, pl.Datetime) and column.dtype.time_zone is not None:
        parsed = column.dt.convert_time_zone("UTC")
    elif column.dtype in (pl.Datetime, pl.Date):
        parsed = column.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    else:
        return None
    return parsed.cast(BAR_SCHEMA["ts"]).alias("ts")


def instants(column: pl.Series, zone: str, *, accept_dates: bool) -> pl.Series | None:
    """As ``parsed_timestamps``, with times that name no offset in ``zone``.

    ``accept_dates``: whether the file has dates, whose midnights are dates without a zone.
    """
    parsed = parsed_timestamps(column)
    if parsed is None or zone == "UTC":
        return parsed
    naive = ~names_offset(column)
    if accept_dates:
        naive &= (parsed.dt.time() != dt.time()).fill_null(value=False)
    return parsed.zip_with(~naive, _in_zone(parsed, zone))


def date_labels(column: pl.Series, zones: Sequence[str], date_zone: str = "") -> DateLabels:
    """Labels of days or weeks that can be parsed.

    ``zones`` are those in which times without an offset may be, the usual one first; ``date_zone``
    is the zone whose dates the times are, where it is stated.
    """
    read = {zone: instants(column, zone, accept_dates=not date_zone) for zone in zones}
    known = {zone: times for zone, times in read.items() if times is not None}
    written = parsed_timestamps(_without_offset(column))
    assert written is not None
    dates = written.dt.date().set(written.dt.time() != dt.time(), None)
    return DateLabels(dates, ~has_date_only(column), known, date_zone)


def has_date_only(column: pl.Series) -> pl.Series:
    """True where a value names a date and no time of day."""
    if column.dtype == pl.String:
        return column.str.contains(_DATE)
    return pl.Series([column.dtype == pl.Date]).new_from_index(0, column.len())


def names_offset(column: pl.Series) -> pl.Series:
    """True where a value names its offset from UTC."""
    if column.dtype == pl.String:
        return column.str.contains(_WITH_OFFSET).fill_null(value=False)
    aware = isinstance(column.dtype, pl.Datetime) and column.dtype.time_zone is not None
    return pl.Series([aware]).new_from_index(0, column.len())


def _without_offset(column: pl.Series) -> pl.Series:
    if column.dtype == pl.String:
        return column.str.replace(_OFFSET, "${1}")
    if isinstance(column.dtype, pl.Datetime):
        return column.dt.replace_time_zone(None)
    return column


def _iso(texts: pl.Series) -> pl.Series:
    """Naive times are UTC; a coalesce of formats with offsets would take four times as long."""
    frame = texts.alias("ts").to_frame()
    offsets = frame.select(pl.col("ts").str.extract(_OFFSET, 2)).to_series()
    # one spelling before parsing: a space between date and time, seconds present, no offset
    plain = pl.col("ts").str.replace(_OFFSET, "${1}").str.replace("T", " ", literal=True)
    plain = plain.str.replace(r"^(\S+ \d{2}:\d{2})$", "${1}:00")
    forms = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d")
    parsed = [
        plain.str.to_datetime(form, time_unit="us", strict=False, cache=False) for form in forms
    ]
    is_iso = pl.col("ts").str.contains(_SHAPE)
    local = frame.select(pl.when(is_iso).then(pl.coalesce(parsed))).to_series()
    if offsets.null_count() < offsets.len():
        known = {text: _ahead(text) for text in offsets.unique().drop_nulls()}
        ahead = offsets.replace_strict(known, default=dt.timedelta(), return_dtype=pl.Duration)
        local = local - ahead
    return local.dt.replace_time_zone("UTC").alias("ts")


def _ahead(offset: str) -> dt.timedelta:
    """How far local times are ahead of UTC."""
    digits = offset[1:].replace(":", "").ljust(4, "0")
    size = dt.timedelta(hours=int(digits[:2]), minutes=int(digits[2:])) if offset != "Z" else _ZERO
    return -size if offset.startswith("-") else size


def _in_zone(parsed: pl.Series, name: str) -> pl.Series:
    """Local times in the zone of this name as UTC."""
    zone, ahead = split_zone(name)
    local = parsed.dt.replace_time_zone(None) - ahead
    earlier, later = (
        local.dt.replace_time_zone(zone, ambiguous=which, non_existent="null")
        for which in ("earliest", "latest")
    )
    doubtful = (earlier != later).fill_null(value=False)
    chosen = earlier
    if doubtful.any():
        known, turns = local.drop_nulls(), local.filter(doubtful)
        backward = known.len() > 1 and known[0] > known[-1]
        first = turns.is_last_distinct() if backward else turns.is_first_distinct()
        twice = turns.to_frame("t").select(pl.len().over("t") == 2).to_series()
        resolved = earlier.filter(doubtful).zip_with(first, later.filter(doubtful))
        chosen = earlier.scatter(doubtful.arg_true(), resolved.set(~twice, None))
    return chosen.dt.convert_time_zone("UTC").alias("ts")
