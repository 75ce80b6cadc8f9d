"""Distinguishes a new price basis from a revision, and puts stored bars on it.

A bar is compared with itself, as stored and as served now. A fall from one bar to the next, however
deep, is no evidence: a crash leaves the bars before it unchanged.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import Field

from regime_platform.model.bar_schema import PRICE_COLUMNS
from regime_platform.model.document import Document, Instant, is_absent
from regime_platform.model.ratios import SIMPLE_RATIOS, Factor, plainest_between

#: Fewer rewritten bars than this may as well be a misplaced decimal point.
FEWEST_BARS = 2
#: What rounding on the way may do to a price beside its last digit: float32 in the first place,
#: intermediate results of few decimals in the second, where only split ratios are clear.
_EXACT, _ROUGH = 1e-7, 2e-4
_MOST_DECIMALS = 8
_VOLUMES = 0.001  # relative: volumes are rounded to whole numbers

#: True of a bar whose four prices are positive numbers.
USABLE = pl.all_horizontal(pl.col(PRICE_COLUMNS).is_finite() & (pl.col(PRICE_COLUMNS) > 0))

Array = npt.NDArray[np.float64]


class BasisChange(Document):
    """A new price basis, such as after a split or a dividend, and the bars that prove it."""

    ratio: Factor  # stored price / served price: 2 after two for one, 1/10 after one for ten
    bars: int  # rewritten by exactly this ratio
    first: Instant  # open of the first of them
    last: Instant  # and of the last
    deviation: float  # largest relative difference of served and stored prices on the new basis
    same_from: Instant | None  # open of the first bar that was on the new basis already
    #: Served volume / stored volume where that is ``ratio``, as after a split.
    volume_ratio: Factor | None = Field(default=None, exclude_if=is_absent)


class Rebase(NamedTuple):
    """What a change does to the rows that were stored before the batch that showed it."""

    before: int  # sequence number of that batch
    change: BasisChange


class _Pairs(NamedTuple):
    """The common bars of two frames."""

    opens: pl.Series
    old: Array  # bars x 4 prices
    new: Array
    volumes: Array  # bars x 2: as stored and as served; NaN where there is none


def detect_basis_change(stored: pl.DataFrame, served: pl.DataFrame) -> BasisChange | None:
    """Detects that ``served`` repeats bars of ``stored`` on another price basis.

    From the first common bar on, bars must differ by one factor in all four prices, by as little as
    their digits can show, at least ``FEWEST_BARS`` of them, and from some later bar on not at all:
    those were served on the new basis before. One bar between may cover days of both (a week in
    which a split falls). The factor is measured: the plainest number within what the digits leave
    open.

    Args:
        stored: finished bars in force, in ``BAR_SCHEMA`` or more, any order.
        served: a page of the same series, before it is appended.

    Returns:
        The change with its evidence; None for anything else, ordinary revisions included.
    """
    pairs = _pairs(stored, served)
    for noise in (_EXACT, _ROUGH):
        low, high = _bounds(pairs, noise)
        apart = np.logical_or.reduce((low > 1) | (high < 1), axis=1)
        if not apart.any():
            return None
        last = int(np.flatnonzero(apart)[-1])
        for bars in (last + 1, last):  # the last one may be of both
            if int(apart[:bars].sum()) < FEWEST_BARS:
                break
            least, most = float(low[:bars].max()), float(high[:bars].min())
            if least > most or least <= 1 <= most:
                continue
            ratio = plainest_between(least, most)
            is_clear = noise == _EXACT or ratio in SIMPLE_RATIOS
            if is_clear and (bars > last or _lies_between(low[last], high[last], ratio)):
                return _change(pairs, ratio, bars)
    return None


def rebased(rows: pl.DataFrame, changes: Sequence[Rebase]) -> pl.DataFrame:
    """``rows`` (with ``batch``) with those of older batches put on the basis of each change.

    Prices are divided by the ratio, volumes multiplied where the source did so. Bars after the last
    rewritten one are on the new basis already.
    """
    for before, change in changes:
        mask = is_older(before) & (pl.col("ts") <= change.last)
        rows = scaled(rows, mask, change.ratio, change.volume_ratio)
    return rows


def scaled(
    rows: pl.DataFrame, before: pl.Expr, ratio: Fraction, volume_ratio: Fraction | None
) -> pl.DataFrame:
    """``rows`` with the prices of those ``before`` divided by a ratio, and their volumes multiplied
    by another; None leaves the volumes."""
    values = {name: pl.col(name) * ratio.denominator / ratio.numerator for name in PRICE_COLUMNS}
    if volume_ratio is not None:
        new, old = volume_ratio.numerator, volume_ratio.denominator
        values["volume"] = pl.col("volume") * new / old
    return rows.with_columns(
        pl.when(before).then(value).otherwise(name).alias(name) for name, value in values.items()
    )


def is_older(sequence: int) -> pl.Expr:
    """True for rows of batches that were stored before the one of this number."""
    return pl.col("batch").str.slice(0, 6).cast(pl.Int64) < sequence


def _pairs(stored: pl.DataFrame, served: pl.DataFrame) -> _Pairs:
    """The common bars with usable prices, by open."""
    once = pl.col("ts").is_not_null() & pl.col("ts").is_unique()
    left, right = (bars.filter(once & USABLE) for bars in (stored, served))
    both = left.join(right, on="ts", suffix="_served").sort("ts")
    old = both.select(PRICE_COLUMNS).to_numpy()
    new = both.select(f"{name}_served" for name in PRICE_COLUMNS).to_numpy()
    volumes = both.select(pl.col("volume", "volume_served").fill_null(float("nan")))
    return _Pairs(both["ts"], old, new, volumes.to_numpy())


def _bounds(pairs: _Pairs, noise: float) -> tuple[Array, Array]:
    """Between which factors stored over served may lie by its digits, for each price."""
    half_old = 0.5 * last_digits(pairs.old) + noise * pairs.old
    half_new = 0.5 * last_digits(pairs.new)
    low = (pairs.old - half_old) / (pairs.new + half_new)
    high = (pairs.old + half_old) / np.maximum(pairs.new - half_new, half_new)
    return low, high


def _lies_between(low: Array, high: Array, ratio: Fraction) -> bool:
    """True where each price of a bar may be on the old basis, on the new one, or between."""
    least, most = sorted((1.0, float(ratio)))
    return bool(((low <= most) & (high >= least)).all())


def _change(pairs: _Pairs, ratio: Fraction, bars: int) -> BasisChange:
    factor, opens = float(ratio), pairs.opens
    off = np.abs(pairs.new[:bars] * factor / pairs.old[:bars] - 1)
    before, after = pairs.volumes[:bars].T
    traded = (before > 0) & (after != before)
    scaled = np.abs(after[traded] / before[traded] / factor - 1) <= _VOLUMES
    return BasisChange(
        ratio=ratio,
        bars=bars,
        first=opens[0],
        last=opens[bars - 1],
        deviation=float(off.max()),
        same_from=opens[bars] if bars < len(opens) else None,
        volume_ratio=ratio if traded.any() and scaled.all() else None,
    )


def last_digits(prices: Array) -> float:
    """The step in which these prices are quoted: 0.01 where none has more than two decimals."""
    for decimals in range(_MOST_DECIMALS):
        if np.array_equal(np.round(prices, decimals), prices):
            return float(10.0**-decimals)
    return float(10.0**-_MOST_DECIMALS)
