"""Times of options and arguments."""

import datetime as dt
from typing import Any

import pytest

from regime_platform.errors import UsageError
from regime_platform.model.moments import moment, optional_moment, period
from regime_platform_tests.error_codes import raises

_NOON = dt.datetime(2017, 12, 29, 12, tzinfo=dt.UTC)
_NEW_YORK = dt.timezone(dt.timedelta(hours=-5))


@pytest.mark.parametrize(
    "value",
    [
        "2017-12-29T12:00",
        "2017-12-29 12:00Z",
        "2017-12-29T07:00-05:00",
        _NOON.replace(tzinfo=None),
        _NOON.astimezone(_NEW_YORK),
    ],
)
def test_a_time_without_an_offset_is_utc(value: str | dt.datetime) -> None:
    assert moment(value) == _NOON
    assert moment(value).tzinfo is dt.UTC


@pytest.mark.parametrize("value", ["2017-12-29", "20171229", dt.date(2017, 12, 29)])
def test_a_date_is_its_midnight(value: str | dt.date) -> None:
    assert moment(value) == dt.datetime(2017, 12, 29, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "value", ["", "yesterday", "2017-13-01", "29.12.2017", "0001-01-01T00:00+05:00", 1514505600, []]
)
def test_anything_else_is_refused_with_examples(value: Any) -> None:
    with raises(UsageError, "bad-time", match="^end .*try 2017-12-29 or 2017-12-29T22:00Z$"):
        moment(value, "end")


def test_no_time_stays_none() -> None:
    assert optional_moment(None) is None


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2014-01-01", "2013-12-31"),
        ("2014-01-01", dt.date(2014, 1, 1)),
        (_NOON, "2017-12-29T07:00-05:00"),
    ],
)
def test_a_period_ends_after_its_start(start: Any, end: Any) -> None:
    with raises(UsageError, "empty-period", match="end .* is not later than start"):
        period(start, end)


def test_a_period_may_be_open() -> None:
    assert period(None, None) == (None, None)
    assert period("2017-12-29T12:00", None) == (_NOON, None)
    first, stop = period("2017-12-29", _NOON)
    assert (first, stop) == (_NOON.replace(hour=0), _NOON)
