"""Puts unadjusted intraday bars on the price basis of the daily ones.

Vendors adjust daily bars for splits and leave intraday bars as they traded. The ratio of their
closes is 1 since the last split and a product of split ratios before it. No list of splits is used:
a split that the bars do not show is not adjusted for.
"""

import datetime as dt
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import polars as pl

from regime_platform.model.asset_classes import ASSET_CLASSES
from regime_platform.model.bar_schema import PRICE_COLUMNS
from regime_platform.model.document import Date, Document
from regime_platform.revisions.splits import Ratio, nearest_ratio
from regime_platform.validation.rules.bar import finished_when_fetched

#: Sessions looked at for one split, and how many of them must show it: one may have lost its end.
SESSIONS, AGREEING = 5, 4
#: The last intraday close and the official one differ by an auction; the smallest split is 5 %.
_SAME = 0.02
#: Currencies, metals and coins do not split, and their days end at other hours than they are named.
_NEVER_SPLIT = frozenset({"FX", "CRYPTO", "COMMODITY_METALS", "COMMODITY_ENERGY"})

_Array = npt.NDArray[np.float64]


class Adjustment(Document):
    """One split that intraday bars have to be adjusted for, with its evidence."""

    until: Date  # the last session that traded on the old basis
    ratio: Ratio  # prices up to then are divided by it, volumes multiplied
    evidence: dict[str, float]  # date -> intraday / daily close, later splits divided out


def price_factors(
    daily: pl.DataFrame, intraday: pl.DataFrame, timeframe: str, asset_class: str
) -> tuple[Adjustment, ...]:
    """The splits for which ``daily`` is adjusted and ``intraday`` is not, the latest first.

    An adjustment needs ``AGREEING`` of ``SESSIONS`` sessions with the same simple ratio; sessions
    without one are left unadjusted. Both frames have the rows in force in the gate's schema. The
    asset class decides the zone of the sessions; classes that never split have no factors.
    """
    if asset_class in _NEVER_SPLIT or daily.is_empty() or intraday.is_empty():
        return ()
    dates, ratios = _session_ratios(daily, intraday, timeframe, asset_class)
    steps: list[Adjustment] = []
    level, here = 1.0, 0
    while here < len(ratios):
        off = np.abs(ratios[here:] / level - 1) > _SAME
        here += int(off.argmax()) if off.any() else len(off)
        window = ratios[here : here + SESSIONS] / level
        ratio = _common_ratio(window)
        if ratio is not None:
            by_date = zip(dates[here : here + SESSIONS], window.round(6).tolist(), strict=True)
            evidence = {date.isoformat(): value for date, value in by_date}
            steps.append(Adjustment(until=dates[here], ratio=ratio, evidence=evidence))
            level *= float(ratio)
        here += 1
    return tuple(steps)


def adjusted(rows: pl.DataFrame, steps: Sequence[Adjustment], asset_class: str) -> pl.DataFrame:
    """``rows`` on today's basis: prices divided, volumes multiplied, other columns unchanged."""
    if not steps:
        return rows
    session = _session(asset_class)
    for step in steps:
        new, old = step.ratio.numerator, step.ratio.denominator
        before = session <= step.until
        prices = [pl.when(before).then(pl.col(name) * old / new) for name in PRICE_COLUMNS]
        volume = pl.when(before).then(pl.col("volume") * new / old)
        rows = rows.with_columns(
            *(then.otherwise(name) for name, then in zip(PRICE_COLUMNS, prices, strict=True)),
            volume=volume.otherwise("volume"),
        )
    return rows


def _common_ratio(window: _Array) -> Fraction | None:
    """The simple ratio of the first session and of enough of the others."""
    if len(window) < AGREEING:
        return None
    ratio = nearest_ratio(float(np.median(window)))
    if ratio is None:
        return None
    agree = np.abs(window / float(ratio) - 1) <= _SAME
    return ratio if agree[0] and int(agree.sum()) >= AGREEING else None


def _session_ratios(
    daily: pl.DataFrame, intraday: pl.DataFrame, timeframe: str, asset_class: str
) -> tuple[list[dt.date], _Array]:
    """Date and intraday close / daily close of every session in both, the latest first."""
    days = _finished(daily, "1day", asset_class).select(
        date=pl.col("ts").dt.date(), adjusted=pl.col("close")
    )
    closes = (
        _finished(intraday, timeframe, asset_class)
        .sort("ts")
        .group_by(_session(asset_class).alias("date"))
        .agg(pl.col("close").last())
    )
    both = days.unique("date", keep="none").join(closes, on="date").sort("date", descending=True)
    ratios: _Array = (both["close"] / both["adjusted"]).to_numpy()
    return both["date"].to_list(), ratios


def _finished(rows: pl.DataFrame, timeframe: str, asset_class: str) -> pl.DataFrame:
    """The rows whose bars were finished when they were fetched and have a usable close."""
    usable = pl.col("ts").is_not_null() & pl.col("close").is_finite() & (pl.col("close") > 0)
    return rows.filter(finished_when_fetched(rows, timeframe, asset_class)).filter(usable)


def _session(asset_class: str) -> pl.Expr:
    zone = ASSET_CLASSES[asset_class].zone
    return pl.col("ts").dt.convert_time_zone(zone).dt.date()
