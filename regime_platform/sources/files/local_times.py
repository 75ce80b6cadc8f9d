"""Times of a file as UTC instants: its own format and zone, and the hour that occurs twice.

Where clocks go back, the first of two equal local times is the earlier instant (the later one in a
file in descending order). A local time that occurs once or three times there, or that the clocks
skipped, is ambiguous or invalid: it is refused, never guessed. A midnight in a file of dates is
that date.
"""

import datetime as dt

import polars as pl

from regime_platform.model.bar_schema import BAR_SCHEMA
from regime_platform.sources.files.timestamps import is_date_only, parsed_timestamps

_OFFSET = r"(Z|[+-]\d{2}:?\d{2})$"
_HOURS = ("%H", "%I", "%T", "%R", "%X", "%c", "%s", "%k", "%l")


def instants(
    column: pl.Series, zone: str, time_format: str | None, *, accept_dates: bool
) -> pl.Series | None:
    """UTC instants, null where a value cannot be parsed; None where the type has no times.

    Args:
        column: text, dates or times.
        zone: of times that name no offset.
        time_format: of text, as for strftime; None: ISO 8601.
        accept_dates: whether the file has dates, whose midnights are dates without a zone.
    """
    parsed = _parsed(column, time_format)
    if parsed is None or zone == "UTC":
        return parsed
    naive = _names_no_offset(column, time_format)
    if accept_dates:
        naive &= (parsed.dt.time() != dt.time()).fill_null(value=False)
    return parsed.zip_with(~naive, _in_zone(parsed, zone))


def has_date_only(column: pl.Series, time_format: str | None) -> pl.Series:
    """True where a value names a date and no time of day."""
    if time_format is None or column.dtype != pl.String:
        return is_date_only(column)
    dates = not any(directive in time_format for directive in _HOURS)
    return pl.Series([dates]).new_from_index(0, column.len())


def _parsed(column: pl.Series, time_format: str | None) -> pl.Series | None:
    """Instants, with values without an offset read as UTC."""
    if time_format is None or column.dtype != pl.String:
        return parsed_timestamps(column)
    aware = "%z" in time_format or "%#z" in time_format or "%:z" in time_format
    read = column.str.to_datetime(
        time_format, time_unit="us", time_zone="UTC" if aware else None, strict=False
    )
    return (read if aware else read.dt.replace_time_zone("UTC")).cast(BAR_SCHEMA["ts"]).alias("ts")


def _names_no_offset(column: pl.Series, time_format: str | None) -> pl.Series:
    if column.dtype == pl.String and time_format is None:
        with_time = column.str.contains(r"\d{2}:\d{2}")
        return ~(with_time & column.str.contains(_OFFSET)).fill_null(value=False)
    aware = time_format is not None and "z" in time_format.replace("%%", "")
    if isinstance(column.dtype, pl.Datetime):
        aware = column.dtype.time_zone is not None
    return pl.Series([not aware]).new_from_index(0, column.len())


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
