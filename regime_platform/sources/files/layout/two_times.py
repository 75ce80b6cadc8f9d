"""Whether two columns of one file have the same times."""

import datetime as dt

import polars as pl

from regime_platform.sources.files.time_formats import spelling
from regime_platform.sources.files.times import instants

_ZONES = dt.timedelta(hours=14)  # most that clocks differ from UTC
_DAY = dt.timedelta(days=1)


def are_different(times: pl.Series, dates: pl.Series) -> bool:
    """Whether ``times`` are not of ``dates``, with or without a time of day, in any zone.

    Midnights are dates in UTC. False where one of both cannot be read.
    """
    read = [spelling(column, None, "", "") for column in (times, dates)]
    instant, other = (instants(each.values, "UTC", accept_dates=True) for each in read)
    if instant is None or other is None or not all(each.fact.is_certain for each in read):
        return False
    ahead = (instant - other).drop_nulls()
    has_clock, are_midnights = (
        (other.dt.time() != dt.time()).any(),
        (instant.dt.time() == dt.time()).all(),
    )
    if are_midnights and not has_clock:
        return bool((ahead != dt.timedelta()).any())
    return not ahead.is_between(-_ZONES, _ZONES + (dt.timedelta() if has_clock else _DAY)).all()
