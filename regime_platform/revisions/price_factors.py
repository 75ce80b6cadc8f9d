"""Puts unadjusted intraday bars on the price basis of the daily ones.

Vendors adjust daily bars and leave intraday bars as they traded. The ratio of their closes is 1
since the last split and a product of factors before it. No list of splits is used: a split that the
bars do not show is not adjusted for.
"""

import datetime as dt
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import polars as pl

from regime_platform.model.calendar.trading_hours import trading_date
from regime_platform.model.document import Date, Document
from regime_platform.model.markets import Market
from regime_platform.model.ratios import Factor, plainest_between
from regime_platform.revisions.basis_changes import last_digits, scaled
from regime_platform.validation.rules.bar import finished_when_fetched

#: Sessions looked at for one step, and how many of them must show it: one may have lost its end.
SESSIONS, AGREEING = 5, 4
#: ``until`` where every session so far is on the old basis.
EVERY_SESSION = dt.date.max
#: The last intraday close and the official one differ by an auction; the smallest split is 5 %.
_SAME = 0.02
#: How far a factor that daily bars showed may be from the ratio of the sessions.
_AUCTION = 0.005
#: How far the true factor may be from the middle of the sessions, in deviations of these.
_DEVIATIONS = 3.0
#: Currencies, metals and coins do not split, and their days end at other hours than they are named.
_NEVER_SPLIT = frozenset({"FX", "CRYPTO", "COMMODITY_METALS", "COMMODITY_ENERGY"})

_Array = npt.NDArray[np.float64]


class Adjustment(Document):
    """One step that intraday bars have to be adjusted for, with its evidence."""

    until: Date  # the last session that traded on the old basis, or ``EVERY_SESSION``
    ratio: Factor  # prices up to then are divided by it, volumes multiplied
    evidence: dict[str, float]  # date -> intraday / daily close, later steps divided out


def price_factors(
    daily: pl.DataFrame,
    intraday: pl.DataFrame,
    timeframe: str,
    market: Market,
    recorded: Sequence[Fraction] = (),
) -> tuple[Adjustment, ...]:
    """The steps for which ``daily`` is adjusted and ``intraday`` is not, the latest first.

    A step needs ``AGREEING`` of ``SESSIONS`` sessions with the same ratio; sessions without one
    are left unadjusted. Its factor is one that daily bars ``recorded`` as their new basis, the
    ratio of a split, or measured, whichever the sessions allow first. Both frames have the rows in
    force in the gate's schema. The asset class decides the zone of the sessions; classes that never
    split have no factors.
    """
    if market.name in _NEVER_SPLIT or daily.is_empty() or intraday.is_empty():
        return ()
    sessions = _sessions(daily, intraday, timeframe, market)
    dates, (ratios, digits) = sessions["date"].to_list(), sessions.drop("date").to_numpy().T
    steps: list[Adjustment] = []
    level, here = 1.0, 0
    while here < len(ratios):
        off = np.abs(ratios[here:] / level - 1) > _SAME
        here += int(off.argmax()) if off.any() else len(off)
        part = slice(here, here + SESSIONS)
        window = ratios[part] / level
        ratio = _common_ratio(window, digits[part], recorded)
        if ratio is not None:
            by_date = zip(dates[part], window.round(6).tolist(), strict=True)
            evidence = {date.isoformat(): value for date, value in by_date}
            until = dates[here] if here else _last_on_basis(dates[0], ratio, intraday, market)
            steps.append(Adjustment(until=until, ratio=ratio, evidence=evidence))
            level *= float(ratio)
        here += 1
    return tuple(steps)


def adjusted(rows: pl.DataFrame, steps: Sequence[Adjustment], market: Market) -> pl.DataFrame:
    """``rows`` on today's basis: prices divided, volumes multiplied, other columns unchanged."""
    if not steps:
        return rows
    session = _session(market)
    for step in steps:
        rows = scaled(rows, session <= step.until, step.ratio, step.ratio)
    return rows


def _common_ratio(window: _Array, digits: _Array, recorded: Sequence[Fraction]) -> Fraction | None:
    """The ratio of the first session and of enough of the others.

    ``digits`` is how much of each ratio is left open by the digits of its prices, relative.
    """
    if len(window) < AGREEING:
        return None
    middle = float(np.median(window))
    deviations = np.abs(window / middle - 1)
    if deviations[0] > _SAME or int((deviations <= _SAME).sum()) < AGREEING:
        return None
    agreeing = deviations <= _SAME
    middle = float(np.median(window[agreeing]))
    spread = np.sort(np.abs(window[agreeing] / middle - 1))[AGREEING - 1]
    reach = max(_DEVIATIONS * float(spread), float(np.median(digits)))
    low, high = middle * (1 - reach), middle * (1 + reach)
    for known in sorted({*recorded}, key=lambda ratio: abs(float(ratio) / middle - 1)):
        if min(low, middle * (1 - _AUCTION)) <= known <= max(high, middle * (1 + _AUCTION)):
            return known
    return None if low <= 1 <= high else plainest_between(low, high)


def _last_on_basis(
    date: dt.date, ratio: Fraction, intraday: pl.DataFrame, market: Market
) -> dt.date:
    """The last session on the old basis, where the newest daily bar, of ``date``, is on it.

    Later intraday sessions are on the new one if that makes the move to the first of them smaller.
    """
    days = intraday.sort("ts").group_by(_session(market).alias("date"), maintain_order=True)
    sessions = days.agg(pl.col("open").first(), pl.col("close").last())
    sessions = sessions.filter(pl.col("date") >= date)
    if sessions.height > 1:
        move = float(sessions["open"][1] / sessions["close"][0])
        if abs(np.log(move * float(ratio))) < abs(np.log(move)):
            return date
    return EVERY_SESSION


def _sessions(
    daily: pl.DataFrame, intraday: pl.DataFrame, timeframe: str, market: Market
) -> pl.DataFrame:
    """Every session in both, the latest first: ``date``, ``ratio`` of intraday close to daily
    close, ``digits``: the relative error that the digits of the prices leave."""
    days = _finished(daily, "1day", market).select(
        date=pl.col("ts").dt.date(), adjusted=pl.col("close")
    )
    closes = (
        _finished(intraday, timeframe, market)
        .sort("ts")
        .group_by(_session(market).alias("date"))
        .agg(pl.col("close").last())
    )
    both = days.unique("date", keep="none").join(closes, on="date").sort("date", descending=True)
    steps = [last_digits(both[name].to_numpy()) / 2 for name in ("adjusted", "close")]
    return both.select(
        "date",
        ratio=pl.col("close") / pl.col("adjusted"),
        digits=steps[0] / pl.col("adjusted") + steps[1] / pl.col("close"),
    )


def _finished(rows: pl.DataFrame, timeframe: str, market: Market) -> pl.DataFrame:
    """The rows whose bars were finished when they were fetched and have a usable close."""
    usable = pl.col("ts").is_not_null() & pl.col("close").is_finite() & (pl.col("close") > 0)
    return rows.filter(finished_when_fetched(rows, timeframe, market)).filter(usable)


def _session(market: Market) -> pl.Expr:
    return trading_date(pl.col("ts"), market)
