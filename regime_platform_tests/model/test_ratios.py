"""A ratio is a text of two whole numbers, new shares for old ones."""

from fractions import Fraction

import pytest

from regime_platform.model.ratios import parse_ratio, ratio_text


@pytest.mark.parametrize("text", ["2:1", "3:2", "1:10", "105:100"])
def test_a_ratio_is_read_as_it_is_written(text: str) -> None:
    new, old = map(int, text.split(":"))

    assert parse_ratio(text) == Fraction(new, old)
    assert parse_ratio(ratio_text(parse_ratio(text))) == Fraction(new, old)


@pytest.mark.parametrize("text", ["", "2", "2:0", "0:1", "-2:1", "2.5:1", "2:1:1", "2 : 1", "2/1"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="new shares for old ones"):
        parse_ratio(text)
