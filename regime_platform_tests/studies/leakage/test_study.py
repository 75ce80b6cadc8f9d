import datetime as dt
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

from regime_platform.studies.leakage import study
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.result import SymbolStudy
from regime_platform.studies.series import StudySeries
from regime_platform_tests.studies.small_series import random_closes, runs, small_series

HORIZON = 5
BARS = 1500
REACH = 20  # the longest shift
SPLIT = dt.datetime(2003, 1, 1, tzinfo=dt.UTC)
OPTIONS = StudyOptions(horizon=HORIZON, draws=99, split=SPLIT)


@pytest.fixture(scope="module")
def series() -> StudySeries:
    """Moves after HIGH are twice as large; a crash and a calm year."""
    high = runs(2, BARS, 10, 0.2)
    returns = np.diff(np.log(random_closes(1, BARS + 1))) * np.where(np.roll(high, 1), 2, 1)
    returns[900] = -0.4
    era = (np.arange(BARS) >= BARS - HORIZON).astype(np.int64)
    return small_series(100 * np.exp(np.cumsum(returns)), high, era=era)


@pytest.fixture(scope="module")
def answer(series: StudySeries) -> SymbolStudy:
    return study.of(series, {}, OPTIONS)


def rows(answer: SymbolStudy, key: str) -> pl.DataFrame:
    return next(each.rows for each in answer.tables if each.key == key)


def row(frame: pl.DataFrame, column: str, value: str) -> dict[str, Any]:
    return frame.row(by_predicate=pl.col(column) == value, named=True)


def moves_of(series: StudySeries) -> np.ndarray[Any, np.dtype[np.float64]]:
    close = series.close
    return np.array(
        [np.abs(close[t + 1 : t + 6] / close[t] - 1).max() for t in range(BARS - HORIZON)]
    )


def test_a_delayed_signal_stands_beside_later_windows(
    answer: SymbolStudy, series: StudySeries
) -> None:
    moves, high = moves_of(series), series.bucket == 3
    bars = np.arange(5 * HORIZON, BARS - HORIZON - REACH)  # volatility of 25 bars is known
    frame = rows(answer, "shifts")

    for title, shift in (("as it is", 0), ("1 bar later", 1), ("20 bars earlier", -20)):
        expected = moves[bars + shift][high[bars]].mean() - moves[bars + shift][~high[bars]].mean()
        shown = row(frame, "title", title)
        assert shown["abs_move"] == pytest.approx(expected)
        assert shown["abs_move_low"] < shown["abs_move"] < shown["abs_move_high"]
    as_it_is = row(frame, "title", "as it is")
    assert as_it_is["abs_move_placebos"] == 0  # planted
    assert as_it_is["return_placebos"] > 0.05


def test_the_effect_as_it_is_is_of_all_bars_with_an_outcome(
    answer: SymbolStudy, series: StudySeries
) -> None:
    moves, high = moves_of(series), series.bucket == 3
    bars = np.arange(5 * HORIZON, BARS - HORIZON)  # also the last ones, as in forward-returns

    expected = moves[bars][high[bars]].mean() - moves[bars][~high[bars]].mean()
    assert answer.conclusions[0].effect == pytest.approx(expected)
    shown = row(rows(answer, "controls_abs_move"), "control", "as it is")
    assert shown["effect"] == pytest.approx(expected)


def test_without_a_crisis_no_window_reaches_into_it(
    answer: SymbolStudy, series: StudySeries
) -> None:
    moves, high = moves_of(series), series.bucket == 3
    bars = np.arange(5 * HORIZON, BARS - HORIZON)
    events = bars[moves[bars] >= np.quantile(moves[bars], 0.95)]
    crisis = [895]
    for event in events:  # the crash at bar 900, and what touches it
        if event > crisis[-1] and event - crisis[-1] <= HORIZON:
            crisis.append(event)
    first = 895
    for event in events[::-1]:
        if event < first and first - event <= HORIZON:
            first = event
    calm = bars[(bars < first - HORIZON) | (bars > crisis[-1] + HORIZON)]

    shown = row(rows(answer, "crises"), "title", "without the largest crisis")

    expected = moves[calm][high[calm]].mean() - moves[calm][~high[calm]].mean()
    assert shown["abs_move"] == pytest.approx(expected)
    largest = rows(answer, "crisis_list").row(0, named=True)
    assert largest["bars"] == len(bars) - len(calm)
    assert largest["largest"] == pytest.approx(moves.max())


def test_a_year_is_left_out_whole(answer: SymbolStudy, series: StudySeries) -> None:
    moves, high = moves_of(series), series.bucket == 3
    bars = np.arange(5 * HORIZON, BARS - HORIZON)
    rest = bars[series.ts[bars].astype("datetime64[Y]") != np.datetime64("2002")]

    shown = row(rows(answer, "jackknife"), "year", "2002")

    expected = moves[rest][high[rest]].mean() - moves[rest][~high[rest]].mean()
    assert shown["abs_move"] == pytest.approx(expected)


def test_parts_share_no_window(answer: SymbolStudy, series: StudySeries) -> None:
    moves, high = moves_of(series), series.bucket == 3
    split = int(np.argmax(series.ts >= np.datetime64("2003-01-01")))
    after = np.arange(split, BARS - HORIZON)
    before = np.arange(5 * HORIZON, split - HORIZON)

    for title, bars in (("in sample", before), ("out of sample", after)):
        shown = row(rows(answer, "parts"), "title", title)
        assert shown["abs_move"] == pytest.approx(
            moves[bars][high[bars]].mean() - moves[bars][~high[bars]].mean()
        )
    eras = rows(answer, "parts").filter(pl.col("title").str.starts_with("era"))
    assert eras["abs_move"].null_count() == 1  # the second era has no bar that enters


def test_what_was_planted_lasts_and_is_no_look_ahead(answer: SymbolStudy) -> None:
    conclusions = {each.key: each for each in answer.conclusions}

    for key in ("abs_move_HIGH", "beyond_abs_move", "without_crises"):
        assert conclusions[key].is_significant, key
        assert conclusions[key].p_adjusted is not None
    for key in ("return_HIGH", "beyond_return", "look_ahead"):
        assert not conclusions[key].is_significant, key
    assert conclusions["look_ahead"].statement.startswith("No evidence that HIGH contains closes")


def test_a_planted_look_ahead_is_flagged(series: StudySeries) -> None:
    moves = np.concatenate((moves_of(series), np.zeros(HORIZON)))
    leaking = small_series(series.close, moves > np.quantile(moves, 0.85))

    answer = study.of(leaking, {}, OPTIONS)

    (flag,) = (each for each in answer.conclusions if each.key == "look_ahead")
    assert flag.is_significant
    assert flag.statement.startswith("HIGH contains closes after its own bar: +")


def test_symbols_are_pooled_and_the_same_bars_give_the_same_answer(series: StudySeries) -> None:
    options = replace(OPTIONS, draws=49)
    part = series.part(0, 700)
    answers = [study.of(replace(part, symbol=name), {}, options) for name in ("A", "B")]

    (counts,), conclusions = study.pooled(answers, options)

    assert counts.rows["tested"].to_list() == [2] * 6
    assert [each.key for each in conclusions] == ["abs_move_HIGH", "return_HIGH", "beyond_abs_move"]
    assert answers[0].document() == study.of(replace(part, symbol="A"), {}, options).document()


@pytest.mark.parametrize("bars", [22, 60])
def test_a_short_series_is_too_few_to_say(series: StudySeries, bars: int) -> None:
    answer = study.of(series.part(0, bars), {}, OPTIONS)

    assert answer.tables == ()
    assert all(each.is_too_few for each in answer.conclusions)
    assert study.pooled((answer, answer), OPTIONS)[0][0].rows["tested"].to_list() == [0] * 6


def test_controls_are_corrected_for_one_another(answer: SymbolStudy) -> None:
    plain = answer.conclusions[0]
    frame = rows(answer, "controls_abs_move")

    tested = frame["p_adjusted"].drop_nulls().len()
    least = sum(1 / count for count in range(1, tested + 1)) * plain.p_value
    assert tested > 1
    assert row(frame, "control", "as it is")["p_adjusted"] >= min(least, 1) * 0.999
