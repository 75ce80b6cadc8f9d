"""Times of options and arguments."""

import datetime as dt
from typing import Any

import pytest

from regime_platform.errors import UsageError
from regime_platform.model.moments import moment, optional_moment
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
