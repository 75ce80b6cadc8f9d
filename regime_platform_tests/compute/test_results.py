"""The latest row of all series of a symbol."""

import datetime as dt
import json

import pytest

from regime_platform.compute.results import latest_state
from regime_platform.model.result_schema import LATEST_SCHEMA
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
