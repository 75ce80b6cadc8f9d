"""Times of files as UTC instants: ISO 8601 with a dash-separated date, or the file's own format.

Where clocks go back, the first of two equal local times is the earlier instant (the later one in a
file in descending order). A local time that occurs once or three times there, or that the clocks
skipped, is ambiguous or invalid: it is refused, never guessed. The forms of a vendor's API are
parsed by its source.
"""

import datetime as dt
from collections.abc import Sequence

import polars as pl

from regime_platform.model.bar_schema import BAR_SCHEMA
from regime_platform.model.calendar.labels import DateLabels

_DATE = r"^\d{4}-\d{2}-\d{2}$"
_SHAPE = r"^\d{4}-\d{2}-\d{2}($|[T ]\d{2}:\d{2})"  # the parser alone would take 2024-1-2 as well
_WITH_OFFSET = r"\d{2}:\d{2}.*(Z|[+-]\d{2}:?\d{2})$"
_OFFSET = r"(\d{2}:\d{2}\S*?)(Z|[+-]\d{2}:?\d{2})$"
_HOURS = ("%H", "%I", "%T", "%R", "%X", "%c", "%s", "%k", "%l")


def parsed_timestamps(column: pl.Series, time_format: str | None = None) -> pl.Series | None:
    """UTC instants, null where a text cannot be parsed; None where the type has no times.

    Naive times are UTC; a date is its midnight. ``time_format`` is of text, as for strftime; None
    means ISO 8601.
    """
    if column.dtype == pl.String:
        text = pl.col("ts")
        expression = _iso(text) if time_format is None else _formatted(text, time_format)
        parsed = column.to_frame("ts").select(expression).to_series()
    elif isinstance(column.dtype, pl.Datetime) and column.dtype.time_zone is not None:
        parsed = column.dt.convert_time_zone("UTC")
    elif column.dtype in (pl.Datetime, pl.Date):
        parsed = column.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    else:
        return None
    return parsed.cast(BAR_SCHEMA["ts"]).alias("ts")


def instants(
    column: pl.Series, zone: str, time_format: str | None, *, accept_dates: bool
) -> pl.Series | None:
    """As ``parsed_timestamps``, with times that name no offset in ``zone``.

    ``accept_dates``: whether the file has dates, whose midnights are dates without a zone.
    """
    parsed = parsed_timestamps(column, time_format)
    if parsed is None or zone == "UTC":
        return parsed
    naive = ~names_offset(column, time_format)
    if accept_dates:
        naive &= (parsed.dt.time() != dt.time()).fill_null(value=False)
    return parsed.zip_with(~naive, _in_zone(parsed, zone))


def date_labels(column: pl.Series, zones: Sequence[str], time_format: str | None) -> DateLabels:
    """Labels of days or weeks that can be parsed.

    ``zones`` are those in which times without an offset may be, the usual one first.
    """
    read = {zone: instants(column, zone, time_format, accept_dates=True) for zone in zones}
    known = {zone: times for zone, times in read.items() if times is not None}
    written = known[zones[0]] if time_format else parsed_timestamps(_without_offset(column))
    assert written is not None
    dates = written.dt.date().set(written.dt.time() != dt.time(), None)
    return DateLabels(dates, ~has_date_only(column, time_format), known)


def has_date_only(column: pl.Series, time_format: str | None = None) -> pl.Series:
    """True where a value names a date and no time of day."""
    if column.dtype == pl.String and time_format is None:
        return column.str.contains(_DATE)
    dates = column.dtype == pl.Date
    if column.dtype == pl.String:
        dates = not any(directive in str(time_format) for directive in _HOURS)
    return pl.Series([dates]).new_from_index(0, column.len())


def names_offset(column: pl.Series, time_format: str | None = None) -> pl.Series:
    """True where a value names its offset from UTC."""
    if column.dtype == pl.String and time_format is None:
        return column.str.contains(_WITH_OFFSET).fill_null(value=False)
    aware = time_format is not None and "z" in time_format.replace("%%", "")
    if isinstance(column.dtype, pl.Datetime):
        aware = column.dtype.time_zone is not None
    return pl.Series([aware]).new_from_index(0, column.len())


def _without_offset(column: pl.Series) -> pl.Series:
    if column.dtype == pl.String:
        return column.str.replace(_OFFSET, "${1}")
    if isinstance(column.dtype, pl.Datetime):
        return column.dt.replace_time_zone(None)
    return column


def _iso(text: pl.Expr) -> pl.Expr:
    # one spelling before parsing: a space between date and time, seconds present, Z as an offset
    plain = (
        text.str.replace(r"^(\d{4}-\d{2}-\d{2})T", "${1} ")
        .str.replace(r"Z$", "+00:00")
        .str.replace(r"^(\S+ \d{2}:\d{2})($|[+-])", "${1}:00${2}")
    )
    forms = ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f%#z")
    return pl.when(text.str.contains(_SHAPE)).then(
        pl.coalesce([_formatted(plain, form) for form in forms])
    )


def _formatted(text: pl.Expr, form: str) -> pl.Expr:
    if any(directive in form for directive in ("%z", "%#z", "%:z")):
        return text.str.to_datetime(form, time_unit="us", time_zone="UTC", strict=False)
    return text.str.to_datetime(form, time_unit="us", strict=False).dt.replace_time_zone("UTC")


def _in_zone(parsed: pl.Series, zone: str) -> pl.Series:
    """Local times in ``zone`` as UTC."""
    local = parsed.dt.replace_time_zone(None)
    earlier, later = (
        local.dt.replace_time_zone(zone, ambiguous=which, non_existent="null")
        for which in ("earliest", "latest")
    )
    known = local.drop_nulls()
    backward = known.len() > 1 and known[0] > known[-1]
    first = local.is_last_distinct() if backward else local.is_first_distinct()
    twice = local.to_frame("t").select(pl.len().over("t") == 2).to_series()
    unclear = (earlier != later).fill_null(value=False) & ~twice
    chosen = earlier.zip_with(first, later)
    return chosen.set(unclear, None).dt.convert_time_zone("UTC").alias("ts")
