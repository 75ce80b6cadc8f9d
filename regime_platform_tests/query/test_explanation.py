"""Explanations reproduce the stored numbers by plain counting."""

import datetime as dt
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from regime_platform.compute.engine import compute_series, computed_bars
from regime_platform.compute.eras.eras import FIXED_ERAS, EraChoice
from regime_platform.compute.params import DEFAULT_PARAMS
from regime_platform.errors import ResultsError
from regime_platform.query.explanation import SeriesRows, explanation, explanation_document
from regime_platform_tests.error_codes import raises

GOLDEN = Path(__file__).parent.parent / "golden"


MSFT = "msft_1day"


def _rows(name: str) -> SeriesRows:
    timeframe = name.rpartition("_")[2]
    bars = pl.read_parquet(GOLDEN / f"{name}.bars.parquet")
    used = computed_bars(bars.with_columns(pl.col("ts").dt.replace_time_zone("UTC")))
    choice = EraChoice(FIXED_ERAS, "fixed-1", "test")
    result = compute_series(used, symbol="X", timeframe=timeframe, eras=choice.eras)
    return SeriesRows("X", timeframe, used, result.escalation, result.state, choice, DEFAULT_PARAMS)


@pytest.fixture(scope="module")
def msft() -> SeriesRows:
    return _rows(MSFT)


def _last(rows: SeriesRows) -> dt.datetime:
    last: dt.datetime = rows.bars["ts"][-1]
    return last


@pytest.mark.parametrize("name", [MSFT, "aapl_1week", "quirks_1day", "synth_15min", "ibm320_1day"])
def test_explanation_gives_the_golden_numbers(name: str) -> None:
    rows = _rows(name)
    golden = pl.read_parquet(GOLDEN / f"{name}.escalation.parquet")
    before = rows.bars.height - rows.state.height

    for place in range(before, rows.bars.height, 97):
        explained = explanation(rows, rows.bars["ts"][place])

        assert explained.wrong == ()
        assert explained.bars_used.count == place + 1
        assert (explained.escalation is None) == golden.is_empty()
        if explained.escalation is not None:
            expected = golden["esc_pctl_era"][place]
            rank = explained.escalation.rank_in_era
            assert (rank is None) == (expected is None)
            assert rank is None or rank.percentile == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("escalation", "esc_pctl", 0.93),
        ("escalation", "esc_raw", 0.93),
        ("escalation", "esc_shock_level", 0.93),
        ("escalation", "esc_pctl_era", 0.93),
        ("state", "regime_label", "SHOCK"),
        ("state", "regime_bias", "BULLISH"),
        ("state", "risk_posture", "RISK_ON"),
    ],
)
def test_changed_number_is_named(msft: SeriesRows, table: str, column: str, value: object) -> None:
    frame: pl.DataFrame = getattr(msft, table)
    is_last = pl.int_range(pl.len()) == pl.len() - 1
    kept = pl.when(is_last).then(pl.lit(value)).otherwise(column).cast(frame.schema[column])
    other: dict[str, Any] = {table: frame.with_columns(kept.alias(column))}
    changed = replace(msft, **other)

    explained = explanation(changed, _last(msft))

    assert explanation(msft, _last(msft)).wrong == ()
    assert any(mismatch.startswith(column) for mismatch in explained.wrong)


def test_later_bars_have_no_effect(msft: SeriesRows) -> None:
    place = 1200
    ts = msft.bars["ts"][place]
    shorter = replace(
        msft,
        bars=msft.bars[: place + 1],
        escalation=msft.escalation[: place + 1],
        state=msft.state.filter(pl.col("ts") <= ts),
    )

    assert explanation(shorter, ts) == explanation(msft, ts)


def test_missing_bar_is_named_with_its_neighbours(msft: SeriesRows) -> None:
    saturday = dt.datetime(2013, 2, 23, tzinfo=dt.UTC)

    with raises(
        ResultsError, "no-such-bar", match=r"nearest open at 2013-02-22T.* and 2013-02-25T"
    ):
        explanation(msft, saturday)
    with raises(ResultsError, "no-state"):
        explanation(msft, msft.bars["ts"][19])
    behind = replace(msft, state=msft.state[:-1], escalation=msft.escalation[:-1])
    with raises(ResultsError, "no-state", match="its results end 2013-02-28"):
        explanation(behind, _last(msft))


def test_numbers_outside_json_are_null(msft: SeriesRows) -> None:
    explained = explanation(msft, _last(msft))

    document = explanation_document(
        replace(explained, metrics={"cms": math.nan, "er": 1.0}, bar={"close": math.inf})
    )

    assert document["metrics"] == {"cms": None, "er": 1.0}
    assert document["bar"] == {"close": None}
