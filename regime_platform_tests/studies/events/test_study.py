"""`events` on a series with known events and signals: every rate is known by counting."""

import datetime as dt
import json
from dataclasses import replace

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from regime_platform.studies.events.study import of, pooled
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.result import SymbolStudy
from regime_platform_tests.studies.events.planted import BARS, planted_series
from regime_platform_tests.studies.events.rows import row_of, table_of
from regime_platform_tests.studies.small_series import random_closes, runs, small_series

OPTIONS = StudyOptions(draws=39, split=dt.datetime(2003, 1, 1, tzinfo=dt.UTC))
#: From the first bar with a year of ended windows to the last with a horizon after it.
TOTAL = (BARS - 20) - (252 + 20 - 1)
HIGH_BARS, HITS, FOLLOWED = 21, 15, 6 * 20


@pytest.fixture(scope="module")
def study() -> SymbolStudy:
    return of(planted_series(), {}, OPTIONS)


def test_detection_has_the_counted_rates(study: SymbolStudy) -> None:
    for kind in ("large move", "wide bar"):
        detection = table_of(study, f"detection_{kind.replace(' ', '_')}")
        high = row_of(detection, signal="HIGH")

        assert high["bars"] == HIGH_BARS
        assert high["windows"] == 5
        assert high["precision"] == pytest.approx(HITS / HIGH_BARS)
        assert high["base_rate"] == pytest.approx(FOLLOWED / TOTAL)
        assert high["recall"] == pytest.approx(HITS / FOLLOWED)
        assert high["f1"] == pytest.approx(2 * HITS / (HIGH_BARS + FOLLOWED))
        assert high["lift"] == pytest.approx((HITS / HIGH_BARS) / (FOLLOWED / TOTAL))
        assert (high["lift_low"], high["lift_high"]) == (None, None)  # on six events
        shock = row_of(detection, signal="shock")
        assert (shock["bars"], shock["precision"], shock["lift_low"]) == (0, None, None)
        stress = row_of(detection, signal="shock or panic risk")
        assert (stress["bars"], stress["precision"]) == (7, pytest.approx(2 / 7))


def test_the_area_is_that_of_two_ranks(study: SymbolStudy) -> None:
    row = row_of(table_of(study, "rank"), event="large move")

    # HIGH ranks 0.9 and all other bars 0.3: ties count half
    true, false = HITS / FOLLOWED, (HIGH_BARS - HITS) / (TOTAL - FOLLOWED)
    assert row["auc"] == pytest.approx(0.5 + (true - false) / 2)
    assert row["windows"] == 6


def test_alarms_and_misses_are_counted_by_run_and_event(study: SymbolStudy) -> None:
    false = row_of(table_of(study, "false_alarms"), event="large move", signal="HIGH")
    missed = row_of(table_of(study, "missed"), event="large move", signal="HIGH")

    assert (false["runs"], false["false_share"]) == (5, pytest.approx(2 / 5))
    assert false["false_by_chance"] == pytest.approx(1 - FOLLOWED / TOTAL)
    assert (missed["events"], missed["missed_share"]) == (6, pytest.approx(3 / 6))


def test_parts_of_the_history_add_up_to_the_whole(study: SymbolStudy) -> None:
    series = planted_series()
    years = table_of(study, "years").rows
    periods = table_of(study, "periods").rows

    assert set(years["period"]) == {"2001", "2002", "2003"}
    assert set(periods["period"]) == {"in sample", "out of sample", "era 1"}
    # 2003 begins at bar 730; windows that reach into another part are in none
    outside = row_of(table_of(study, "periods"), period="out of sample", event="large move")
    at = int(np.searchsorted(series.ts, np.datetime64("2003-01-01")))
    assert outside["bars"] == 5 + 3
    assert outside["precision"] == pytest.approx(5 / 8)
    assert outside["base_rate"] == pytest.approx(40 / (BARS - 20 - at))


def test_what_rests_on_few_cases_is_not_called_significant(study: SymbolStudy) -> None:
    by_key = {each.key: each for each in study.conclusions}

    assert by_key["large-move-after-high"].statement.startswith("Too few to say whether large move")
    assert not any(each.is_significant for each in study.conclusions if each.windows < 10)
    assert "large-move-after-high-out-of-sample" in by_key
    json.dumps(study.document(), allow_nan=False)


def test_many_warned_crashes_are_significant_and_shuffled_warnings_are_not() -> None:
    crashes = range(330, 1_930, 100)
    warned = [(bar - 15, bar - 3) for bar in crashes]
    elsewhere = [
        (bar - 60 - 40 * (bar // 100 % 2), bar - 48 - 40 * (bar // 100 % 2)) for bar in crashes
    ]
    options = StudyOptions(draws=199)

    for high, expected in ((warned, True), (elsewhere, False)):
        series = planted_series(crashes, high, (), count=2_000)
        study = of(series, {}, options)
        conclusions = {each.key: each for each in study.conclusions}
        for key in ("wide-bar-after-high", "wide-bar-after-rank", "high-before-wide-bar"):
            each = conclusions[key]
            assert (each.is_significant and each.effect > 0) == expected, each.statement
        wide = conclusions["wide-bar-after-high"]
        assert (wide.p_value == 1) == (not expected), "fewer wide bars are no finding"
        assert "often" in wide.statement
        assert "less" not in wide.statement
        lift = row_of(table_of(study, "detection_wide_bar"), signal="HIGH")
        assert lift["lift_low"] <= lift["lift"] <= lift["lift_high"]
        assert (lift["lift_low"] > 1) == expected


def test_immature_ranks_are_left_out_unless_asked_for() -> None:
    series = planted_series()
    young = replace(series, is_immature=np.arange(BARS) < 600)

    few, all_bars = (
        of(young, {}, replace(OPTIONS, include_immature=included)) for included in (False, True)
    )

    assert (few.left_out, all_bars.left_out) == (600, 0)
    assert row_of(table_of(few, "detection_wide_bar"), signal="HIGH")["bars"] == 5 + 3
    assert row_of(table_of(all_bars, "detection_wide_bar"), signal="HIGH")["bars"] == 21


def test_series_without_ranks_or_with_few_bars_have_an_answer() -> None:
    series = planted_series()
    without = replace(series, rank=np.full(BARS, np.nan), bucket=np.zeros(BARS, np.int8))
    for each in (without, series.part(0, 22)):
        study = of(each, {}, OPTIONS)

        assert all(conclusion.is_too_few for conclusion in study.conclusions)
        json.dumps(study.document(), allow_nan=False)
        tables, _conclusions = pooled((study, replace(study, symbol="OTHER")), OPTIONS)
        # HIGH cannot come before a fall without ranks, and is not missed
        (falls,) = (table for table in tables if table.key == "falls")
        assert falls.rows["count"].to_list() == [0, 0]
    assert table_of(of(without, {}, OPTIONS), "crashes").rows["basis"].to_list() == ["none"]


def test_symbols_are_pooled_by_their_counts(study: SymbolStudy) -> None:
    quiet = of(planted_series(high=((450, 460),), symbol="QUIET"), {}, OPTIONS)

    tables, conclusions = pooled((study, quiet), OPTIONS)

    _moves, bars, rank, falls, symbols = tables
    high = row_of(bars, signal="HIGH")
    assert high["bars"] == HIGH_BARS + 10
    assert high["precision"] == pytest.approx(HITS / (HIGH_BARS + 10))
    assert high["recall"] == pytest.approx(HITS / (2 * FOLLOWED))
    assert high["base_rate"] == pytest.approx(FOLLOWED / TOTAL)
    assert set(symbols.rows["tested"]) == {0}
    assert rank.rows.height == 2
    assert falls.rows["count"].sum() == 2  # one long fall each
    again = pooled((study, quiet), OPTIONS)
    assert [each.document() for each in again[0]] == [each.document() for each in tables]
    assert [each.document() for each in again[1]] == [each.document() for each in conclusions]


def test_many_alarms_beside_a_single_large_move_are_not_tested_across_symbols() -> None:
    returns = np.diff(np.log(random_closes(1, 2501, 0.002)))
    returns[:400] *= 10
    returns[1500] = -0.4
    series = small_series(100 * np.exp(np.cumsum(returns)), runs(2, 2500, 10, 0.2))
    options = StudyOptions(draws=19)

    _tables, conclusions = pooled([of(series, {}, options)] * 2, options)

    by_key = {each.key: each for each in conclusions}
    moves = by_key["large-move-after-high"]
    assert (moves.is_too_few, moves.p_adjusted) == (True, None)
    assert np.isfinite(moves.p_value)
    tested = [each for each in conclusions if each.p_adjusted is not None]
    assert tested
    wanted = multipletests([each.p_value for each in tested], method="fdr_by")[1]
    assert [each.p_adjusted for each in tested] == pytest.approx(list(wanted))
