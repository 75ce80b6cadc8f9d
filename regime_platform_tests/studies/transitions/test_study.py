"""The study from outside: tables of made-up states, other timeframes, and symbols together."""

import datetime as dt
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from regime_platform.model.result_schema import REGIME_LABELS
from regime_platform.studies.result import StudyTable, SymbolStudy
from regime_platform.studies.transitions.study import of, pooled
from regime_platform.studies.transitions.timeframes import known_by
from regime_platform_tests.studies.small_series import HIGH, LOW, small_series
from regime_platform_tests.studies.transitions.chains import OPTIONS, chain, with_regimes

BULL, BEAR = (REGIME_LABELS.index(name) for name in ("TRENDING_BULL", "TRENDING_BEAR"))
FEW = replace(OPTIONS, draws=19)
LASTING = [[0.9, 0.05, 0.05], [0.05, 0.9, 0.05], [0.05, 0.05, 0.9]]


def rows(study: SymbolStudy | tuple[StudyTable, ...], key: str) -> dict[str, dict[str, Any]]:
    """The rows of a table by their first column."""
    tables = study.tables if isinstance(study, SymbolStudy) else study
    (table,) = [each for each in tables if each.key == key]
    return {str(row[table.columns[0].key]): row for row in table.rows.to_dicts()}


def test_the_tables_of_a_few_runs_by_hand() -> None:
    lengths = [3, 2, 4, 1, 6, 9, 1, 2, 5, 1]
    codes = np.repeat([BULL, BEAR] * 5, lengths)

    study = of(with_regimes(codes), {}, FEW)

    bull = rows(study, "regime_transitions")["TRENDING_BULL"]
    # 19 bars, of which 5 are the last of a run
    assert (bull["bars"], bull["TRENDING_BEAR"]) == (19, pytest.approx(5 / 19))
    assert rows(study, "regime_next")["TRENDING_BEAR"]["TRENDING_BULL"] == 1
    time = rows(study, "regime_time")
    # the first and the last run have no known beginning or end
    assert {name: time["TRENDING_BULL"][name] for name in ("runs", "median", "longest")} == {
        "runs": 4,
        "median": 4.5,
        "longest": 6,
    }
    assert time["TRENDING_BULL"]["expected"] == pytest.approx(19 / 5)
    assert time["TRENDING_BEAR"]["flicker"] == pytest.approx(3 / 4)
    assert time["TRENDING_BEAR"]["flicker_by_law"] == pytest.approx(1 - (1 - 4 / 14) ** 2)
    assert rows(study, "regime_survival")["TRENDING_BEAR"]["over_5"] == pytest.approx(
        (1 - 4 / 14) ** 5  # by law, the second row of the state
    )
    assert rows(study, "regime_by_year")["2000"]["TRENDING_BULL"] == pytest.approx(19 / 34)


def test_immature_ranks_are_no_states_unless_they_are_included() -> None:
    is_high = chain(1, LASTING, 200) == 0
    series = small_series(np.full(200, 1.0), is_high, is_immature=np.arange(200) < 50)

    without, with_them = (
        of(series, {}, replace(FEW, include_immature=included)) for included in (False, True)
    )

    shares = [rows(each, "bucket_time")["HIGH"]["share"] for each in (without, with_them)]
    assert shares == pytest.approx([is_high[50:].mean(), is_high.mean()])
    assert (without.left_out, with_them.left_out) == (50, 0)


def test_a_series_without_any_rank_has_regimes_only() -> None:
    codes = chain(1, LASTING, 200)
    nothing = np.full(200, np.nan)

    study = of(with_regimes(codes, rank=nothing, bucket=np.zeros(200, np.int8)), {}, FEW)

    assert rows(study, "regime_time")
    assert not rows(study, "bucket_time")
    assert all(each.is_too_few for each in study.conclusions if each.key.startswith("bucket"))


def test_a_week_is_known_once_it_is_over() -> None:
    days = small_series(np.ones(10), first="2024-01-01")  # a Monday
    weeks = replace(days.part(None, 2), timeframe="1week", ts=days.ts[[0, 5]])

    # the first week ends with its Sunday, so its state is known from the next Monday on
    assert known_by(days, weeks, np.array([4, 5])).tolist() == [-1] * 5 + [4] * 5
    assert known_by(weeks, days, np.arange(10)).tolist() == [4, 9]


def test_timeframes_are_compared_where_there_are_others() -> None:
    is_high = chain(2, LASTING, 600) == 0
    days = small_series(np.ones(600), is_high)
    weeks = replace(days.part(None, 120), timeframe="1week", ts=days.ts[::5])
    weeks = replace(weeks, bucket=np.where(is_high[4::5], HIGH, LOW).astype(np.int8))

    study = of(days, {"1week": weeks}, OPTIONS)

    (row,) = [row for row in rows(study, "agreement").values() if row["states"] == "buckets"]
    assert row["share"] > row["by_chance"]
    known = np.repeat(is_high[4::5], 5)[:-5]
    assert row["share"] == pytest.approx((known == is_high[5:]).mean())
    by_key = {each.key: each for each in study.conclusions}
    assert by_key["bucket_agrees_1week"].is_significant
    assert "agreement" not in {each.key for each in of(days, {}, FEW).tables}


def test_a_split_is_a_part_of_history_too() -> None:
    codes = chain(3, LASTING, 500)
    split = dt.datetime(2001, 1, 1, tzinfo=dt.UTC)

    study = of(with_regimes(codes), {}, replace(FEW, split=split))

    before = int((with_regimes(codes).ts < np.datetime64("2001-01-01")).sum())
    assert rows(study, "regime_by_sample")["in sample"]["bars"] == before
    assert any(each.key == "regime_by_sample" for each in study.conclusions)


def test_symbols_pool_their_counts_in_any_order() -> None:
    studies = [of(with_regimes(chain(k, LASTING, 400), f"S{k}"), {}, FEW) for k in range(3)]

    tables, conclusions = pooled(studies, FEW)
    again = pooled(studies[::-1], FEW)

    own = [rows(each, "regime_transitions")["SHOCK"] for each in studies]
    together = rows(tables, "regime_transitions")["SHOCK"]
    assert together["bars"] == sum(row["bars"] for row in own)
    stayed = sum(row["SHOCK"] * row["bars"] for row in own)
    assert together["SHOCK"] == pytest.approx(stayed / together["bars"])
    lengths = [rows(each, "regime_time")["SHOCK"] for each in studies]
    time = rows(tables, "regime_time")["SHOCK"]
    assert time["runs"] == sum(row["runs"] for row in lengths)
    assert time["longest"] == max(row["longest"] for row in lengths)
    assert [each.document() for each in conclusions] == [each.document() for each in again[1]]


def test_the_same_series_gives_the_same_bytes() -> None:
    series = with_regimes(chain(9, LASTING, 300))

    first, again = (of(series, {}, FEW) for _ in range(2))

    assert json.dumps(first.document()) == json.dumps(again.document())
