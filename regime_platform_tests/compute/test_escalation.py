"""Escalation: golden answers, the rules written out, no look-ahead, eras and buckets."""

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regime_platform.compute.eras import eras
from regime_platform.compute.eras.eras import FIXED_ERAS, Era, era_class, legacy_eras
from regime_platform.compute.escalation import (
    COMPONENTS,
    action,
    buckets,
    escalation_columns,
    escalation_series,
    raw_components,
    thresholds,
)
from regime_platform.compute.params import DEFAULT_PARAMS, Params
from regime_platform.compute.results import columns_frame
from regime_platform.model.result_schema import ESCALATION_BUCKETS, ESCALATION_SCHEMA
from regime_platform_tests.reference import escalation_reference as reference
from regime_platform_tests.reference.golden_inputs import (
    GOLDEN,
    escalation_inputs,
    golden_frame,
)

SERIES = {
    "msft_1day": ("MSFT", "US_EQUITY"),
    "spy_erafile_1day": ("SPY", None),
    "aapl_1week": ("AAPL", "US_EQUITY"),
    "quirks_1day": ("QUIRKA", None),
    "synth_15min": ("QQQ", None),
    "eurusd_1h": ("EURUSD", "FX"),
}
EARLY = Params(
    tuple(
        (name, replace(params, component_min_members=30))
        for name, params in DEFAULT_PARAMS.by_timeframe
    )
)
DAY_US = 86_400_000_000


def _escalation(
    inputs: Sequence[npt.NDArray[np.float64]],
    timeframe: str = "1day",
    params: Params = DEFAULT_PARAMS,
) -> dict[str, npt.NDArray[np.float64]]:
    return escalation_series(raw_components(*inputs), len(inputs[0]), timeframe, params)


def golden_eras(series: str) -> tuple[Era, ...]:
    name = era_class(*SERIES[series]).name
    if "erafile" not in series or name is None:
        return FIXED_ERAS
    return legacy_eras((GOLDEN / "erafile.csv").read_text(), name) or FIXED_ERAS


@pytest.mark.parametrize("series", SERIES)
def test_every_golden_escalation_row_is_met(series: str) -> None:
    golden = golden_frame(series, "escalation")
    timeframe = series.rpartition("_")[2]

    own = _escalation(escalation_inputs(series), timeframe)
    ts_us = golden["ts"].to_physical().to_numpy()
    columns = escalation_columns(own["esc_raw"], ts_us, timeframe, golden_eras(series))

    assert words(columns["esc_bucket"]) == golden["esc_bucket"].to_list()
    floats = [name for name in golden.columns if name.startswith("esc_") and name != "esc_bucket"]
    for name in floats:
        np.testing.assert_allclose(
            {**own, **columns}[name],
            golden[name].to_numpy(),
            rtol=0,
            atol=1e-9,
            err_msg=name,
        )


@pytest.mark.parametrize("series", SERIES)
def test_actions_and_thresholds_are_those_of_the_golden_states(series: str) -> None:
    names = ("escalation_bucket", "escalation_action", "escalation_bucket_thresholds")
    seen = golden_frame(series, "state").select(*names).unique()

    for bucket, advised, limits in seen.iter_rows():
        assert action(bucket) == advised
        assert thresholds(bucket) == json.loads(limits)


def words(buckets: npt.NDArray[np.uint8]) -> list[str]:
    return [ESCALATION_BUCKETS[code] for code in buckets]


@st.composite
def five_inputs(draw: st.DrawFn, max_size: int = 140) -> list[npt.NDArray[np.float64]]:
    """Five series of one length with flat stretches, exact zeros and repeated values."""
    count = draw(st.integers(1, max_size))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    repeats = rng.random((5, count)) < draw(st.sampled_from([0.0, 0.5, 0.97]))
    values = np.round(rng.random((5, count)), draw(st.sampled_from([1, 17])))
    for j in range(1, count):
        values[:, j] = np.where(repeats[:, j], values[:, j - 1], values[:, j])
    values[3:] += 100
    return list(values)


@settings(deadline=None)
@given(inputs=five_inputs())
def test_components_and_their_mean_agree_with_the_rules_written_out(
    inputs: list[npt.NDArray[np.float64]],
) -> None:
    raw = reference.raw_components(*(values.tolist() for values in inputs))
    wanted = reference.escalation(raw, 30)

    result = _escalation(inputs, params=EARLY)

    assert list(result) == ["esc_raw", *COMPONENTS]
    for values, expected in zip(result.values(), wanted, strict=True):
        # numba may not reorder, so the bits agree, not only the ranks
        np.testing.assert_array_equal(values, expected[: len(inputs[0])])


@settings(deadline=None)
@given(inputs=five_inputs(300), data=st.data())
def test_escalation_uses_no_later_bar(
    inputs: list[npt.NDArray[np.float64]], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(1, len(inputs[0])))

    whole = _escalation(inputs, params=EARLY)
    prefix = _escalation([values[:cut] for values in inputs], params=EARLY)

    for name, values in prefix.items():
        np.testing.assert_array_equal(whole[name][:cut], values)


RAW = st.one_of(st.sampled_from([0.25, 0.5, np.nan]), st.floats(0, 1))


@settings(deadline=None)
@given(
    esc_raw=st.lists(RAW, min_size=1, max_size=300),
    edges=st.lists(st.tuples(st.integers(-5, 310), st.integers(-5, 310)), max_size=4),
    timeframe=st.sampled_from(["1day", "1week"]),
)
def test_era_columns_agree_with_the_rules_written_out_overlaps_and_gaps_included(
    esc_raw: list[float], edges: list[tuple[int, int]], timeframe: str
) -> None:
    constants = DEFAULT_PARAMS.at(timeframe)
    ts_us = np.arange(len(esc_raw)) * DAY_US
    spans = [(first * DAY_US, last * DAY_US) for first, last in edges]
    wanted = reference.within_eras(
        esc_raw, ts_us.tolist(), spans, constants.min_members, constants.year_bars
    )

    chosen = tuple(Era(index, *span) for index, span in enumerate(spans))
    columns = escalation_columns(np.array(esc_raw), ts_us, timeframe, chosen)

    names = ("esc_pctl_era", "esc_pctl_era_confidence", "esc_pctl_era_adj")
    for name, expected in zip(names, wanted, strict=True):
        np.testing.assert_array_equal(columns[name], expected)
    np.testing.assert_array_equal(columns["esc_pctl"], wanted[2])


@settings(deadline=None)
@given(
    esc_raw=st.lists(st.floats(0, 1), min_size=1, max_size=300),
    data=st.data(),
    timeframe=st.sampled_from(["15min", "1day", "1week"]),
)
def test_percentile_columns_use_no_later_bar(
    esc_raw: list[float], data: st.DataObject, timeframe: str
) -> None:
    cut = data.draw(st.integers(1, len(esc_raw)))
    ts_us = np.arange(len(esc_raw)) * DAY_US + eras.midnight_us(dt.date(2019, 11, 1))
    raw = np.array(esc_raw)

    whole = escalation_columns(raw, ts_us, timeframe, FIXED_ERAS)
    prefix = escalation_columns(raw[:cut], ts_us[:cut], timeframe, FIXED_ERAS)

    assert pl.DataFrame(whole).head(cut).equals(pl.DataFrame(prefix), null_equal=True)


def test_the_columns_are_those_of_the_escalation_table() -> None:
    own = _escalation([np.ones(3)] * 5)
    columns = escalation_columns(own["esc_raw"], np.arange(3), "1day", FIXED_ERAS)

    frame = columns_frame("escalation_history_v3", {**own, **columns})

    keys = {"symbol", "timeframe", "ts"}
    assert dict(frame.schema) == {n: d for n, d in ESCALATION_SCHEMA.items() if n not in keys}


def test_only_weekly_bars_have_the_short_windows() -> None:
    raw, ts_us = np.random.default_rng(3).random(300), np.arange(300)

    daily = escalation_columns(raw, ts_us, "1day", FIXED_ERAS)
    weekly = escalation_columns(raw, ts_us, "1week", FIXED_ERAS)

    for window in (52, 104, 260):
        assert np.isnan(daily[f"esc_pctl_{window}"]).all()
        assert np.isnan(weekly[f"esc_pctl_{window}"]).sum() == window - 1


def test_the_first_escalation_value_is_at_bar_272() -> None:
    rng = np.random.default_rng(4)

    raw = _escalation(list(rng.random((5, 300))))["esc_raw"]

    assert np.flatnonzero(~np.isnan(raw))[0] == 272


def test_a_flat_tape_has_no_rise_and_ranks_as_a_tie() -> None:
    flat = [np.full(400, 0.1)] * 3 + [np.full(400, 0.3)] * 2

    result = _escalation(flat)

    # 369 members from t = 11 on, all equal: (0 + 370/2) over 380
    assert {result[name][-1] for name in COMPONENTS} == {185 / 380}


def test_bucket_edges_are_inclusive_and_a_missing_percentile_is_na() -> None:
    codes = buckets(np.array([np.nan, 0.0, 0.5999, 0.60, 0.8499, 0.85, 1.0]))

    assert words(codes) == ["NA", "LOW", "LOW", "MED", "MED", "HIGH", "HIGH"]


def test_raw_components_are_those_of_the_rules_written_out() -> None:
    inputs = np.random.default_rng(6).random((5, 90)) + 0.1

    components = raw_components(*inputs)

    expected = reference.raw_components(*inputs.tolist())
    for component, plain in zip(components, expected, strict=True):
        np.testing.assert_array_equal(component, plain)


def test_constant_series_do_not_rise_or_fall() -> None:
    components = raw_components(*np.full((5, 60), 0.3))

    assert (components[0][11:] == 0.3).all()
    assert all((component[11:] == 0.0).all() for component in components[1:])
