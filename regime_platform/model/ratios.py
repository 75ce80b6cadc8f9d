"""Ratios of prices: of splits, new shares for one old, and measured factors, as exact fractions.

As texts: 2:1, 1:10; a factor of any other size such as 1281:1000 is shown as 1.281.
"""

import re
from collections.abc import Callable
from fractions import Fraction
from math import gcd
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer

_RATIO = re.compile(r"([1-9]\d{0,5}):([1-9]\d{0,5})", re.ASCII)
_FACTOR = re.compile(r"([1-9]\d{0,17}):([1-9]\d{0,17})", re.ASCII)


def ratio_text(ratio: Fraction) -> str:
    """2:1, 3:2, 1:10: new shares for old ones."""
    return f"{ratio.numerator}:{ratio.denominator}"


def parse_ratio(text: str) -> Fraction:
    """The inverse of ``ratio_text``; ValueError where the text is no ratio of whole numbers."""
    match = _RATIO.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no ratio; write new shares for old ones, as 2:1")
    return Fraction(int(match[1]), int(match[2]))


def _parse_factor(text: str) -> Fraction:
    match = _FACTOR.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no factor of the form 1281:1000")
    return Fraction(int(match[1]), int(match[2]))


def _read_by(parse: Callable[[str], Fraction]) -> Callable[[Any], Any]:
    return lambda value: parse(value) if isinstance(value, str) else value


#: New shares for one old share; a text such as 2:1 in JSON.
Ratio = Annotated[
    Fraction, BeforeValidator(_read_by(parse_ratio)), PlainSerializer(ratio_text, when_used="json")
]
#: Stored price over served price, of a split or measured; a text such as 1281:1000 in JSON.
Factor = Annotated[
    Fraction,
    BeforeValidator(_read_by(_parse_factor)),
    PlainSerializer(ratio_text, when_used="json"),
]


def _simple_ratios() -> tuple[Fraction, ...]:
    """Every ratio that splits are declared in, the simplest first; 1 is none."""
    small = {(p, q) for p in range(1, 11) for q in range(1, 11)}
    whole = {(n, 1) for n in range(1, 101)}
    dividends = {(11, 10), (21, 20)}  # stock dividends of 10 and 5 %
    pairs = small | whole | dividends | {(q, p) for p, q in whole | dividends}
    ratios = [Fraction(p, q) for p, q in pairs if p != q and gcd(p, q) == 1]
    return tuple(sorted(ratios, key=lambda ratio: (ratio.numerator + ratio.denominator, ratio)))


SIMPLE_RATIOS = _simple_ratios()


def plainest_between(low: float, high: float) -> Fraction:
    """The plainest factor in an interval of positive numbers that does not hold 1.

    The simplest of ``SIMPLE_RATIOS``; else the number, or the inverse of one, with the fewest
    decimals.
    """
    for ratio in SIMPLE_RATIOS:
        if low <= float(ratio) <= high:
            return ratio
    middle = (low + high) / 2
    inverse = 2 / (low + high)
    for decimals in range(16):
        direct, turned = round(middle, decimals), round(inverse, decimals)
        is_direct = low <= direct <= high
        is_turned = turned > 0 and low <= 1 / turned <= high
        if is_direct and (middle > 1 or not is_turned):
            return Fraction(repr(direct)).limit_denominator(10**12)
        if is_turned:
            return 1 / Fraction(repr(turned)).limit_denominator(10**12)
    return Fraction(middle).limit_denominator(10**12)


def effect_text(ratio: Fraction) -> str:
    """What a factor does to prices: divided by 2 (2:1), multiplied by 190, divided by 1.281."""
    split = f" ({ratio_text(ratio)})" if ratio in SIMPLE_RATIOS else ""
    verb, factor = ("divided", ratio) if ratio > 1 else ("multiplied", 1 / ratio)
    return f"{verb} by {float(factor):.10g}{split}"
