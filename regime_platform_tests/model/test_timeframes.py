"""Five timeframes, a handful of aliases, and nothing else."""

import datetime as dt

import pytest

from regime_platform.errors import UsageError
from regime_platform.model.timeframes import (
    DURATION,
    INTRADAY,
    TIERS,
    TIMEFRAMES,
    canonical_timeframe,
    is_intraday,
)
from regime_platform_tests.error_codes import raises


@pytest.mark.parametrize(
    ("alias", "timeframe"),
    [
        ("15mins", "15min"),
        ("1hour", "1h"),
        ("4hour", "4h"),
        ("4hours", "4h"),
        ("1d", "1day"),
        ("1w", "1week"),
        *((name, name) for name in TIMEFRAMES),
    ],
)
def test_an_alias_is_folded(alias: str, timeframe: str) -> None:
    assert canonical_timeframe(alias) == timeframe


@pytest.mark.parametrize("name", ["", "2h", "1DAY", "day", "1 h", "1month"])
def test_another_name_is_refused_with_the_known_ones(name: str) -> None:
    with raises(UsageError, "unknown-timeframe", match="15min, 1h, 4h, 1day, 1week"):
        canonical_timeframe(name)


def test_the_tiers_hold_known_timeframes_shortest_first() -> None:
    for timeframes in TIERS.values():
        assert [name for name in TIMEFRAMES if name in timeframes] == list(timeframes)


def test_intraday_is_what_is_shorter_than_a_day() -> None:
    shorter = {name for name in TIMEFRAMES if DURATION[name] < dt.timedelta(days=1)}

    assert shorter == set(INTRADAY) == {name for name in TIMEFRAMES if is_intraday(name)}
