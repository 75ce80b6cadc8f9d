"""Texts and numbers are read as times by the one spelling of all rows, or a key is asked for."""

import datetime as dt
from collections.abc import Sequence

import polars as pl
import pytest

from regime_platform.errors import ConfigError
from regime_platform.sources.files.time_formats import spelling
from regime_platform.sources.files.times import instants
from regime_platform_tests.error_codes import raises
from regime_platform_tests.sources.files.mapped import utc


def read(
    values: Sequence[object], time_format: str | None = None, epoch: str = ""
) -> list[dt.datetime | None]:
    """The instants of a column whose order of day and month is clear."""
    spelled = spelling(pl.Series("Date", values), time_format, epoch, "mapping.yaml")
    assert spelled.fact.is_certain, spelled.fact
    times = instants(spelled.values, "UTC", accept_dates=True)
    assert times is not None
    return times.to_list()


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-16 09:30",
        "2024-1-16 9:30",
        "2024/01/16 09:30:00.000",
        "2024.01.16 09:30",
        "16.01.2024 9:30",
        "16/01/2024 09:30:00",
        "01/16/2024 09:30 AM",
        "1/16/2024, 9:30:00 a.m.",
        "16.01.2024 00:00:00 09:30",
        "09:30 16.01.2024",
        "20240116 093000",
        "20240116 930",
        "20240116T0930",
        "202401160930",
        "20240116;093000",
        "16-Jan-2024 09:30",
        "JAN 16, 2024 9:30 am",
        "Tue, 16 January 2024 09:30:00",
        "16. Januar 2024 09:30",
        "16 janv. 2024 09:30",
        "16 de enero de 2024 09:30",
        "16 января 2024 09:30",
        "2024年1月16日 09:30",
        "16.01.2024 11:30:00.000 GMT+0200",
        "2024-01-16T09:30:00Z",
        "2024-01-16 04:30:00-05",
        "Tue Jan 16 2024 09:30:00 GMT+0000 (UTC)",
        "1705397400",
        "1705397400.0",
        "1705397400000",
        "1705397400000000",
        "1705397400000000000",
    ],
)
def test_a_time_is_read_in_any_clear_spelling(text: str) -> None:
    assert read([text, text]) == [utc(2024, 1, 16, 9, 30)] * 2


@pytest.mark.parametrize(
    "values",
    [[1705397400], [1705397400000], [1705397400.0], [1705397400e9]],
)
def test_numbers_since_1970_show_their_unit(values: list[float]) -> None:
    assert read(values) == [utc(2024, 1, 16, 9, 30)]


@pytest.mark.parametrize(
    ("unit", "number"),
    [("s", -86400), ("ms", -86400000), ("us", "-86400000000"), ("s", "-86400.0")],
)
def test_a_stated_unit_holds_for_any_number(unit: str, number: object) -> None:
    assert read([number], epoch=unit) == [utc(1969, 12, 31)]


def test_units_may_change_within_a_file() -> None:
    assert read(["1735689599999", "1735689600000000"]) == [
        utc(2024, 12, 31, 23, 59, 59, 999000),
        utc(2025, 1, 1),
    ]


@pytest.mark.parametrize("dates", [["20240116", "20240117"], [20240116, 20240117]])
def test_numbers_of_eight_digits_are_dates(dates: list[object]) -> None:
    assert read(dates) == [utc(2024, 1, 16), utc(2024, 1, 17)]


@pytest.mark.parametrize(
    ("texts", "second"),
    [
        (["01/02/2024", "13/02/2024"], utc(2024, 2, 13)),
        (["01/02/2024", "02/13/2024"], utc(2024, 2, 13)),
        (["01/02/24", "02/02/24", "05/02/24", "06/02/24", "07/02/24"], utc(2024, 2, 2)),
        (["7/2/2024", "6/2/2024", "5/2/2024", "2/2/2024", "1/2/2024"], utc(2024, 2, 6)),
        (["01/02/2024", "01/03/2024", "01/04/2024", "01/05/2024", "01/08/2024"], utc(2024, 1, 3)),
    ],
)
def test_day_and_month_follow_from_the_values_or_the_order(
    texts: list[str], second: dt.datetime
) -> None:
    assert read(texts)[1] == second


@pytest.mark.parametrize(
    "texts",
    [
        ["01/02/2024"],
        ["01/02/2024 09:30", "01/02/2024 09:45"],
        [f"01/{month:02}/2024" for month in range(1, 13)],  # months, or days over a weekend
        [f"01/{month:02}/{year}" for year in (2023, 2024) for month in range(1, 13)],
        ["05/02/2024", "02/02/2024", "06/02/2024", "01/02/2024", "07/02/2024"],
    ],
)
def test_day_and_month_that_nothing_decides_are_asked_for(texts: list[str]) -> None:
    spelled = spelling(pl.Series(texts), None, "", "mapping.yaml")

    assert [choice[:8] for choice in spelled.fact.choices] == ["%d/%m/%Y", "%m/%d/%Y"]
    assert spelled.fact.key == "time_format"
    for choice in spelled.fact.choices:
        assert None not in read(texts, choice)


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-16 09:30 EST",  # names of zones are not unique
        "1.7053974E+12",  # has lost digits
        "45307.4",
        "16.01.1750",
        "30.02.2024",
        "2401160930",
        "20240116 9",
        "yesterday",
    ],
)
def test_what_is_no_clear_time_is_none(text: str) -> None:
    assert read([text]) == [None]


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("%m/%d/%Y %I:%M %p", "01/16/2024 09:30 AM"),
        ("%m/%d/%Y %I %p", "01/16/2024 9 AM"),
        ("%Y-%m-%d %H:%M:%S.%f", "2024-01-16 09:30:00.000000"),
        ("%Y-%m-%d %H:%M %z", "2024-01-16 11:30 +0200"),
        ("%s", "1705397400"),
    ],
)
def test_a_stated_format_is_used(form: str, text: str) -> None:
    time = read([text], form)[0]

    assert time is not None
    assert time.replace(minute=30) == utc(2024, 1, 16, 9, 30)
    assert read(["1705397400000"], form) == [None]


@pytest.mark.parametrize(
    ("form", "remedy"),
    [
        ("%d.%m.%Y %H:%M %Z", "zone"),
        ("%H:%M", "no day"),
        ("%m/%d/%Y %H:%M %p", "%I"),
        ("%m/%d/%Y %I:%M", "%p"),
        ("%s.%f", "epoch"),
        ("%d.%m.%Y %S", "hour"),
    ],
)
def test_a_format_that_cannot_be_used_is_refused(form: str, remedy: str) -> None:
    with raises(ConfigError, "mapping-time-format", match=remedy):
        read(["16.01.2024"], form)
