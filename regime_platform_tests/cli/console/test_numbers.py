"""Numbers keep significant digits and align in a column."""

import math

import pytest

from regime_platform.cli.console.numbers import number, numbers


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([0.512345678, 5.6e-7, None], ["0.512346", "5.60e-07", "·"]),
        ([0.00001234, 0.0000125], ["0.00001234", "0.00001250"]),
        ([27.37, 27.8, 28.0], ["27.37", "27.80", "28.00"]),
        ([7366750000.0, 12.5, 5.0], ["7,366,750,000", "12", "5"]),
        ([100.0, 200.0, 0.0], ["100", "200", "0"]),
        ([math.nan, math.inf, 1.0], ["·", "·", "1"]),
    ],
)
def test_a_column_has_the_same_decimals_and_no_false_zero(
    values: list[float | None], shown: list[str]
) -> None:
    assert numbers(values) == shown


def test_a_single_number_has_so_many_digits() -> None:
    assert number(0.694783123) == "0.694783"
    assert number(-0.99999, 3) == "-1"
    assert number(0.5, 3) == "0.5"
    assert number(1.6e-8) == "1.60e-08"
    assert number(8.586e-7) == "8.59e-07"
    assert number(1.2345678e-6) == "0.00000123"
    assert number(0.0) == "0"
