"""Adjusts bars for declared splits, where their price basis lacks them and they show it.

A declaration alone proves little: a later export of the same bars may be adjusted already. So a
split is applied only where prices change by its ratio from the last bar before its date to the next
one. The week of a split has days of both bases: where it is made of the daily bars as they were
served, it is made of the adjusted ones instead.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import log, prod

import numpy as np
import polars as pl

from regime_platform.model.actions import Action
from regime_platform.model.bar_schema import BAR_COLUMNS
from regime_platform.model.calendar.trading_hours import trading_date
from regime_platform.model.markets import Market
from regime_platform.model.ratios import ratio_text
from regime_platform.model.timeframes import is_intraday
from regime_platform.revisions.basis_changes import USABLE, scaled
from regime_platform.validation.rules.comparison import TOLERANCE
from regime_platform.validation.rules.split import splits as apparent_splits

#: How far (logarithm) prices may move beside a split until the next open. Of far splits, mostly
#: reverse ones, it is a share of the ratio's logarithm, since such shares move more.
_MOVE, _SHARE = 0.05, 1 / 14
#: Bars on each side whose medians decide where the two next to the date show neither.
_AROUND = 5
_WEEK = 7  # days


@dataclass(frozen=True)
class SplitInput:
    """The rows in force of one series, and which of them lack splits."""

    served: pl.DataFrame  # by ts (gate schema)
    lacks: pl.Expr  # True of rows on the price basis of their time
    timeframe: str
    market: Market  # its zone decides the session of intraday bars
    days: "SplitInput | None" = None  # of weekly rows: the daily ones


@dataclass(frozen=True)
class SplitEvidence:
    """What the two bars around splits show of them; mostly of one split."""

    splits: tuple[Action, ...]
    before: dt.datetime  # open of the last bar before them
    close: float  # of it
    after: dt.datetime  # open of the next bar
    open: float  # of it
    is_astride: bool  # the next bar is a week that began before the date
    is_shown: bool  # prices change by the ratio
    is_applied: bool  # the same, or they do around the two bars
    week: pl.DataFrame | None = field(default=None, compare=False)  # of adjusted days


@dataclass(frozen=True)
class SplitAdjusted:
    """The rows of one series after the adjustment."""

    rows: pl.DataFrame
    evidence: tuple[SplitEvidence, ...] = ()  # by date; none of splits outside the bars

    @property
    def applied(self) -> tuple[int, ...]:
        """The numbers of the actions that ``rows`` are adjusted for."""
        shown = (each.splits for each in self.evidence if each.is_applied)
        return tuple(sorted(split.id for splits in shown for split in splits))


def split_adjusted(series: SplitInput, splits: Sequence[Action]) -> SplitAdjusted:
    """Divides prices before the date of each split by its ratio, and multiplies volumes.

    Rows that lack no splits stay as they are, and so do all where the bars do not show them.
    """
    if not splits:
        return SplitAdjusted(series.served)
    first, last = _dates(series)
    lacks = series.lacks.fill_null(value=False)
    rows = series.served.with_columns(lacks=lacks, first=first, last=last)
    bars = rows.filter(USABLE & pl.col("ts").is_not_null())
    evidence = tuple(
        _of_its_days(_evidence(bars, place, between, series), bars[place + 1], series.days, splits)
        for place, between in _gaps(bars, splits).items()
    )
    shown = [each for each in evidence if each.is_applied]
    for split in (split for each in shown for split in each.splits):
        is_before = pl.col("lacks") & (pl.col("last") < split.date)
        rows = scaled(rows, is_before, split.ratio, split.ratio)
    rows = rows.select(series.served.columns)
    for week in (each.week for each in shown if each.week is not None):
        rows = rows.update(week, on="ts", include_nulls=True)
    return SplitAdjusted(rows, evidence)


def shows_split(measured: float, ratio: Fraction) -> bool:
    """True where a close over the next open is near the ratio, and nearer to it than to 1."""
    off, jump = abs(log(measured / ratio)), abs(log(ratio))
    return off <= max(_MOVE, _SHARE * jump) and off < abs(log(measured))


def _dates(series: SplitInput) -> tuple[pl.Expr, pl.Expr]:
    """The first and the last date that a bar is of."""
    if is_intraday(series.timeframe):
        session = trading_date(pl.col("ts"), series.market)
        return session, session
    date = pl.col("ts").dt.date()
    return date, date + pl.duration(days=_WEEK - 1 if series.timeframe == "1week" else 0)


def _gaps(bars: pl.DataFrame, splits: Sequence[Action]) -> dict[int, tuple[Action, ...]]:
    """The place of the last bar before splits that have a later bar, too -> these splits."""
    gaps: dict[int, tuple[Action, ...]] = {}
    for split in sorted(splits, key=lambda each: each.date):
        before = (bars["lacks"] & (bars["last"] < split.date)).arg_true().to_list()
        if before and before[-1] + 1 < bars.height:
            gaps[before[-1]] = (*gaps.get(before[-1], ()), split)
    return gaps


def _evidence(
    bars: pl.DataFrame, place: int, splits: tuple[Action, ...], series: SplitInput
) -> SplitEvidence:
    ratio, after = prod((split.ratio for split in splits), start=Fraction(1)), place + 1
    closes = bars["close"][max(0, after - _AROUND) : after].to_numpy()
    opens = bars["open"][after : after + _AROUND].to_numpy()
    measured, around = float(closes[-1] / opens[0]), float(np.median(closes) / np.median(opens))
    is_shown = shows_split(measured, ratio)
    if not is_shown:  # the gate's rule knows the usual moves of the series, and prints a command
        apparent = apparent_splits(bars, series.timeframe, series.market)[after] or ""
        is_shown = apparent.split(" ")[0] == ratio_text(ratio)
    return SplitEvidence(
        splits,
        bars["ts"][place],
        float(closes[-1]),
        bars["ts"][after],
        float(opens[0]),
        is_astride=any(bars["first"][after] < split.date for split in splits),
        is_shown=is_shown,
        is_applied=is_shown or _is_shown_around(measured, around, ratio),
    )


def _is_shown_around(measured: float, around: float, ratio: Fraction) -> bool:
    """True where the bars around show the ratio, and the two next to the date show neither."""
    return abs(log(measured)) > _MOVE and abs(log(around / ratio)) < abs(log(around))


def _of_its_days(
    evidence: SplitEvidence, bar: pl.DataFrame, days: SplitInput | None, splits: Sequence[Action]
) -> SplitEvidence:
    """The evidence of the days, where the next bar is a week of both bases that is made of them."""
    if days is None or not evidence.is_astride:
        return evidence
    adjusted = split_adjusted(days, splits)
    served, week = (_week(rows, bar) for rows in (days.served, adjusted.rows))
    off = ((served[name] / bar[name] - 1).abs().fill_null(0.0) for name in BAR_COLUMNS[1:])
    if served.is_empty() or not all(each[0] <= TOLERANCE for each in off):
        return evidence
    is_shown = {split.id for split in evidence.splits} <= set(adjusted.applied)
    return replace(evidence, is_shown=is_shown, is_applied=is_shown, week=week)


def _week(days: pl.DataFrame, bar: pl.DataFrame) -> pl.DataFrame:
    """The week of ``bar`` made of daily rows; without a row where there are none."""
    monday = bar["ts"][0]
    of_it = (pl.col("ts") >= monday) & (pl.col("ts") < monday + dt.timedelta(days=_WEEK))
    week = days.filter(of_it & USABLE).select(
        pl.col("open").first(),
        pl.col("high").max(),
        pl.col("low").min(),
        pl.col("close").last(),
        pl.when(pl.col("volume").is_not_null().all()).then(pl.col("volume").sum()),
    )
    return week.select(bar["ts"], *BAR_COLUMNS[1:]).drop_nulls("close")
