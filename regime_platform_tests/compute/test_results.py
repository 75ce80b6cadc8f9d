"""Columns become frames of their tables; the latest row of all series of a symbol."""

import datetime as dt
import json

import numpy as np
import polars as pl
import pytest

from regime_platform.compute.results import columns_frame, latest_state, words_of
from regime_platform.model.result_schema import LATEST_SCHEMA, STATE_SCHEMA
from regime_platform_tests.compute.golden_series import SERIES, golden_result
from regime_platform_tests.reference.golden_inputs import GOLDEN


@pytest.mark.parametrize("series", SERIES)
def test_the_latest_row_is_the_golden_one(series: str) -> None:
    golden = json.loads((GOLDEN / f"{series}.latest.json").read_text())

    latest = latest_state({"any": golden_result(series)})

    assert latest.schema == LATEST_SCHEMA
    assert latest.height == len(golden)
    for row, expected in zip(latest.iter_rows(named=True), golden, strict=True):
        assert row["ts"] == dt.datetime.fromisoformat(expected["asof"]).replace(tzinfo=dt.UTC)
        assert row["hazard_score"] == pytest.approx(expected["hazard_score"], abs=1e-9)
        assert row["cross_tf_consensus"] == pytest.approx(expected["cross_tf_consensus"], abs=1e-9)


def test_the_regime_of_the_latest_row_began_where_its_label_last_changed() -> None:
    result = golden_result("aapl_1week")
    labels = result.state["regime_label"].to_list()
    run = next((k for k, label in enumerate(reversed(labels)) if label != labels[-1]), len(labels))

    latest = latest_state({"1week": result})

    assert latest["regime_bars"].to_list() == [run]
    assert latest["regime_since"].to_list() == [result.state["ts"][-run]]


def test_the_consensus_is_the_mean_over_timeframes_that_know_their_percentile() -> None:
    results = {
        "1day": golden_result("msft_1day"),
        "1week": golden_result("aapl_1week"),
        "1h": golden_result("ibm320_1day"),
        "4h": golden_result("fb196_1day"),
    }
    known = [results[name].escalation["esc_pctl"][-1] for name in ("1day", "1week")]

    latest = latest_state(results)

    assert latest["cross_tf_consensus"].to_list() == [sum(known) / 2, sum(known) / 2, None]
    assert latest["hazard_score"].to_list() == [100 * known[0], 100 * known[1], None]
    assert latest["esc_pctl"].to_list() == [*known, None]


def test_no_series_at_all_gives_no_latest_row() -> None:
    assert latest_state({}).is_empty()


def test_columns_come_in_the_order_and_types_of_their_table() -> None:
    names = [name for name in STATE_SCHEMA if STATE_SCHEMA[name] == pl.Float64()][:2]
    given = {name: np.array([0.5, np.nan]) for name in reversed(names)}

    frame = columns_frame("state_history", given)

    assert frame.schema == {name: pl.Float64() for name in names}
    assert frame[names[0]].to_list() == [0.5, None]


def test_words_are_made_once_per_distinct_mask() -> None:
    asked = []

    def text(mask: int) -> str:
        asked.append(mask)
        return f"mask {mask}"

    (words,) = words_of(np.array([4, 1, 4, 4]), text)

    assert asked == [1, 4]
    assert words.texts.gather(words.positions).to_list() == ["mask 4", "mask 1", "mask 4", "mask 4"]
