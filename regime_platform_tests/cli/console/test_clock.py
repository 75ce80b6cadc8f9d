"""Times of options are read as UTC, and the future is refused where it would be stored."""

import datetime as dt

import pytest

from regime_platform.cli.console.clock import Clock, instant_of, past
from regime_platform.errors import UsageError
from regime_platform_tests.error_codes import raises


@pytest.mark.parametrize(
    ("text", "hour"),
    [("2017-12-29", 0), ("2017-12-29T22:00", 22), ("2017-12-29T22:00+02:00", 20)],
)
def test_a_time_without_offset_is_utc(text: str, hour: int) -> None:
    assert instant_of("--now", text) == dt.datetime(2017, 12, 29, hour, tzinfo=dt.UTC)


def test_a_text_that_is_no_time_is_named_with_its_option() -> None:
    with raises(UsageError, "bad-time", match="--as-of 'yesterday'"):
        past("yesterday")


def test_the_future_is_asked_about_and_never_stored() -> None:
    assert Clock("2999-01-01").moment().year == 2999
    for read in (lambda text: Clock(text).stamp(), past):
        with raises(UsageError, "time-ahead", match="2999-01-01"):
            read("2999-01-01")
