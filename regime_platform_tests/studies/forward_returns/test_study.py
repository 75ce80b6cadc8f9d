import datetime as dt
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest

from regime_platform.model.result_schema import REGIME_LABELS
from regime_platform.studies.forward_returns import study
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.result import StudyTable, SymbolStudy
from regime_platform.studies.series import StudySeries
from regime_platform_tests.studies.small_series import BULL, random_closes, runs, small_series

HORIZON = 5
BARS = 1200
SPLIT = dt.datetime(2002, 6, 3, tzinfo=dt.UTC)
OPTIONS = StudyOptions(horizon=HORIZON, draws=99, split=SPLIT)
PANIC = REGIME_LABELS.index("PANIC_RISK")


@pytest.fixture(scope="module")
def high() -> npt.NDArray[np.bool_]:
    return runs(2, BARS, 12, 0.2)


@pytest.fixture(scope="module")
def series(high: npt.NDArray[np.bool_]) -> StudySeries:
    """Moves after HIGH are twice as large; the rank of the first 100 bars is immature."""
    returns = np.diff(np.log(random_closes(1, BARS + 1))) * np.where(np.roll(high, 1), 2, 1)
    immature = np.arange(BARS) < 100
    panic = runs(5, BARS, 12, 0.2)
    regime = np.where(panic, PANIC, BULL).astype(np.int8)
    return small_series(100 * np.exp(np.cumsum(returns)), high, is_immature=immature, regime=regime)


@pytest.fixture(scope="module")
def answer(series: StudySeries) -> SymbolStudy:
    return study.of(series, {}, OPTIONS)


def table(answer: SymbolStudy, key: str) -> StudyTable:
    return next(each for each in answer.tables if each.key == key)


def row(frame: pl.DataFrame, **values: str) -> dict[str, Any]:
    return frame.row(
        by_predicate=pl.all_horizontal(*(pl.col(k) == v for k, v in values.items())), named=True
    )


def test_a_row_has_the_distribution_of_its_bars(
    answer: SymbolStudy, series: StudySeries, high: npt.NDArray[np.bool_]
) -> None:
    closes = series.close
    lowest = [min(closes[t + 1 : t + 6].min() / closes[t] - 1, 0) for t in range(BARS - HORIZON)]
    values = np.array(lowest)
    mature = np.arange(BARS - HORIZON) >= 100
    inside, rest = high[: BARS - HORIZON] & mature, ~high[: BARS - HORIZON] & mature

    shown = row(table(answer, "tests").rows, outcome="drawdown", group="HIGH")

    assert shown["bars"] == inside.sum()
    assert shown["mean"] == pytest.approx(values[inside].mean())
    assert [shown[key] for key in ("q05", "q25", "q50", "q75", "q95")] == pytest.approx(
        np.quantile(values[inside], (0.05, 0.25, 0.5, 0.75, 0.95)).tolist()
    )
    assert shown["difference"] == pytest.approx(values[inside].mean() - values[rest].mean())
    assert answer.left_out == 100


def test_regimes_need_no_rank_and_are_set_against_all_other_bars(
    answer: SymbolStudy, series: StudySeries
) -> None:
    returns = series.close[HORIZON:] / series.close[:-HORIZON] - 1
    panic = series.regime[:-HORIZON] == PANIC

    shown = row(table(answer, "return").rows, group="panic risk")

    assert shown["bars"] == panic.sum()
    assert shown["difference"] == pytest.approx(returns[panic].mean() - returns[~panic].mean())


def test_what_was_planted_is_concluded_and_what_was_not_is_not(answer: SymbolStudy) -> None:
    conclusions = {each.key: each for each in answer.conclusions}

    assert conclusions["abs_move_HIGH"].is_significant
    assert conclusions["abs_move_HIGH"].statement.startswith(
        "After HIGH the largest absolute move within 5 bars is larger than after other bars"
    )
    assert conclusions["abs_move_PANIC_RISK"].statement.startswith("No evidence that after panic")
    assert conclusions["abs_move_SHOCK"].statement.startswith("Too few to say")


def test_p_values_are_corrected_over_the_rows_of_buckets_and_of_regimes(
    answer: SymbolStudy,
) -> None:
    frame = table(answer, "tests").rows.filter(pl.col("outcome") == "largest absolute move")
    for groups in (("LOW", "HIGH"), ("panic risk", "trending bull")):
        rows = frame.filter(pl.col("group").is_in(groups)).sort("p_value")
        # Benjamini and Yekutieli of two: the factor 1 + 1/2
        lowest, highest = rows["p_value"]
        expected = [min(1.5 * 2 * lowest, 1.5 * highest, 1), min(1.5 * highest, 1)]
        assert rows["p_adjusted"].to_list() == pytest.approx(expected)


def test_the_split_parts_share_no_window(
    answer: SymbolStudy, series: StudySeries, high: npt.NDArray[np.bool_]
) -> None:
    at = int(np.argmax(series.ts >= np.datetime64("2002-06-03")))
    move = np.array(
        [
            np.abs(series.close[t + 1 : t + 6] / series.close[t] - 1).max()
            for t in range(BARS - HORIZON)
        ]
    )
    before, after = np.arange(100, at - HORIZON), np.arange(at, BARS - HORIZON)

    shown = row(table(answer, "split").rows, outcome="Move", group="HIGH")

    for name, part in (("in", before), ("out", after)):
        effect = move[part][high[part]].mean() - move[part][~high[part]].mean()
        assert shown[f"{name}_effect"] == pytest.approx(effect)
    assert shown["is_same_sign"] == "yes"
    keys = [each.key for each in answer.conclusions]
    assert len({*keys}) == len(keys)  # what counts symbols by key counts none twice
    (later,) = (each for each in answer.conclusions if each.key == "abs_move_HIGH_after_split")
    assert later.effect == shown["out_effect"]
    assert "from 2002-06-03 on, after HIGH" in later.statement.lower().replace("high", "HIGH")


def test_the_same_series_gives_the_same_answer(answer: SymbolStudy, series: StudySeries) -> None:
    again = study.of(series, {}, OPTIONS)

    assert again.document() == answer.document()


def test_symbols_are_counted_beside_their_placebos(series: StudySeries) -> None:
    options = replace(OPTIONS, split=None, draws=49)
    answers = [study.of(replace(series, symbol=name), {}, options) for name in ("A", "B")]

    (counts,), conclusions = study.pooled(answers, options)

    shown = row(
        counts.rows,
        claim="Move after HIGH",
    )
    assert (shown["tested"], shown["significant"], shown["positive"]) == (2, 2, 1)
    assert shown["placebos"] <= 1
    assert [each.key for each in conclusions][:3] == [
        "return_HIGH",
        "abs_move_HIGH",
        "drawdown_HIGH",
    ]


def test_a_series_without_any_rank_or_any_regime_says_so(series: StudySeries) -> None:
    bare = replace(
        series,
        rank=np.full(BARS, np.nan),
        bucket=np.zeros(BARS, np.int8),
        regime=np.full(BARS, -1, np.int8),
    )

    answer = study.of(bare, {}, replace(OPTIONS, split=None))

    assert all(each.is_too_few for each in answer.conclusions)
    assert answer.document()["conclusions"][0]["effect"] is None
