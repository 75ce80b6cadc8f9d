"""Bars of several timeframes decide together whether the newest one is over."""

import datetime as dt

import polars as pl
import pytest

from regime_platform.model.markets import MARKETS
from regime_platform.pipeline.gate.validate_log import validate_rows
from regime_platform.validation.policy import DEFAULT_CONTEXT
from regime_platform_tests.builders import fetched, make_bars

CURRENCIES = MARKETS["FX"]
WEDNESDAY = dt.datetime(2024, 6, 5, tzinfo=dt.UTC)


def unfinished(last: dt.datetime, fetched_at: dt.datetime, *, sundays: bool) -> list[dt.datetime]:
    """The days set aside of those up to ``last``, all of them fetched at once."""
    opens = pl.datetime_range(
        last - dt.timedelta(days=90), last, "1d", time_unit="us", eager=True
    ).alias("ts")
    weekdays = range(1, 6) if not sundays else (7, 1, 2, 3, 4, 5)
    opens = opens.filter(opens.dt.weekday().is_in(list(weekdays)))
    rows = fetched(make_bars(opens.len()).with_columns(opens), fetched_at)
    result = validate_rows({"1day": rows}, CURRENCIES, DEFAULT_CONTEXT)["1day"]
    assert result.valid.height + result.rejected.height == rows.height
    (finding,) = (each for each in result.findings if each.rule == "unfinished_bar")
    assert ("`calendar: FX_UTC`" in finding.remedy) is bool(finding.count)
    return result.rejected.filter(rule="unfinished_bar")["ts"].to_list()


@pytest.mark.parametrize(
    ("days", "hours", "forming"),
    [
        (0, 22, True),  # the market of New York has closed, the day of the source has not
        (0, 24, False),
        (-3, 23, True),  # a Sunday, on which the week begins
        (2, 22, False),  # a Friday ends with the week
    ],
)
def test_a_day_that_ends_at_midnight_is_set_aside_until_then(
    days: int, hours: int, *, forming: bool
) -> None:
    last = WEDNESDAY + dt.timedelta(days=days)

    aside = unfinished(last, last + dt.timedelta(hours=hours), sundays=True)

    assert aside == ([last] if forming else [])


def test_a_day_that_ends_in_new_york_is_over_at_its_close() -> None:
    assert unfinished(WEDNESDAY, WEDNESDAY + dt.timedelta(hours=22), sundays=False) == []
