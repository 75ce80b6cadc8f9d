"""The classifier against the golden vectors and against the rules written out bar by bar."""

import json
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regime_platform.compute.classifier.classifier import classify
from regime_platform.compute.classifier.label import TRANSITION
from regime_platform.compute.classifier.quality import Bar, Quality
from regime_platform.compute.classifier.tags import tag_mask, tag_text
from regime_platform.compute.kernels import compile_kernels
from regime_platform.compute.results import columns_frame
from regime_platform.model.result_schema import STATE_SCHEMA
from regime_platform_tests.examples import examples
from regime_platform_tests.reference import classifier_reference as reference
from regime_platform_tests.reference.golden_inputs import CODES, classifier_frame, coded

SERIES = (
    *("msft_1day", "spy_erafile_1day", "ibm320_1day", "aapl_1week"),
    *("quirks_1day", "synth_15min", "eurusd_1h"),
)
WORDS = ("regime_label", "regime_bias", "risk_posture")
LISTS = ("strategy_tags", "regime_reasons", "regime_reasons_top")


def classified(frame: pl.DataFrame) -> pl.DataFrame:
    return columns_frame("state_history", classify(coded(frame)))


@pytest.mark.parametrize("source", ["classifier_vectors", *SERIES])
def test_every_golden_classification_is_met(source: str) -> None:
    golden = classifier_frame(source)

    result = classified(golden)

    for name in WORDS:
        assert result[name].cast(pl.String).to_list() == golden[f"classification.{name}"].to_list()
    for name in LISTS:
        wanted = [",".join(json.loads(text)) for text in golden[f"classification.{name}"]]
        assert result[name].to_list() == wanted
    off = (result["confidence"] - golden["classification.confidence"]).abs().max()
    assert off == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("source", ["classifier_vectors", "msft_1day"])
def test_summaries_are_derived_as_stored(source: str) -> None:
    golden = classifier_frame(source)
    result = classified(golden)

    conviction = pl.col("strategy_tags").str.extract(r"(\w+_CONVICTION)$")
    derived = (
        result.select(pl.concat_str(*WORDS, conviction, separator=" | ")).to_series().to_list()
    )

    assert derived == golden["classification.summary"].to_list()


def _inputs() -> st.SearchStrategy[dict[str, Any]]:
    grid = st.integers(0, 20).map(lambda step: step * 0.05)
    unit = st.one_of(grid, st.floats(0, 1))
    signed = st.one_of(grid, grid.map(lambda x: -x), st.floats(-1, 1), st.just(1e-9))
    names = ("instability_index", "downside_shock_risk", "risk_level", "ii", "vrs", "lq")
    return st.fixed_dictionaries(
        {
            **dict.fromkeys(("market_bias", "structural_score", "asymmetry_metric"), signed),
            **dict.fromkeys((*names, "breakout_up", "breakout_down"), unit),
            **{name: st.sampled_from(words) for name, words in CODES.items()},
        }
    )


@pytest.mark.slow
@examples(80)
@given(bars=st.lists(_inputs(), min_size=1, max_size=20))
def test_the_kernel_agrees_with_the_rules_written_out(bars: list[dict[str, Any]]) -> None:
    result = classified(pl.DataFrame(bars))

    for bar, row in zip(bars, result.to_dicts(), strict=True):
        wanted = reference.classify(bar)
        for name in LISTS:
            wanted[name] = ",".join(wanted[name])
        assert row == {**wanted, "confidence": pytest.approx(wanted["confidence"], abs=1e-12)}


def test_the_columns_are_those_of_the_state_table() -> None:
    result = classified(classifier_frame("ibm320_1day"))

    assert dict(result.schema) == {name: STATE_SCHEMA[name] for name in result.columns}


def test_no_bars_give_no_rows() -> None:
    empty = classified(classifier_frame("ibm320_1day").clear())

    assert empty.height == 0
    assert dict(empty.schema) == {name: STATE_SCHEMA[name] for name in empty.columns}


@pytest.mark.parametrize(
    ("confidence", "wanted"),
    [(0.75, "HIGH"), (0.7499, "MEDIUM"), (0.4501, "MEDIUM"), (0.45, "LOW")],
)
def test_conviction_has_inclusive_edges(confidence: float, wanted: str) -> None:
    compile_kernels()
    quality = Quality(0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, confidence)

    mask = tag_mask(TRANSITION, Bar(*[0.0] * 11), quality)

    assert tag_text(mask).endswith(f",{wanted}_CONVICTION")
