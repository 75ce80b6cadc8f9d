"""Five timeframes that are computed, four finer ones, and the names of all nine."""

import datetime as dt

import pytest

from regime_platform.errors import UsageError
from regime_platform.model.timeframes import (
    DURATION,
    FINER,
    INTRADAY,
    TIERS,
    TIMEFRAMES,
    canonical_timeframe,
    is_intraday,
    known_bar_length,
    known_timeframe,
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
    shorter = {name for name in DURATION if DURATION[name] < dt.timedelta(days=1)}

    assert shorter == set(INTRADAY) == {name for name in DURATION if is_intraday(name)}


@pytest.mark.parametrize(
    ("timeframe", "words"),
    {
        "1min": "1min 1m M1 m1 1Min 1minute minute 1-minute",
        "5min": "5min 5m 5M M5 5mins 5_minutes",
        "10min": "10min 10m M10",
        "15min": "15min 15mins 15M m15 15MINUTES",
        "30min": "30min 30m M30",
        "1h": "1h 1H H1 60min 60m M60 1hour hourly 1hr hour",
        "4h": "4h H4 4hours 240min M240",
        "1day": "1day 1d D1 d1 daily Daily DAY 24h 1440m M1440",
        "1week": "1week 1w W1 weekly Week 1wk 7d",
    }.items(),
)
def test_a_bar_length_is_known_as_files_name_it(timeframe: str, words: str) -> None:
    assert {known_bar_length(word) for word in words.split()} == {timeframe}


def test_another_word_is_no_bar_length() -> None:
    words = "1M month 1month MN1 monthly 2h 3min 0m 5 60 d m x 1mo"

    assert {known_bar_length(word) for word in ("", *words.split())} == {None}


def test_finer_timeframes_are_none_that_is_computed() -> None:
    assert set(DURATION) == {*FINER, *TIMEFRAMES}
    assert list(DURATION.values()) == sorted(DURATION.values())
    assert {known_timeframe(name) for name in FINER} == {None}
