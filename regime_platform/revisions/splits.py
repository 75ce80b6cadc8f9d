"""Distinguishes a split from a revision.

A bar is compared with itself, as stored and as served now. A fall from one bar to the next, however
deep, is no evidence: a crash leaves the bars before it unchanged.
"""

from fractions import Fraction
from math import gcd
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import BeforeValidator, PlainSerializer

from regime_platform.model.bar_schema import PRICE_COLUMNS
from regime_platform.model.document import Document, Instant

#: Fewer rewritten bars than this may as well be a misplaced decimal point.
FEWEST_BARS = 2
#: What rounding on the way (float32, other decimals) may do to a price, beside its last digit.
_NOISE = 2e-4
_MOST_DECIMALS = 8
_MEASURED = 0.01  # how well a ratio of closes is known
_NEAR = 0.05  # of the median ratio: where to look for the simple one

#: True of a bar whose four prices are positive numbers.
USABLE = pl.all_horizontal(pl.col(PRICE_COLUMNS).is_finite() & (pl.col(PRICE_COLUMNS) > 0))

_Array = npt.NDArray[np.float64]


def _simple_ratios() -> tuple[Fraction, ...]:
    """Every ratio that splits are declared in, the simplest first; 1 is none."""
    small = {(p, q) for p in range(1, 11) for q in range(1, 11)}
    whole = {(n, 1) for n in range(1, 101)}
    dividends = {(11, 10), (21, 20)}  # stock dividends of 10 and 5 %
    pairs = small | whole | dividends | {(q, p) for p, q in whole | dividends}
    ratios = [Fraction(p, q) for p, q in pairs if p != q and gcd(p, q) == 1]
    return tuple(sorted(ratios, key=lambda ratio: (ratio.numerator + ratio.denominator, ratio)))


SIMPLE_RATIOS = _simple_ratios()
_SIMPLE = np.array([float(ratio) for ratio in SIMPLE_RATIOS])


def ratio_text(ratio: Fraction) -> str:
    """2:1, 3:2, 1:10: new shares for old ones."""
    return f"{ratio.numerator}:{ratio.denominator}"


def _ratio_of(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    new, old = value.split(":")
    return Fraction(int(new), int(old))


#: New shares for one old share; a text such as 2:1 in JSON.
Ratio = Annotated[
    Fraction, BeforeValidator(_ratio_of), PlainSerializer(ratio_text, when_used="json")
]


class Split(Document):
    """A split of ``ratio`` new shares for one old, and the bars that prove it."""

    ratio: Ratio  # stored price / served price: 2 after two for one, 1/10 after one for ten
    bars: int  # rewritten by exactly this ratio
    first: Instant  # open of the first of them
    last: Instant  # and of the last
    deviation: float  # largest relative difference of served and stored prices on the new basis
    same_from: Instant | None  # open of the first bar that was on the new basis already


def detect_split(stored: pl.DataFrame, served: pl.DataFrame) -> Split | None:
    """Detects that ``served`` repeats bars of ``stored`` on another price basis.

    From the first common bar on, bars must differ by one simple ratio in all four prices, at least
    ``FEWEST_BARS`` of them, and from some later bar on not at all: those were served on the new
    basis before. One bar between may cover days of both (a week in which the split falls). Where
    prices are so coarse that several ratios fit, the simplest is returned.

    Args:
        stored: finished bars in force, in ``BAR_SCHEMA``, any order.
        served: a page of the same series, before it is appended.

    Returns:
        The split with its evidence; None for anything else, ordinary revisions included.
    """
    opens, old, new = _pairs(stored, served)
    same = _fits(old, new, Fraction(1))
    if same.all():
        return None
    median = float(np.median((old / new)[~same]))
    for ratio in SIMPLE_RATIOS:
        if abs(float(ratio) / median - 1) > _NEAR:
            continue
        bars = _rewritten(old, new, same, ratio)
        if bars >= FEWEST_BARS:
            off = np.abs(new[:bars] * float(ratio) / old[:bars] - 1)
            return Split(
                ratio=ratio,
                bars=bars,
                first=opens[0],
                last=opens[bars - 1],
                deviation=float(off.max()),
                same_from=opens[bars] if bars < len(opens) else None,
            )
    return None


def nearest_ratio(value: float) -> Fraction | None:
    """The simple ratio within 1 % of ``value``; None where there is none."""
    distances = np.abs(_SIMPLE / value - 1)
    nearest = int(distances.argmin())
    return SIMPLE_RATIOS[nearest] if distances[nearest] <= _MEASURED else None


def _pairs(stored: pl.DataFrame, served: pl.DataFrame) -> tuple[pl.Series, _Array, _Array]:
    """Opens, stored and served prices (rows x 4) of the common bars with usable prices."""
    once = pl.col("ts").is_not_null() & pl.col("ts").is_unique()
    left, right = (bars.filter(once & USABLE) for bars in (stored, served))
    both = left.join(right, on="ts", suffix="_served").sort("ts")
    old = both.select(PRICE_COLUMNS).to_numpy()
    new = both.select(f"{name}_served" for name in PRICE_COLUMNS).to_numpy()
    return both["ts"], old, new


def _rewritten(old: _Array, new: _Array, same: npt.NDArray[np.bool_], ratio: Fraction) -> int:
    """How many bars from the first on are rewritten by ``ratio``; 0 where others differ too."""
    fits = _fits(old, new, ratio)
    bars = int(fits.size if fits.all() else fits.argmin())
    if same[bars:].all():
        return bars
    steps = np.sort([1.0, float(ratio)])
    mixed = (old[bars] / new[bars]).clip(*steps) * new[bars]
    between = _fits(old[bars : bars + 1], mixed[None], Fraction(1)).all()
    return bars if between and same[bars + 1 :].all() else 0


def _fits(old: _Array, new: _Array, ratio: Fraction) -> npt.NDArray[np.bool_]:
    """True for the bars (rows) whose prices all differ by ``ratio``, give or take their digits."""
    factor = float(ratio)
    slack = _NOISE * old + 0.5 * last_digits(old) + 0.5 * factor * last_digits(new)
    within = np.abs(old - factor * new) <= slack
    fits: npt.NDArray[np.bool_] = np.logical_and.reduce(within, axis=1)
    return fits


def last_digits(prices: _Array) -> float:
    """The step in which these prices are quoted: 0.01 where none has more than two decimals."""
    for decimals in range(_MOST_DECIMALS):
        if np.array_equal(np.round(prices, decimals), prices):
            return float(10.0**-decimals)
    return float(10.0**-_MOST_DECIMALS)
