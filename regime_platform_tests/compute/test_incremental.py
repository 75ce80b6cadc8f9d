"""Appending equals recomputing, bit for bit, whatever the bars and wherever they are cut."""

import datetime as dt

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from regime_platform.compute.engine import compute_series, computed_bars, warm_up
from regime_platform.compute.eras.eras import FIXED_ERAS, Era, midnight_us
from regime_platform.compute.incremental import LOOK_BACK, Past, extend_series, past_of, why_not
from regime_platform.compute.params import DEFAULT_PARAMS
from regime_platform.compute.results import SeriesResult, latest_state
from regime_platform.errors import BarsError
from regime_platform.model.result_schema import REGIME_LABELS
from regime_platform_tests.builders import make_bars
from regime_platform_tests.examples import examples
from regime_platform_tests.strategies import Series, series

HORIZON = 20


@pytest.fixture(autouse=True, scope="module")
def _kernels() -> None:
    warm_up()


def computed(
    bars: pl.DataFrame, timeframe: str = "1day", eras: tuple[Era, ...] = FIXED_ERAS
) -> SeriesResult:
    return compute_series(bars, symbol="XYZ", timeframe=timeframe, eras=eras)


def remembered(bars: pl.DataFrame, stored: SeriesResult, first: int) -> Past:
    """What the stored tables say of the bars before ``first``."""
    state = stored.state.head(first - 20)
    names = ("downside_shock_risk", "instability_index", "structural_score")
    shock, instability, structure = (state[name].to_numpy() for name in names)
    labels = [REGIME_LABELS.index(label) for label in state["regime_label"]]
    return past_of(
        bars["close"].head(first).to_numpy(),
        (shock, instability, structure),
        stored.escalation["esc_raw"].head(first).to_numpy(),
        np.array(labels, np.uint8),
        HORIZON,
    )


def assert_extends(
    bars: pl.DataFrame,
    stored: SeriesResult,
    first: int,
    timeframe: str = "1day",
    eras: tuple[Era, ...] = FIXED_ERAS,
) -> None:
    """The rows of ``bars`` from ``first`` on, made from ``stored``, are those of a full run."""
    past = remembered(bars, stored, first)
    added = extend_series(bars, past, symbol="XYZ", timeframe=timeframe, eras=eras)
    whole = computed(bars, timeframe, eras)
    assert added is not None
    for name, start in (("escalation", first), ("labels", first - HORIZON), ("state", first)):
        rows = getattr(whole, name).filter(pl.col("ts") >= bars["ts"][start])
        assert_frame_equal(getattr(added, name), rows, check_exact=True)
    assert_frame_equal(
        latest_state({timeframe: added}), latest_state({timeframe: whole}), check_exact=True
    )


@pytest.mark.slow
@examples(40, are_fixed=True)
@given(drawn=series(), data=st.data())
def test_new_bars_give_the_rows_that_a_full_run_gives(drawn: Series, data: st.DataObject) -> None:
    bars, timeframe = computed_bars(drawn.bars), drawn.timeframe
    assume(bars.height > 400)
    cut = data.draw(st.integers(400, bars.height - 1), label="old bars")
    added = data.draw(st.integers(1, bars.height - cut), label="bars added")
    bars = bars.head(cut + added)
    try:
        stored = computed(bars.head(cut), timeframe)
        computed(bars, timeframe)
    except BarsError:
        assume(False)

    past = remembered(bars, stored, cut)
    if extend_series(bars, past, symbol="XYZ", timeframe=timeframe, eras=FIXED_ERAS) is not None:
        assert_extends(bars, stored, cut, timeframe)


@pytest.mark.slow
@examples(15, are_fixed=True)
@given(drawn=series(), data=st.data())
def test_a_revised_or_removed_bar_is_gone_on_from_as_if_it_had_always_been_so(
    drawn: Series, data: st.DataObject
) -> None:
    bars, timeframe = computed_bars(drawn.bars), drawn.timeframe
    assume(bars.height > 402)
    first = data.draw(st.integers(400, bars.height - 2), label="first changed")
    change = data.draw(st.sampled_from(["revise", "remove"]))
    at = pl.int_range(pl.len()) == first
    if change == "remove":
        after = bars.filter(~at)
    else:
        prices = ("open", "high", "low", "close")
        after = bars.with_columns(pl.when(at).then(pl.col(p) * 1.25).otherwise(p) for p in prices)
    try:
        stored = computed(bars, timeframe)
        computed(after, timeframe)
    except BarsError:
        assume(False)
    past = remembered(after, stored, first)
    if extend_series(after, past, symbol="XYZ", timeframe=timeframe, eras=FIXED_ERAS) is not None:
        assert_extends(after, stored, first, timeframe)


@pytest.mark.parametrize("timeframe", ["15min", "1day", "1week"])
def test_bar_by_bar_is_the_same_as_at_once(timeframe: str) -> None:
    bars = make_bars(436, timeframe)
    stored = computed(bars.head(400), timeframe)

    for count in range(401, 437):
        bars_so_far = bars.head(count)
        assert_extends(bars_so_far, stored, count - 1, timeframe)
        stored = computed(bars_so_far, timeframe)


def test_an_era_that_begins_among_the_new_bars_ranks_them_by_itself() -> None:
    bars = make_bars(700)
    eras = (
        Era(1, midnight_us(dt.date(1990, 1, 1)), microsecond(bars, 640)),
        Era(2, microsecond(bars, 640), midnight_us(dt.date(2100, 1, 1))),
    )

    assert_extends(bars, computed(bars.head(620), eras=eras), 620, eras=eras)
    assert_extends(bars, computed(bars.head(660), eras=eras), 660, eras=eras)


def test_an_era_whose_missing_values_are_about_to_be_ranked_otherwise_asks_for_a_full_run() -> None:
    bars = make_bars(420)
    # the era begins before the first escalation value (bar 272) and is 98 bars old at bar 400
    eras = (Era(1, microsecond(bars, 205), midnight_us(dt.date(2100, 1, 1))),)
    early = (Era(1, microsecond(bars, 330), midnight_us(dt.date(2100, 1, 1))),)

    assert_extends(bars, computed(bars.head(410), eras=eras), 410, eras=eras)
    assert_extends(bars, computed(bars.head(410), eras=early), 410, eras=early)


def microsecond(bars: pl.DataFrame, bar: int) -> int:
    return int(bars["ts"].to_physical()[bar])


def test_too_short_a_past_is_refused_with_the_reason() -> None:
    assert "400" in why_not(399, DEFAULT_PARAMS, "1day")
    assert why_not(400, DEFAULT_PARAMS, "1day") == ""
    assert LOOK_BACK < 400
