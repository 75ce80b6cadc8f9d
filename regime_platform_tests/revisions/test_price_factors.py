"""Intraday bars come onto the basis of the daily ones where both together show a split."""

import datetime as dt
import json
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from regime_platform.bar_store.factor_file import factors_in_force, read_factors, write_factors
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.errors import BarsError
from regime_platform.model.bar_schema import BAR_SCHEMA, PRICE_COLUMNS
from regime_platform.revisions.price_factors import adjusted, price_factors
from regime_platform.revisions.splits import SIMPLE_RATIOS
from regime_platform.sources.sample.source import SAMPLE_DATA
from regime_platform_tests.builders import fetched, make_bars
from regime_platform_tests.error_codes import raises
from regime_platform_tests.traded import as_traded, on_basis_of_today, sessions_of

PRICES = pl.col(PRICE_COLUMNS)


def _found(daily: pl.DataFrame, intraday: pl.DataFrame) -> list[tuple[str, str]]:
    steps = price_factors(fetched(daily), fetched(intraday), "1h", "US_EQUITY")
    return [(facts["until"], facts["ratio"]) for facts in (step.facts() for step in steps)]


def test_real_splits_are_found_and_the_crash_between_them_is_none() -> None:
    raw = pl.read_parquet(SAMPLE_DATA / "AAPL" / "1day.parquet")
    days = [dt.date(2000, 6, 21), dt.date(2005, 2, 28)]
    daily = on_basis_of_today(raw, dict.fromkeys(days, Fraction(2)))

    assert _found(daily, sessions_of(raw)) == [("2005-02-25", "2:1"), ("2000-06-20", "2:1")]


def test_adjusted_bars_have_the_cliff_no_more() -> None:
    raw = pl.read_parquet(SAMPLE_DATA / "MSFT" / "1day.parquet")
    daily = on_basis_of_today(raw, {dt.date(2003, 2, 18): Fraction(2)})
    hours = fetched(sessions_of(raw))
    steps = price_factors(fetched(daily), hours, "1h", "US_EQUITY")

    now = adjusted(hours, steps, "US_EQUITY")

    assert now.select("ts", "fetched_at", "batch").equals(hours.select("ts", "fetched_at", "batch"))
    closes = now.group_by(pl.col("ts").dt.date(), maintain_order=True).agg(pl.col("close").last())
    assert np.allclose(closes["close"], daily["close"], rtol=1e-12)
    turnover = (pl.col("close") * pl.col("volume")).alias("turnover")
    assert np.allclose(now.select(turnover), hours.select(turnover), rtol=1e-12)


def test_without_splits_not_a_bit_changes() -> None:
    daily = make_bars(300)
    hours = fetched(sessions_of(daily))

    steps = price_factors(fetched(daily), hours, "1h", "US_EQUITY")

    assert steps == ()
    assert adjusted(hours, steps, "US_EQUITY").equals(hours)


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

    found = _found(daily, sessions_of(as_traded(daily, by_date)))

    expected = [
        (dates[place - 1].isoformat(), f"{ratio.numerator}:{ratio.denominator}")
        for place, ratio in sorted(splits.items(), reverse=True)
    ]
    assert found == expected


def test_a_session_cut_short_neither_makes_nor_hides_a_split() -> None:
    daily = make_bars(60)
    dates = daily["ts"].dt.date()
    hours = sessions_of(as_traded(daily, {dates[30]: Fraction(3)}))
    odd = hours["ts"].dt.date().is_in([dates[28], dates[29], dates[50]]) & pl.Series(
        np.arange(hours.height) % 7 == 6
    )
    hours = hours.with_columns(close=pl.when(odd).then(pl.col("close") * 1.07).otherwise("close"))
    one_off = hours.filter(~(odd & (hours["ts"].dt.date() == dates[29])))

    found = _found(daily, one_off)

    assert [ratio for _, ratio in found] == ["3:1"]
    assert found[0][0] in {dates[29].isoformat(), dates[28].isoformat()}


def test_a_split_of_today_is_adjusted_before_the_first_daily_bar_of_the_new_basis() -> None:
    daily = make_bars(40)
    dates = daily["ts"].dt.date()
    hours = sessions_of(as_traded(daily, {dates[39]: Fraction(2)}))

    assert _found(daily[:39], hours) == [(dates[38].isoformat(), "2:1")]


@pytest.mark.parametrize("sessions", [1, 2, 3])
def test_too_few_sessions_are_no_evidence(sessions: int) -> None:
    daily = make_bars(sessions + 20)
    split = {daily["ts"].dt.date()[sessions]: Fraction(2)}

    assert _found(daily, sessions_of(as_traded(daily, split))) == []


def test_a_factor_that_no_split_has_is_left_alone() -> None:
    daily = make_bars(60)
    hours = sessions_of(daily).with_columns(PRICES * 1.0873)

    assert _found(daily, hours) == []


def test_currencies_do_not_split() -> None:
    daily = make_bars(60)
    hours = fetched(sessions_of(daily).with_columns(PRICES * 2))

    assert price_factors(fetched(daily), hours, "1h", "FX") == ()


def test_nothing_to_compare_with_is_nothing_to_adjust() -> None:
    daily = make_bars(60)
    hours = sessions_of(daily)

    assert _found(daily.clear(), hours) == []
    assert _found(daily, hours.clear()) == []
    nameless = hours.with_columns(ts=pl.lit(None, dtype=BAR_SCHEMA["ts"]))
    assert _found(daily, nameless) == []


def _steps(ratio: Fraction) -> tuple:
    daily = make_bars(60)
    hours = sessions_of(as_traded(daily, {daily["ts"].dt.date()[30]: ratio}))
    return price_factors(fetched(daily), fetched(hours), "1h", "US_EQUITY")


def test_every_version_of_the_factors_is_kept_with_its_evidence(tmp_path: Path) -> None:
    paths = SymbolPaths(tmp_path)
    write_factors(paths, "1h", (), {})
    assert not paths.price_factors.exists()

    for steps in (_steps(Fraction(2)), _steps(Fraction(2)), _steps(Fraction(4)), ()):
        write_factors(paths, "1h", steps, {"1day": "d", "1h": "h"})

    versions = read_factors(paths)["1h"]
    assert [version["version"] for version in versions] == [1, 2, 3]
    assert [[step["ratio"] for step in version["steps"]] for version in versions] == [
        ["2:1"],
        ["4:1"],
        [],
    ]
    evidence = versions[0]["steps"][0]["evidence"]
    assert next(iter(evidence)) == versions[0]["steps"][0]["until"]
    assert [round(value, 3) for value in evidence.values()] == [2.0] * 5
    assert factors_in_force(paths) == {"1h": {"version": 3, "steps": []}}


@pytest.mark.parametrize("text", ["[]", '{"1h": [{"version": 1}]}', '{"1h": 3}'])
def test_a_damaged_table_is_named(tmp_path: Path, text: str) -> None:
    paths = SymbolPaths(tmp_path)
    paths.price_factors.write_text(text)

    with raises(BarsError, "price-factors-damaged", match=r"price_factors\.json"):
        read_factors(paths)
    assert json.loads(paths.price_factors.read_text()) is not None
