"""Forward labels: golden answers, the rules written out, and what an appended bar may change."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regime_platform.compute.labels import forward_labels
from regime_platform.compute.results import columns_frame
from regime_platform.model.result_schema import LABEL_SCHEMA
from regime_platform_tests.reference import escalation_reference as reference
from regime_platform_tests.reference.golden_inputs import golden_frame
from regime_platform_tests.reference.percentile_reference import expanding

PRICE = st.one_of(st.sampled_from([0.0, 1.0, 2.0, np.nan, np.inf]), st.floats(0.5, 200))
PRICES = st.lists(PRICE, min_size=1, max_size=300)


def label_frame(close: list[float], timeframe: str = "1day") -> pl.DataFrame:
    return columns_frame("forward_labels", forward_labels(np.array(close), timeframe))


@pytest.mark.parametrize(
    "series",
    ["msft_1day", "spy_erafile_1day", "aapl_1week", "quirks_1day", "synth_15min", "eurusd_1h"],
)
def test_every_golden_label_is_met(series: str) -> None:
    golden = golden_frame(series, "escalation")
    close = golden_frame(series, "bars")["close"].to_list()

    result = label_frame(close, series.rpartition("_")[2])

    np.testing.assert_allclose(
        result["fwd_absret_h"], golden["fwd_absret_h"].to_numpy(), rtol=0, atol=1e-9
    )
    assert result["event_flag"].cast(pl.Int64).to_list() == golden["event_flag"].to_list()
    assert result["event_severity"].to_list() == golden["event_severity"].to_list()


@settings(deadline=None)
@given(close=PRICES)
def test_labels_agree_with_the_rules_written_out(close: list[float]) -> None:
    forward = reference.largest_forward_return(close)
    graded = [reference.event(rank) for rank in expanding(forward, 63)]

    result = label_frame(close)

    np.testing.assert_array_equal(result["fwd_absret_h"], forward)
    flags = [None if np.isnan(f) else flag for f, (flag, _) in zip(forward, graded, strict=True)]
    assert result["event_flag"].to_list() == flags
    assert result["event_severity"].to_list() == [severity for _, severity in graded]


@settings(deadline=None)
@given(close=PRICES, later=st.floats(0.5, 200))
def test_an_appended_bar_changes_the_last_twenty_rows_at_most(
    close: list[float], later: float
) -> None:
    before, after = label_frame(close), label_frame([*close, later])

    settled = max(len(close) - 20, 0)
    assert after.head(settled).equals(before.head(settled), null_equal=True)
    assert before["is_mature"].to_list() == [i < settled for i in range(len(close))]


def test_the_columns_are_those_of_the_label_table() -> None:
    result = label_frame([1.0, 2.0, 1.5])

    assert dict(result.schema) == {name: LABEL_SCHEMA[name] for name in result.columns}


def test_a_mild_event_raises_no_flag() -> None:
    close = [*np.linspace(100, 100.9, 99), *([100.9] * 40)]
    close[-1] = 300.0

    result = label_frame(close)

    severe = result.filter(pl.col("event_severity") != "MILD")
    assert set(result.filter(pl.col("event_severity") == "MILD")["event_flag"]) <= {0}
    assert set(severe["event_flag"]) == {1}
