"""The engine on generated bars against the specification written out plainly.

Every stage is compared given what the engine itself stored for the stage before: key levels from
bars, metrics from bars and levels, classification from metrics, escalation from metrics. So each
rule is held to 1e-9 without the rounding of all rules before it, which ranks and decisions would
blow up; classification and escalation are then exact.

A label of section 5 may differ where the number that decides it is within 1e-9 of its threshold
in the reference, and only there: the specification does not fix the last bits of that number.
For the same reason a level may be on either side of a price that it equals, see `readings_of`.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, reject
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from regime_platform.compute.engine import compute_series, warm_up
from regime_platform.compute.eras.eras import FIXED_ERAS
from regime_platform.compute.params import DEFAULT_PARAMS
from regime_platform.compute.results import SeriesResult
from regime_platform.errors import BarsError
from regime_platform.model.result_schema import ESCALATION_SCHEMA, STATE_SCHEMA
from regime_platform_tests.examples import examples, is_thorough
from regime_platform_tests.reference import classifier_reference, escalation_reference
from regime_platform_tests.reference.key_levels_reference import WIDTH, selected, strong_levels
from regime_platform_tests.reference.metrics_reference import FIRST, Level, state
from regime_platform_tests.reference.percentile_reference import expanding, rolling
from regime_platform_tests.reference.primitives_reference import History
from regime_platform_tests.strategies import Series, series

CLOSE_ENOUGH = 1e-9
FLOATS = (
    *("price", "ema_fast", "ema_slow", "realized_vol", "market_bias", "risk_level", "vrs"),
    *("breakout_up", "breakout_down", "downside_shock_risk", "structural_score", "cms", "ii", "er"),
    *("lq", "instability_index", "asymmetry_metric"),
)
#: What decides each label, and where.
EDGES: dict[str, dict[str, tuple[float, ...]]] = {
    "vol_label": {"vrs": (0.25, 0.45, 0.70)},
    "vol_trend": {"vrs_change": (-0.03, 0.03)},
    "momentum_state": {"cms": (-0.55, -0.20, 0.20, 0.55), "ii": (0.50,)},
    "lq_label": {"lq": (0.40, 0.70)},
    "lq_trend": {"lq_change": (-0.05, 0.05)},
}
LISTS = ("strategy_tags", "regime_reasons", "regime_reasons_top")
COMPONENTS = [name for name in ESCALATION_SCHEMA if name.endswith(("_level", "_rise", "_fall"))]
BARS_OF_LEVELS = 50  # at most, per example
BARS_OF_STATE = 150  # likewise; the thorough profile asks for all


@pytest.fixture(autouse=True, scope="module")
def _kernels() -> None:
    warm_up()


def computed(drawn: Series) -> SeriesResult:
    """What the engine gives; bars it rightly refuses are not tried."""
    try:
        return compute_series(drawn.bars, symbol="XYZ", timeframe=drawn.timeframe, eras=FIXED_ERAS)
    except BarsError as error:
        if "average true range" not in str(error):
            raise
        reject()  # round numbers without end


def columns_of(drawn: Series) -> dict[str, np.ndarray[Any, np.dtype[np.float64]]]:
    """The columns of the bars that have a close."""
    kept = drawn.bars.filter(pl.col("close").is_not_nan())
    return {name: kept[name].to_numpy() for name in kept.columns if name != "ts"}


def level(row: dict[str, Any], name: str) -> Level | None:
    """One stored level."""
    price, strength = row[f"{name}_price"], row[f"{name}_strength"]
    return None if price is None else (price, strength)


@pytest.mark.slow
@examples(30, are_fixed=True)
@given(drawn=series())
def test_metrics_and_their_labels_are_those_of_the_rules_written_out(drawn: Series) -> None:
    result, bars = computed(drawn), columns_of(drawn)
    count = bars["close"].size
    assert result.bars_used == count
    assert result.state.height == (count - FIRST if count >= 200 else 0)
    if result.state.is_empty():
        return
    step = 1 if is_thorough() else -(-result.state.height // BARS_OF_STATE)
    first = count % step  # every row has its turn
    stored = result.state.gather_every(step, first)
    rows = stored.to_dicts()
    history = History({name: values.tolist() for name, values in bars.items()})

    wanted = [
        state(history, FIRST + k, (level(row, "support_1"), level(row, "resistance_1")))
        for k, row in zip(range(first, result.state.height, step), rows, strict=True)
    ]

    for name in FLOATS:
        np.testing.assert_allclose(
            stored[name].to_numpy(),
            [bar[name] for bar in wanted],
            rtol=0.0,
            atol=CLOSE_ENOUGH,
            err_msg=name,
        )
    for row, bar in zip(rows, wanted, strict=True):
        for name, deciding in EDGES.items():
            assert row[name] == bar[name] or on_an_edge(bar, deciding), (name, row, bar)


def on_an_edge(bar: dict[str, Any], deciding: dict[str, tuple[float, ...]]) -> bool:
    """Rounding may decide."""
    return any(
        abs(bar[name] - edge) <= CLOSE_ENOUGH for name, edges in deciding.items() for edge in edges
    )


@pytest.mark.slow
@examples(30, are_fixed=True)
@given(drawn=series(shortest=WIDTH), data=st.data())
def test_key_levels_are_those_of_the_rules_written_out(drawn: Series, data: st.DataObject) -> None:
    result, bars = computed(drawn), columns_of(drawn)
    count = bars["close"].size
    a20 = History({name: values.tolist() for name, values in bars.items()}).a20
    step = -(-(count - WIDTH + 1) // BARS_OF_LEVELS)
    first = WIDTH - 1 + data.draw(st.integers(0, step - 1))

    for i in range(first, count, step):
        window = {name: values[i + 1 - WIDTH : i + 1] for name, values in bars.items()}
        price = float(window["close"][-1])
        strong = strong_levels(window, a20[i])
        row = result.state.row(i - FIRST, named=True)
        stored = [
            [each for rank in (1, 2, 3) if (each := level(row, f"{side}_{rank}"))]
            for side in ("support", "resistance")
        ]
        readings = (selected(levels, price) for levels in readings_of(strong, price))
        assert any(alike(stored, wanted) for wanted in readings), (i, price, stored, strong)


def readings_of(strong: list[Level], price: float) -> Iterator[list[Level]]:
    """The levels as they are; then with those beside the price just below, at and just above it.

    Where all candidates of a cluster are the price itself, one unit in the last place of a score
    decides on which side of it their mean comes out, and the order of sums within a score is free.
    """
    yield strong
    beside = [abs(level[0] / price - 1) <= 1e-14 for level in strong]
    for side in (0.0, price, math.inf) if any(beside) else ():
        moved = math.nextafter(price, side)
        yield [
            (moved, level[1]) if near else level for level, near in zip(strong, beside, strict=True)
        ]


def alike(stored: Sequence[list[Level]], wanted: Sequence[list[Level]]) -> bool:
    """As many levels, prices equal relatively and strengths absolutely."""
    if [len(side) for side in stored] != [len(side) for side in wanted]:
        return False
    return all(
        abs(our[0] - their[0]) <= CLOSE_ENOUGH * abs(their[0])
        and abs(our[1] - their[1]) <= CLOSE_ENOUGH
        for ours, theirs in zip(stored, wanted, strict=True)
        for our, their in zip(ours, theirs, strict=True)
    )


@examples(15, are_fixed=True)
@given(drawn=series(shortest=200))
def test_classification_follows_from_the_metrics_of_its_row(drawn: Series) -> None:
    result = computed(drawn)

    for row in result.state.iter_rows(named=True):
        wanted = classifier_reference.classify(row)
        for name in LISTS:
            wanted[name] = ",".join(wanted[name])
        confidence = wanted.pop("confidence")
        assert {name: row[name] for name in wanted} == wanted
        assert row["confidence"] == pytest.approx(confidence, abs=CLOSE_ENOUGH)


@pytest.mark.slow
@examples(15, are_fixed=True)
@given(drawn=series(shortest=200, longest=2000))
def test_escalation_follows_from_the_metrics_of_the_state(drawn: Series) -> None:
    result, bars = computed(drawn), columns_of(drawn)
    constants = DEFAULT_PARAMS.at(drawn.timeframe)
    if result.escalation.is_empty():
        assert result.bars_used < 400
        assert set(result.state["escalation_bucket"]) == {"NA"}
        return
    names = ("downside_shock_risk", "instability_index", "structural_score", "price", "ema_slow")
    inputs = [[math.nan] * FIRST + result.state[name].to_list() for name in names]
    raw, *components = escalation_reference.escalation(
        escalation_reference.raw_components(*inputs), 252
    )
    ts_us = result.escalation["ts"].to_physical().to_list()
    era, confidence, adjusted = escalation_reference.within_eras(
        raw,
        ts_us,
        [(fixed_era.start_us, fixed_era.end_us) for fixed_era in FIXED_ERAS],
        constants.min_members,
        constants.year_bars,
    )
    wanted = {
        "esc_raw": raw,
        "esc_pctl_expanding": expanding(raw, constants.min_members),
        "esc_pctl_era": era,
        "esc_pctl_era_confidence": confidence,
        "esc_pctl_era_adj": adjusted,
        "esc_pctl": adjusted,
        **dict(zip(COMPONENTS, components, strict=True)),
    }
    for window in (252, 504, 1260, 2520, 52, 104, 260):
        stored = window not in {52, 104, 260} or drawn.timeframe == "1week"
        wanted[f"esc_pctl_{window}"] = rolling(raw, window) if stored else [math.nan] * len(raw)

    assert {*wanted, "esc_bucket", "symbol", "timeframe", "ts"} == set(ESCALATION_SCHEMA)
    for name, values in wanted.items():
        np.testing.assert_array_equal(
            result.escalation[name].fill_null(math.nan).to_numpy(), values, err_msg=name
        )
    buckets = [bucket(value) for value in adjusted]
    assert result.escalation["esc_bucket"].to_list() == buckets
    assert result.state["escalation_bucket"].to_list() == buckets[FIRST:]
    assert result.labels.height == bars["close"].size


def bucket(value: float) -> str:
    """Section 11."""
    if math.isnan(value):
        return "NA"
    return "HIGH" if value >= 0.85 else "MED" if value >= 0.60 else "LOW"


@pytest.mark.slow
@examples(15, are_fixed=True)
@given(drawn=series(shortest=400))
def test_forward_labels_follow_from_the_closes(drawn: Series) -> None:
    labels, close = computed(drawn).labels, columns_of(drawn)["close"].tolist()
    forward = escalation_reference.largest_forward_return(close)
    ranks = expanding(forward, DEFAULT_PARAMS.at(drawn.timeframe).min_members)
    graded = [escalation_reference.event(rank) for rank in ranks]

    np.testing.assert_array_equal(labels["fwd_absret_h"].fill_null(math.nan), forward)
    flags = [None if math.isnan(f) else flag for f, (flag, _) in zip(forward, graded, strict=True)]
    assert labels["event_flag"].to_list() == flags
    assert labels["event_severity"].to_list() == [severity for _, severity in graded]
    assert labels["is_mature"].to_list() == [i + 20 < len(close) for i in range(len(close))]


@pytest.mark.slow
@examples(20, are_fixed=True)
@given(drawn=series(shortest=200), data=st.data())
def test_no_row_knows_of_a_later_bar(drawn: Series, data: st.DataObject) -> None:
    whole = computed(drawn)
    cut = data.draw(st.integers(200, whole.bars_used))
    kept = drawn.bars.filter(pl.col("close").is_not_nan()).head(cut)

    prefix = computed(Series(drawn.timeframe, kept))

    # an era with fewer than 100 bars ranks missing values by another rule (section 8), so what it
    # ranks may change once when it has grown; and escalation starts at its gate, for all bars
    known = [name for name in STATE_SCHEMA if name != "escalation_bucket"]
    assert_frame_equal(prefix.state[known], whole.state[known].head(cut - FIRST), check_exact=True)
    eternal = [name for name in ESCALATION_SCHEMA if "era" not in name]
    eternal = [name for name in eternal if name not in {"esc_pctl", "esc_bucket"}]
    assert_frame_equal(
        prefix.escalation[eternal],
        whole.escalation[eternal].head(prefix.escalation.height),
        check_exact=True,
    )


SCALED_BY_LEVELS = {
    *("breakout_up", "breakout_down", "structural_score", "cms", "ii", "momentum_state"),
    "asymmetry_metric",
}


@pytest.mark.slow
@examples(20, are_fixed=True)
@given(drawn=series(shortest=200), exponent=st.integers(-12, 12).filter(bool))
def test_prices_of_another_size_by_a_power_of_two_change_nothing_but_what_sees_levels(
    drawn: Series, exponent: int
) -> None:
    prices = pl.col("open", "high", "low", "close") * 2.0**exponent
    plain = computed(drawn).state
    scaled = computed(Series(drawn.timeframe, drawn.bars.with_columns(prices))).state

    amounts = ("price", "ema_fast", "ema_slow")
    names = [name for name in (*FLOATS, *EDGES) if name not in amounts]
    free = [name for name in names if name not in SCALED_BY_LEVELS]
    before_levels = WIDTH - 1 - FIRST
    assert_frame_equal(scaled[free], plain[free], check_exact=True)
    assert_frame_equal(
        scaled[names].head(before_levels), plain[names].head(before_levels), check_exact=True
    )
    assert_frame_equal(
        scaled.select(amounts), plain.select(pl.col(amounts) * 2.0**exponent), check_exact=True
    )
