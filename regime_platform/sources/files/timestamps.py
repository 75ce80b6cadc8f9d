"""Timestamps in files of users and other programs, parsed as UTC instants.

Only unambiguous forms are accepted: ISO 8601 with a dash-separated date. The forms of a vendor's
API are parsed by its source.
"""

import polars as pl

from regime_platform.model.bar_schema import BAR_SCHEMA

_DATE = r"^\d{4}-\d{2}-\d{2}$"
_SHAPE = r"^\d{4}-\d{2}-\d{2}($|[T ]\d{2}:\d{2})"  # the parser alone would take 2024-1-2 as well


def parsed_timestamps(column: pl.Series) -> pl.Series | None:
    """UTC instants, null where a text cannot be parsed; None where the type has no times.

    Naive times are UTC; a date is its midnight.
    """
    if column.dtype == pl.String:
        parsed = column.to_frame("ts").select(_from_text(pl.col("ts"))).to_series()
    elif isinstance(column.dtype, pl.Datetime) and column.dtype.time_zone is not None:
        parsed = column.dt.convert_time_zone("UTC")
    elif column.dtype in (pl.Datetime, pl.Date):
        parsed = column.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    else:
        return None
    return parsed.cast(BAR_SCHEMA["ts"]).alias("ts")


def is_date_only(column: pl.Series) -> pl.Series:
    """True where a value names a date and no time of day."""
    if column.dtype == pl.String:
        return column.str.contains(_DATE)
    return pl.Series([column.dtype == pl.Date]).new_from_index(0, column.len())


def _from_text(text: pl.Expr) -> pl.Expr:
    # one spelling before parsing: a space between date and time, seconds present, Z as an offset
    plain = (
        text.str.replace(r"^(\d{4}-\d{2}-\d{2})T", "${1} ")
        .str.replace(r"Z$", "+00:00")
        .str.replace(r"^(\S+ \d{2}:\d{2})($|[+-])", "${1}:00${2}")
    )
    naive = [
        plain.str.to_datetime(form, time_unit="us", strict=False).dt.replace_time_zone("UTC")
        for form in ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S%.f")
    ]
    aware = plain.str.to_datetime(
        "%Y-%m-%d %H:%M:%S%.f%#z", time_unit="us", time_zone="UTC", strict=False
    )
    return pl.when(text.str.contains(_SHAPE)).then(pl.coalesce(*naive, aware))
