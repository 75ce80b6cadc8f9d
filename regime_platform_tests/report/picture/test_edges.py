"""The edges of a metric are those of the rules that decide."""

import pytest

from regime_platform.model.result_schema import STATE_SCHEMA
from regime_platform.report.picture.edges import edges_of
from regime_platform.report.picture.picture import METRIC_NAMES


def test_the_edges_of_the_bias_are_named_by_what_they_give() -> None:
    shown = [str(edge) for edge in edges_of("market_bias")]

    assert shown[0] == "≥ 0.55 trending bull"
    assert shown[-1] == "≤ -0.55 trending bear"
    assert "> 0.2 bias bullish" in shown
    assert {"≤ 0.25 chop risk", "≥ -0.25 chop risk"} < set(shown)  # of its absolute value


def test_a_rule_on_the_greater_breakout_is_one_on_both() -> None:
    assert edges_of("breakout_up") == edges_of("breakout_down") != ()


@pytest.mark.parametrize("metric", METRIC_NAMES)
def test_every_metric_is_stored_and_its_edges_are_within_its_axis(metric: str) -> None:
    assert metric in STATE_SCHEMA
    assert all(-1 <= edge.value <= 1 for edge in edges_of(metric))
