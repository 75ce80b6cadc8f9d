"""Bars are adjusted for declared splits where they lack them and show them, and never twice."""

import datetime as dt
from collections.abc import Mapping
from fractions import Fraction

import numpy as np
import polars as pl
import pytest

from regime_platform.model.actions import Action, ActionKind
from regime_platform.model.bar_schema import BAR_COLUMNS, PRICE_COLUMNS
from regime_platform.model.markets import MARKETS
from regime_platform.revisions.corporate_actions import (
    SplitAdjusted,
    SplitInput,
    shows_split,
    split_adjusted,
)
from regime_platform_tests.builders import fetched, make_bars
from regime_platform_tests.scenario import with_value
from regime_platform_tests.traded import as_traded, sessions_of

STOCKS = MARKETS["US_EQUITY"]
TODAY = make_bars(120)
DATES = TODAY["ts"].dt.date()
WEDNESDAY, MONDAY = DATES[42], DATES[75]
AT = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
ALL = pl.lit(value=True)


def _actions(splits: Mapping[dt.date, Fraction]) -> tuple[Action, ...]:
    return tuple(
        Action(
            id=number,
            kind=ActionKind.SPLIT,
            date=day,
            ratio=ratio,
            reason="announced",
            by="ann",
            at=AT,
        )
        for number, (day, ratio) in enumerate(splits.items(), 1)
    )


def _adjusted(
    bars: pl.DataFrame,
    splits: Mapping[dt.date, Fraction],
    timeframe: str = "1day",
    *,
    lacks: pl.Expr = ALL,
    days: pl.DataFrame | None = None,
) -> SplitAdjusted:
    daily = None if days is None else SplitInput(fetched(days), ALL, "1day", STOCKS)
    series = SplitInput(fetched(bars), lacks, timeframe, STOCKS, daily)
    return split_adjusted(series, _actions(splits))


def _traded(splits: Mapping[dt.date, Fraction]) -> pl.DataFrame:
    """TODAY as it was traded: prices and volumes of the time."""
    bars = as_traded(TODAY, splits)
    for day, ratio in splits.items():
        before = pl.col("ts").dt.date() < day
        volume = pl.when(before).then(pl.col("volume") / float(ratio)).otherwise("volume")
        bars = bars.with_columns(volume)
    return bars


def _weeks(days: pl.DataFrame) -> pl.DataFrame:
    return (
        days.group_by(pl.col("ts").dt.truncate("1w"), maintain_order=True)
        .agg(
            pl.col("open").first(),
            pl.col("high").max(),
            pl.col("low").min(),
            pl.col("close").last(),
            pl.col("volume").sum(),
        )
        .select(BAR_COLUMNS)
    )


def _is_today(rows: pl.DataFrame, today: pl.DataFrame) -> bool:
    names = BAR_COLUMNS[1:]
    return bool(np.allclose(rows.select(names), today.select(names), rtol=1e-12))


@pytest.mark.parametrize("ratio", ["2", "3/2", "1/10", "20"])
def test_days_come_onto_one_basis(ratio: str) -> None:
    splits = {WEDNESDAY: Fraction(ratio), MONDAY: Fraction(3)}
    traded = _traded(splits)

    adjusted = _adjusted(traded, splits)

    assert adjusted.applied == (1, 2)
    assert _is_today(adjusted.rows, TODAY)
    assert adjusted.rows.columns == fetched(traded).columns


def test_hours_come_onto_one_basis_by_their_sessions() -> None:
    splits = {WEDNESDAY: Fraction(4)}

    adjusted = _adjusted(sessions_of(_traded(splits)), splits, "1h")

    assert adjusted.applied == (1,)
    assert _is_today(adjusted.rows, sessions_of(TODAY))


def test_bars_that_are_adjusted_already_stay_as_they_are() -> None:
    adjusted = _adjusted(TODAY, {WEDNESDAY: Fraction(2)})

    assert adjusted.applied == ()
    assert adjusted.rows.equals(fetched(TODAY))


def test_of_two_splits_the_one_that_is_adjusted_already_is_not_applied_again() -> None:
    splits = {WEDNESDAY: Fraction(2), MONDAY: Fraction(3)}

    adjusted = _adjusted(_traded({WEDNESDAY: Fraction(2)}), splits)

    assert adjusted.applied == (1,)
    assert _is_today(adjusted.rows, TODAY)


def test_rows_that_lack_no_split_stay_as_they_are() -> None:
    splits = {WEDNESDAY: Fraction(2)}
    traded = _traded(splits)
    # what was served before row 30 lacks the split; the source adjusted what follows
    mixed = pl.concat([traded.head(30), TODAY.tail(-30)])

    adjusted = _adjusted(mixed, splits, lacks=pl.col("ts") < TODAY["ts"][30])

    assert _is_today(adjusted.rows, TODAY)
    assert _adjusted(traded, splits, lacks=pl.lit(value=False)).rows.equals(fetched(traded))


@pytest.mark.parametrize("row", [41, 42])
def test_a_bad_tick_beside_the_date_does_not_hide_the_split(row: int) -> None:
    splits = {WEDNESDAY: Fraction(2)}
    bad = with_value(_traded(splits), row, **dict.fromkeys(PRICE_COLUMNS, 900.0))

    (evidence,) = _adjusted(bad, splits).evidence

    assert (evidence.is_shown, evidence.is_applied) == (False, True)


def test_splits_outside_the_bars_have_no_evidence() -> None:
    early, late = DATES[0] - dt.timedelta(days=9), DATES[-1] + dt.timedelta(days=9)

    adjusted = _adjusted(TODAY, {early: Fraction(2), late: Fraction(2)})

    assert adjusted.evidence == ()
    assert adjusted.rows.equals(fetched(TODAY))


@pytest.mark.parametrize("day", [WEDNESDAY, MONDAY])
def test_weeks_are_those_of_the_adjusted_days_also_where_a_split_falls_within(
    day: dt.date,
) -> None:
    splits = {day: Fraction(2)}
    traded = _traded(splits)

    adjusted = _adjusted(_weeks(traded), splits, "1week", days=traded)

    assert adjusted.applied == (1,)
    assert _is_today(adjusted.rows, _weeks(TODAY))


def test_a_week_of_both_bases_that_is_not_made_of_its_days_leaves_the_series_alone() -> None:
    splits = {WEDNESDAY: Fraction(2)}
    traded = _traded(splits)
    weeks = _weeks(traded)

    for days in (None, traded.head(40), traded.tail(-41)):
        adjusted = _adjusted(weeks, splits, "1week", days=days)

        assert [each.is_astride for each in adjusted.evidence] == [True]
        assert adjusted.rows.equals(fetched(weeks))


def test_a_week_that_was_served_on_the_new_basis_is_taken_as_it_is() -> None:
    splits = {WEDNESDAY: Fraction(2)}
    weeks, today = _weeks(_traded(splits)), _weeks(TODAY)
    served = pl.concat([weeks.head(8), today.tail(-8)])

    adjusted = _adjusted(served, splits, "1week", days=_traded(splits))

    assert adjusted.applied == (1,)
    assert _is_today(adjusted.rows, today)


def test_rows_without_prices_or_opens_pass_unchanged() -> None:
    splits = {WEDNESDAY: Fraction(2)}
    traded = _traded(splits)
    odd = with_value(traded, 30, close=float("nan")).with_columns(
        ts=pl.when(pl.int_range(pl.len()) > 0).then("ts")
    )

    rows = _adjusted(odd, splits).rows

    assert rows["close"].is_nan().sum() == 1
    assert rows["open"][0] == traded["open"][0]
    assert rows["open"][30] == traded["open"][30] / 2


@pytest.mark.parametrize(
    ("measured", "ratio", "is_one"),
    [
        (1.998, "2", True),
        (2.09, "2", True),
        (1.898, "2", False),  # a crash to half the price
        (1.0, "2", False),
        (0.5, "2", False),
        (0.086, "1/10", True),  # shares that are merged move more
        (0.14, "1/10", False),
        (1.06, "21/20", True),
        (1.01, "21/20", False),
    ],
)
def test_a_split_is_shown_near_its_ratio_alone(measured: float, ratio: str, is_one: bool) -> None:
    assert shows_split(measured, Fraction(ratio)) is is_one
