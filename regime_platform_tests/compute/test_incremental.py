"""Appending equals recomputing, bit for bit, whatever the bars and wherever they are cut."""

import datetime as dt

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from regime_platform.compute.engine import bars_with_close, compute_series
from regime_platform.compute.eras.eras import FIXED_ERAS, Era, midnight_us
from regime_platform.compute.escalation.late_ranks import late_expanding, late_rolling
from regime_platform.compute.escalation.percentiles import expanding_percentile, rolling_percentile
from regime_platform.compute.incremental import LOOK_BACK, Past, extend_series, past_of, why_not
from regime_platform.compute.params import DEFAULT_PARAMS
from regime_platform.compute.results import SeriesResult, latest_state
from regime_platform.compute.warming import warm_up
from regime_platform.errors import BarsError
from regime_platform.model.result_schema import REGIME_LABELS
from regime_platform_tests.builders import make_bars
from regime_platform_tests.compute.test_against_reference import examples
from regime_platform_tests.strategies import Series, series

HORIZON = 20
VALUES = st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0, np.nan]) | st.floats(0, 1), max_size=300)


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


@examples(40)
@given(one=series(), data=st.data())
def test_new_bars_give_the_rows_that_a_full_run_gives(one: Series, data: st.DataObject) -> None:
    bars, timeframe = bars_with_close(one.bars), one.timeframe
    assume(bars.height > 400)
    cut = data.draw(st.integers(400, bars.height - 1), label="bars held")
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


@examples(15)
@given(one=series(), data=st.data())
def test_a_revised_or_removed_bar_is_gone_on_from_as_if_it_had_always_been_so(
    one: Series, data: st.DataObject
) -> None:
    bars, timeframe = bars_with_close(one.bars), one.timeframe
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
        held = bars.head(count)
        assert_extends(held, stored, count - 1, timeframe)
        stored = computed(held, timeframe)


def test_an_era_that_begins_among_the_new_bars_ranks_them_by_itself() -> None:
    bars = make_bars(700)
    eras = (
        Era("first", midnight_us(dt.date(1990, 1, 1)), microsecond(bars, 640)),
        Era("second", microsecond(bars, 640), midnight_us(dt.date(2100, 1, 1))),
    )

    assert_extends(bars, computed(bars.head(620), eras=eras), 620, eras=eras)
    assert_extends(bars, computed(bars.head(660), eras=eras), 660, eras=eras)


def test_an_era_whose_missing_values_are_about_to_be_ranked_otherwise_asks_for_a_full_run() -> None:
    bars = make_bars(420)
    # the era begins before the first escalation value (bar 272) and is 98 bars old at bar 400
    eras = (Era("late", microsecond(bars, 205), midnight_us(dt.date(2100, 1, 1))),)
    early = (Era("late", microsecond(bars, 330), midnight_us(dt.date(2100, 1, 1))),)

    assert_extends(bars, computed(bars.head(410), eras=eras), 410, eras=eras)
    assert_extends(bars, computed(bars.head(410), eras=early), 410, eras=early)


def microsecond(bars: pl.DataFrame, bar: int) -> int:
    return int(bars["ts"].to_physical()[bar])


@examples(200)
@given(values=VALUES, data=st.data(), members=st.integers(0, 120), short=st.sampled_from([0, 100]))
def test_late_percentiles_are_those_of_the_whole_list(
    values: list[float], data: st.DataObject, members: int, short: int
) -> None:
    every = np.array(values, np.float64)
    cut = data.draw(st.integers(0, len(values)))
    window = data.draw(st.sampled_from([1, 5, 52, 252]))

    expanding = late_expanding(every[:cut].copy(), every[cut:].copy(), members, short)
    rolling = late_rolling(every[:cut].copy(), every[cut:].copy(), window)

    np.testing.assert_array_equal(expanding, expanding_percentile(every, members, short)[cut:])
    np.testing.assert_array_equal(rolling, rolling_percentile(every, window)[cut:])


def test_too_short_a_past_is_refused_with_the_reason() -> None:
    assert "400" in why_not(399, DEFAULT_PARAMS, "1day")
    assert why_not(400, DEFAULT_PARAMS, "1day") == ""
    assert LOOK_BACK < 400
