"""Axes end beyond the values, name few of them, and every time axis shows a year."""

import datetime as dt
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regime_platform.report.picture.axes import number, price_axis, share_axis, time_ticks

_DAY = dt.datetime(2012, 11, 27, 9, 30, tzinfo=dt.UTC)


@given(st.floats(1e-6, 1e6), st.floats(1, 1e5), st.integers(4, 12))
def test_a_price_axis_ends_above_the_prices(low: float, factor: float, most: int) -> None:
    high = low * factor

    axis = price_axis(low, high, 10, 300, most)

    assert axis.low < low
    assert axis.ticks[-1] >= high
    assert 1 <= len(axis.ticks) <= most + 1
    assert list(axis.ticks) == sorted(set(axis.ticks))
    top, bottom = axis.place(np.array([axis.ticks[-1], low]))
    assert 10 <= top + 1e-9 < bottom < 300


def test_prices_are_named_as_a_reader_counts() -> None:
    assert price_axis(5.5, 700, 0, 300, 8).ticks == (5, 10, 20, 50, 100, 200, 500, 1000)
    assert price_axis(1.04, 1.2, 0, 300, 6).ticks == (1.05, 1.1, 1.15, 1.2, 1.25)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (202.91, "202.91"),
        (1.18625, "1.18625"),
        (150_250_000.0, "150,250,000"),
        (1000.0, "1,000"),
        (0.0000203, "0.0000203"),
        (-0.25, "-0.25"),
        (0.0, "0"),
    ],
)
def test_a_number_has_no_exponent(value: float, text: str) -> None:
    assert number(value) == text


def test_a_share_axis_is_named_by_its_edges() -> None:
    axis = share_axis((0, 0.6, 0.85, 1), 0, 100)

    assert [tuple(tick) for tick in axis.named()] == [
        (100, "0"),
        (40, "0.60"),
        (15, "0.85"),
        (0, "1"),
    ]


@pytest.mark.parametrize(
    ("step", "count", "first", "above"),
    [
        (dt.timedelta(minutes=15), 60, "12:00", "27 Nov 2012"),
        (dt.timedelta(hours=1), 400, "3 Dec", "2012"),
        (dt.timedelta(days=1), 30, "3 Dec", "2012"),
        (dt.timedelta(days=1), 400, "Jan", "2012"),
        (dt.timedelta(days=1), 5000, "2014", None),
        (dt.timedelta(days=7), 3000, "2020", None),
    ],
)
def test_every_time_axis_shows_a_year(
    step: dt.timedelta, count: int, first: str, above: str | None
) -> None:
    opens = [_DAY + step * index for index in range(count)]

    ticks, years = time_ticks(opens, 8)

    assert 1 <= len(ticks) <= 8
    assert ticks[0][1] == first
    assert (years[0] if years else None) == (above and (0, above))
    assert any(re.search(r"\b20\d\d\b", text) for _, text in ticks + years)
    places = [place for place, _ in ticks]
    assert places == sorted(set(places))


def test_a_single_bar_is_named() -> None:
    assert time_ticks([_DAY], 8) == ([], [(0, "27 Nov 2012")])
