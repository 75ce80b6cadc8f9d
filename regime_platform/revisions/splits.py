"""Pure functions that tell a split from a revision: the same bars, served twice, on two bases.

What is compared is one bar with itself, as held and as served now. A fall from one bar to the next,
however deep, is no evidence: a crash leaves the bars before it as they were.
"""

import datetime as dt
from dataclasses import asdict, dataclass
from fractions import Fraction
from math import gcd
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from regime_platform.model.bar_schema import PRICE_COLUMNS
from regime_platform.model.series import iso

#: Fewer rewritten bars than this may as well be a slip of the decimal point.
FEWEST_BARS = 2
#: What rounding on the way (float32, other decimals) may do to a price, beside its last digit.
_NOISE = 2e-4
_MOST_DECIMALS = 8
_MEASURED = 0.01  # how well a ratio of closes is known
_NEAR = 0.05  # of the median ratio: where to look for the simple one

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
_SIMPLE = np.array([float(simple_ratio) for simple_ratio in SIMPLE_RATIOS])


@dataclass(frozen=True)
class Split:
    """A split of ``ratio`` new shares for one old, and the bars that prove it."""

    ratio: Fraction  # held price / served price: 2 after two for one, 1/10 after one for ten
    bars: int  # rewritten by exactly this ratio
    first: dt.datetime  # open of the first of them
    last: dt.datetime  # and of the last
    deviation: float  # the largest, relative, of a served price from the held one on the new basis
    same_from: dt.datetime | None  # open of the first bar that was on the new basis already

    def facts(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            **asdict(self),
            "ratio": ratio_text(self.ratio),
            "first": iso(self.first),
            "last": iso(self.last),
            "same_from": None if self.same_from is None else iso(self.same_from),
        }


def detect_split(held: pl.DataFrame, served: pl.DataFrame) -> Split | None:
    """Whether ``served`` repeats bars of ``held`` on another price basis.

    Call it on every page of split-adjusted bars whose merge has revisions, with what the merge
    found held, *before* the page is appended::

        looked = raw_log.compare(folder, page.bars, facts)
        if looked.revised:
            split = detect_split(looked.held, page.bars)

    Then, under the lock: ``rewrites.note`` the split, append the page, fetch the full history of
    every split-adjusted timeframe (``rewrites.pending`` tells, after a crash too) and
    ``rewrites.settle`` each.

    From the first bar that both know, bars must differ by one simple ratio in all four prices, at
    least ``FEWEST_BARS`` of them and, from some bar on, not at all: those were served on the new
    basis before. One bar between may hold days of both (a week in which the split falls). Where
    prices are so coarse that several ratios fit, the simplest is told.

    Args:
        held: finished bars in force, in ``BAR_SCHEMA``, any order.
        served: a page of the same series; bars that are not held say nothing.

    Returns:
        The split with its evidence; None for anything else, ordinary revisions included.
    """
    opens, old, new = _pairs(held, served)
    same = _fits(old, new, Fraction(1))
    if same.all():
        return None
    median = float(np.median((old / new)[~same]))
    for ratio in SIMPLE_RATIOS:
        if abs(float(ratio) / median - 1) > _NEAR:
            continue
        bars = _rewritten(old, new, same, ratio)
        if bars >= FEWEST_BARS:
            return _evidence(opens, old, new, ratio, bars)
    return None


def ratio_text(ratio: Fraction) -> str:
    """2:1, 3:2, 1:10: new shares for old ones."""
    return f"{ratio.numerator}:{ratio.denominator}"


def ratio_of(text: str) -> Fraction:
    """The inverse of ``ratio_text``."""
    new, old = text.split(":")
    return Fraction(int(new), int(old))


def nearest_ratio(value: float) -> Fraction | None:
    """The simple ratio that ``value`` is, give or take 1 %; None where it is none."""
    distances = np.abs(_SIMPLE / value - 1)
    nearest = int(distances.argmin())
    return SIMPLE_RATIOS[nearest] if distances[nearest] <= _MEASURED else None


def _pairs(held: pl.DataFrame, served: pl.DataFrame) -> tuple[pl.Series, _Array, _Array]:
    """Opens and both sets of prices of the bars that are known twice, once each and usable."""
    usable = pl.all_horizontal(pl.col(PRICE_COLUMNS).is_finite() & (pl.col(PRICE_COLUMNS) > 0))
    left, right = (
        one.filter(pl.col("ts").is_not_null() & pl.col("ts").is_unique() & usable)
        for one in (held, served)
    )
    both = left.join(right, on="ts", suffix="_served").sort("ts")
    old = both.select(PRICE_COLUMNS).to_numpy()
    new = both.select(f"{name}_served" for name in PRICE_COLUMNS).to_numpy()
    return both["ts"], old, new


def _rewritten(old: _Array, new: _Array, same: npt.NDArray[np.bool_], ratio: Fraction) -> int:
    """How many bars from the first on are rewritten by ``ratio``; 0 where others differ too."""
    fits = _fits(old, new, ratio)
    bars = int(fits.size if fits.all() else fits.argmin())
    rest = slice(bars, None)
    if same[rest].all():
        return bars
    steps = np.sort([1.0, float(ratio)])
    mixed = (old[bars] / new[bars]).clip(*steps) * new[bars]
    between = _close(old[bars : bars + 1], mixed[None], Fraction(1)).all()
    return bars if between and same[bars + 1 :].all() else 0


def _evidence(opens: pl.Series, old: _Array, new: _Array, ratio: Fraction, bars: int) -> Split:
    off = np.abs(new[:bars] * float(ratio) / old[:bars] - 1)
    later = opens[bars] if bars < len(opens) else None
    return Split(ratio, bars, opens[0], opens[bars - 1], float(off.max()), later)


def _fits(old: _Array, new: _Array, ratio: Fraction) -> npt.NDArray[np.bool_]:
    """True for the bars (rows) whose prices all differ by ``ratio``, give or take their digits."""
    close = _close(old, new, ratio)
    return close if close.ndim == 1 else np.logical_and.reduce(close, axis=1)


def _close(old: _Array, new: _Array, ratio: Fraction) -> npt.NDArray[np.bool_]:
    factor = float(ratio)
    slack = _NOISE * old + 0.5 * last_digits(old) + 0.5 * factor * last_digits(new)
    close: npt.NDArray[np.bool_] = np.abs(old - factor * new) <= slack
    return close


def last_digits(prices: _Array) -> float:
    """The step in which these prices are quoted: 0.01 where none has more than two decimals."""
    for decimals in range(_MOST_DECIMALS):
        if np.array_equal(np.round(prices, decimals), prices):
            return float(10.0**-decimals)
    return float(10.0**-_MOST_DECIMALS)
