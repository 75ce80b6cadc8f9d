"""Packed columns give back their values, to the digits that are kept."""

import math

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regime_platform.report.packing import Column, packed
from regime_platform_tests.report.unpacking import unpacked

NUMBERS = st.lists(st.none() | st.floats(-1e9, 1e9), min_size=1, max_size=40)


@settings(max_examples=40)
@given(NUMBERS, st.integers(0, 4))
def test_numbers_come_back_rounded(numbers: list[float | None], digits: int) -> None:
    column = Column("a", pl.Series(numbers, dtype=pl.Float64), digits)

    back = unpacked(packed([column, column]))["a"]

    assert [value is None for value in back] == [value is None for value in numbers]
    for value, number in zip(back, numbers, strict=True):
        assert number is None or value == pytest.approx(number, abs=0.51 * 10.0**-digits, rel=1e-12)


def test_words_logarithms_and_numbers_that_are_none_come_back() -> None:
    back = unpacked(
        packed(
            [
                Column("word", pl.Series(["b", None, "a", "b"])),
                Column("volume", pl.Series([0.0, 1.0, None, 123456789.0]), is_log=True),
                Column("number", pl.Series([math.nan, math.inf, -1.5, None]), 1),
                Column("count", pl.Series([None, None, None, None], dtype=pl.Int64)),
            ]
        )
    )

    assert back["word"] == ["b", None, "a", "b"]
    assert back["volume"] == [
        pytest.approx(value, rel=0.001) if value is not None else None
        for value in (0.0, 1.0, None, 123456789.0)
    ]
    assert back["number"] == [None, None, -1.5, None]
    assert back["count"] == [None] * 4
