"""What a rank stands on is counted bar by bar, and too little of it makes the rank immature."""

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regime_platform.compute.eras.eras import tiling_eras
from regime_platform.compute.maturity import (
    BASIS_SCHEMA,
    RankBasis,
    basis_of,
    is_immature,
    mature_bars,
    with_basis,
    with_latest_basis,
    without_basis,
)

_FIRST = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
_ERAS = tiling_eras((dt.date(2020, 1, 6), dt.date(2020, 1, 20)))


def _ranks(values: list[bool], ranked: list[bool] | None = None) -> pl.DataFrame:
    """One row a day: whether the bar has esc_raw, and whether it has a rank."""
    return pl.DataFrame(
        {
            "timeframe": ["1day"] * len(values),
            "ts": [_FIRST + dt.timedelta(days=day) for day in range(len(values))],
            "esc_raw": [0.5 if has_value else None for has_value in values],
            "esc_pctl": [0.9 if has_rank else None for has_rank in ranked or [True] * len(values)],
        },
        schema_overrides={
            "ts": pl.Datetime("us", "UTC"),
            "esc_raw": pl.Float64,
            "esc_pctl": pl.Float64,
        },
    )


def test_bars_are_counted_from_the_start_of_their_era() -> None:
    rows = with_basis(_ranks([False, True, True, True, True, True, True, False]), "1day", _ERAS)

    assert rows["rank_bars"].to_list() == [0, 1, 2, 3, 4, 1, 2, 2]
    assert rows["rank_missing"].to_list() == [1, 1, 1, 1, 1, 0, 0, 1]
    assert rows["rank_eras"].to_list() == [1, 1, 1, 1, 1, 2, 2, 2]


def test_an_era_before_the_first_bar_is_none_of_the_past() -> None:
    later = _ranks([True] * 12).tail(6)

    assert with_basis(later, "1day", _ERAS)["rank_eras"].to_list() == [1] * 6


def test_a_bar_without_a_rank_stands_on_nothing() -> None:
    rows = with_basis(_ranks([True, True], [False, True]), "1day", _ERAS)

    assert [rows[name][0] for name in BASIS_SCHEMA] == [None] * 4
    assert basis_of(rows.row(0, named=True)) is None
    assert basis_of(rows.row(1, named=True)) == RankBasis(2, 0, 1, is_immature=True)


@given(values=st.lists(st.booleans(), min_size=1, max_size=25), place=st.integers(0, 24))
def test_the_last_rows_alone_stand_on_what_they_stand_on_in_the_whole(
    values: list[bool], place: int
) -> None:
    ranks = _ranks(values)
    whole = with_basis(ranks, "1day", _ERAS)
    place = min(place, len(values) - 1)
    opens = [int(ts.timestamp()) * 1_000_000 for ts in ranks["ts"]]
    start = next(era.start_us for era in _ERAS if era.start_us <= opens[place] < era.end_us)
    earlier = [has for has, ts in zip(values[:place], opens, strict=False) if ts >= start]
    before = sum(earlier), len(earlier) - sum(earlier)

    tail = with_basis(ranks[place:], "1day", _ERAS, opens[0], before)

    assert tail.equals(whole[place:])


@pytest.mark.parametrize(
    ("timeframe", "size"),
    [("15min", 6552), ("1h", 1512), ("4h", 504), ("1day", 252), ("1week", 252)],
)
def test_the_size_of_a_mature_rank(timeframe: str, size: int) -> None:
    assert mature_bars(timeframe) == size


@pytest.mark.parametrize(
    ("bars", "missing", "expected"),
    [
        (251, 0, True),
        (252, 0, False),
        (252, 13, False),  # 4.9 % of the list
        (252, 14, True),
        (5168, 272, False),  # a first era: 5 %
        (5167, 272, True),
    ],
)
def test_a_rank_is_immature_on_few_bars_or_with_many_missing(
    bars: int, missing: int, expected: bool
) -> None:
    assert is_immature(bars, missing, 252) is expected
    counted = pl.DataFrame({"bars": [bars], "missing": [missing]})
    expression = is_immature(pl.col("bars"), pl.col("missing"), 252)
    assert counted.select(expression).item() is expected


def test_a_basis_reads_as_a_sentence() -> None:
    assert str(RankBasis(180, 0, 1, is_immature=True)) == "ranked on 180 bars of 1 era: immature"
    assert str(RankBasis(248, 272, 1, is_immature=True)) == (
        "ranked on 248 bars of 1 era, 272 more have no value: immature"
    )
    assert str(RankBasis(1, 0, 2, is_immature=True)) == (
        "ranked on 1 bar of the last of 2 eras with bars: immature"
    )
    assert str(RankBasis(1782, 0, 3, is_immature=False)) == (
        "ranked on 1,782 bars of the last of 3 eras with bars"
    )


def test_the_latest_states_have_the_basis_of_their_bar() -> None:
    ranks = with_basis(_ranks([True, True, True]), "1day", _ERAS)
    latest = ranks.select("timeframe", "ts").tail(1)

    assert with_latest_basis(latest, [ranks])["rank_bars"].to_list() == [3]
    assert with_latest_basis(latest, []).equals(without_basis(latest))
