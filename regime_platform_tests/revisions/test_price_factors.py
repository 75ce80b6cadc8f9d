"""Intraday bars are adjusted to daily bars where both together show a split."""

import datetime as dt
from fractions import Fraction
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from regime_platform.model.bar_schema import BAR_SCHEMA, PRICE_COLUMNS
from regime_platform.model.markets import MARKETS
from regime_platform.model.ratios import SIMPLE_RATIOS, ratio_text
from regime_platform.revisions.price_factors import adjusted, price_factors
from regime_platform.sources.sample.source import SAMPLE_DATA
from regime_platform_tests.builders import fetched, make_bars
from regime_platform_tests.traded import as_traded, on_basis_of_today, sessions_of

PRICES = pl.col(PRICE_COLUMNS)


def _detected(daily: pl.DataFrame, intraday: pl.DataFrame) -> list[tuple[str, str]]:
    steps = price_factors(fetched(daily), fetched(intraday), "1h", MARKETS["US_EQUITY"])
    return [(step.until.isoformat(), ratio_text(step.ratio)) for step in steps]


def test_real_splits_are_found_and_the_crash_between_them_is_none() -> None:
    raw = pl.read_parquet(SAMPLE_DATA / "AAPL" / "1day.parquet")
    days = [dt.date(2000, 6, 21), dt.date(2005, 2, 28)]
    daily = on_basis_of_today(raw, dict.fromkeys(days, Fraction(2)))

    assert _detected(daily, sessions_of(raw)) == [("2005-02-25", "2:1"), ("2000-06-20", "2:1")]


def test_adjusted_bars_have_no_step_at_a_split() -> None:
    raw = pl.read_parquet(SAMPLE_DATA / "MSFT" / "1day.parquet")
    daily = on_basis_of_today(raw, {dt.date(2003, 2, 18): Fraction(2)})
    hours = fetched(sessions_of(raw))
    steps = price_factors(fetched(daily), hours, "1h", MARKETS["US_EQUITY"])

    now = adjusted(hours, steps, MARKETS["US_EQUITY"])

    assert now.select("ts", "fetched_at", "batch").equals(hours.select("ts", "fetched_at", "batch"))
    closes = now.group_by(pl.col("ts").dt.date(), maintain_order=True).agg(pl.col("close").last())
    assert np.allclose(closes["close"], daily["close"], rtol=1e-12)
    turnover = (pl.col("close") * pl.col("volume")).alias("turnover")
    assert np.allclose(now.select(turnover), hours.select(turnover), rtol=1e-12)


def test_without_splits_not_a_bit_changes() -> None:
    daily = make_bars(300)
    hours = fetched(sessions_of(daily))

    steps = price_factors(fetched(daily), hours, "1h", MARKETS["US_EQUITY"])

    assert steps == ()
    assert adjusted(hours, steps, MARKETS["US_EQUITY"]).equals(hours)


@settings(deadline=None, max_examples=40)
@given(
    splits=st.dictionaries(st.integers(5, 295), st.sampled_from(SIMPLE_RATIOS), max_size=3),
    seed=st.integers(0, 20),
)
def test_any_splits_a_week_apart_are_found_to_the_day(
    splits: dict[int, Fraction], seed: int
) -> None:
    places = sorted(splits)
    assume(all(later - earlier >= 5 for earlier, later in pairwise(places)))
    daily = make_bars(300, seed=seed)
    dates = daily["ts"].dt.date()
    by_date = {dates[place]: ratio for place, ratio in splits.items()}

    detected = _detected(daily, sessions_of(as_traded(daily, by_date)))

    expected = [
        (dates[place - 1].isoformat(), f"{ratio.numerator}:{ratio.denominator}")
        for place, ratio in sorted(splits.items(), reverse=True)
    ]
    assert detected == expected


def test_a_session_cut_short_neither_makes_nor_hides_a_split() -> None:
    daily = make_bars(60)
    dates = daily["ts"].dt.date()
    hours = sessions_of(as_traded(daily, {dates[30]: Fraction(3)}))
    odd = hours["ts"].dt.date().is_in([dates[28], dates[29], dates[50]]) & pl.Series(
        np.arange(hours.height) % 7 == 6
    )
    hours = hours.with_columns(close=pl.when(odd).then(pl.col("close") * 1.07).otherwise("close"))
    one_off = hours.filter(~(odd & (hours["ts"].dt.date() == dates[29])))

    detected = _detected(daily, one_off)

    assert [ratio for _, ratio in detected] == ["3:1"]
    assert detected[0][0] in {dates[29].isoformat(), dates[28].isoformat()}


def test_a_split_of_today_is_adjusted_before_the_first_daily_bar_of_the_new_basis() -> None:
    daily = make_bars(40)
    dates = daily["ts"].dt.date()
    hours = sessions_of(as_traded(daily, {dates[39]: Fraction(2)}))

    assert _detected(daily[:39], hours) == [(dates[38].isoformat(), "2:1")]


@pytest.mark.parametrize("sessions", [1, 2, 3])
def test_too_few_sessions_are_no_evidence(sessions: int) -> None:
    daily = make_bars(sessions + 20)
    split = {daily["ts"].dt.date()[sessions]: Fraction(2)}

    assert _detected(daily, sessions_of(as_traded(daily, split))) == []


def test_any_factor_is_measured_from_the_sessions() -> None:
    daily = make_bars(60)
    dates = daily["ts"].dt.date()
    hours = sessions_of(as_traded(daily, {dates[30]: Fraction(1281, 1000)}))

    assert _detected(daily, hours) == [(dates[29].isoformat(), "1281:1000")]  # 9:7 is 0.37 % off


def test_daily_bars_in_another_unit_move_every_session_so_far() -> None:
    daily = make_bars(60)
    hours = sessions_of(daily)

    assert _detected(daily[:58].with_columns(PRICES * 190), hours) == [("9999-12-31", "1:190")]


def test_noisy_closes_leave_the_ratio_of_a_split() -> None:
    daily = make_bars(60)
    split = {daily["ts"].dt.date()[30]: Fraction(3, 2)}
    noise = pl.Series(np.random.default_rng(2).normal(1.0, 0.002, 420))
    hours = sessions_of(as_traded(daily, split)).with_columns(pl.col("close") * noise)

    assert [ratio for _, ratio in _detected(daily, hours)] == ["3:2"]


def test_the_factor_that_daily_bars_showed_takes_precedence() -> None:
    daily = make_bars(60)
    split = {daily["ts"].dt.date()[30]: Fraction(1281, 1000)}
    noise = pl.Series(np.random.default_rng(2).normal(1.0, 0.002, 420))
    hours = fetched(sessions_of(as_traded(daily, split)).with_columns(pl.col("close") * noise))
    recorded = (Fraction(1281, 1000), Fraction(2))

    (step,) = price_factors(fetched(daily), hours, "1h", MARKETS["US_EQUITY"], recorded)

    assert step.ratio == recorded[0]


def test_currencies_do_not_split() -> None:
    daily = make_bars(60)
    hours = fetched(sessions_of(daily).with_columns(PRICES * 2))

    assert price_factors(fetched(daily), hours, "1h", MARKETS["FX"]) == ()


def test_without_common_sessions_nothing_is_adjusted() -> None:
    daily = make_bars(60)
    hours = sessions_of(daily)

    assert _detected(daily.clear(), hours) == []
    assert _detected(daily, hours.clear()) == []
    nameless = hours.with_columns(ts=pl.lit(None, dtype=BAR_SCHEMA["ts"]))
    assert _detected(daily, nameless) == []
