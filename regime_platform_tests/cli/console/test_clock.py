"""A text that is no time is named, and the future is refused where it would be stored."""

from regime_platform.cli.console.clock import Clock, past
from regime_platform.errors import UsageError
from regime_platform_tests.error_codes import raises


def test_a_text_that_is_no_time_is_named_with_its_option() -> None:
    with raises(UsageError, "bad-time", match="--as-of 'yesterday'"):
        past("yesterday")


def test_the_future_is_asked_about_and_never_stored() -> None:
    assert Clock("2999-01-01").moment().year == 2999
    for read in (lambda text: Clock(text).stamp(), past):
        with raises(UsageError, "time-ahead", match="2999-01-01"):
            read("2999-01-01")
