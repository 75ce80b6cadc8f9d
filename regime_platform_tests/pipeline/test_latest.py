"""The mean escalation leaves out blocked timeframes as it does those without an escalation."""

import pytest

from regime_platform.compute.engine import compute_series
from regime_platform.compute.eras.eras import FIXED_ERAS
from regime_platform.compute.results import SeriesResult, latest_state
from regime_platform.pipeline.latest import latest_states
from regime_platform_tests.builders import make_bars


@pytest.fixture(scope="module")
def results() -> dict[str, SeriesResult]:
    """Three timeframes with an escalation each."""
    return {
        timeframe: compute_series(
            make_bars(400, timeframe, seed=seed), symbol="A", timeframe=timeframe, eras=FIXED_ERAS
        )
        for seed, timeframe in enumerate(("4h", "1day", "1week"))
    }


def test_the_mean_is_that_of_the_others_and_a_blocked_timeframe_has_none(
    results: dict[str, SeriesResult],
) -> None:
    whole = latest_state(results)
    mean = "cross_tf_consensus"

    rows = latest_states(results, ["1day"])

    others = (whole["esc_pctl"][0] + whole["esc_pctl"][2]) / 2
    assert rows[mean].to_list() == [others, None, others]
    assert rows.drop(mean).equals(whole.drop(mean))


@pytest.mark.parametrize("left_out", [(), ("15min",)], ids=["none", "one without bars"])
def test_nothing_changes_where_no_result_is_left_out(
    results: dict[str, SeriesResult], left_out: tuple[str, ...]
) -> None:
    assert latest_states(results, left_out).equals(latest_state(results))


def test_no_mean_is_left_where_all_results_are_of_blocked_timeframes(
    results: dict[str, SeriesResult],
) -> None:
    rows = latest_states({"1day": results["1day"]}, ["1day"])

    assert rows["cross_tf_consensus"].to_list() == [None]
    assert rows["hazard_score"].null_count() == 0
