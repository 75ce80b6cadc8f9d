"""Runs of a regime cover the labelled bars without gaps; their figures follow from the closes."""

import datetime as dt
from itertools import groupby
from math import prod
from statistics import mean, median

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regime_platform.compute.regime_runs import (
    RUN_SCHEMA,
    TIME_SCHEMA,
    measured_runs,
    regime_runs,
    regime_times,
    run_start,
    with_neighbours,
)
from regime_platform.model.result_schema import ESCALATION_BUCKETS, REGIME_LABELS
from regime_platform_tests.builders import make_bars


def _series(labels: list[str | None]) -> pl.DataFrame:
    return make_bars(len(labels)).with_columns(regime_label=pl.Series(labels, dtype=pl.String))


def test_runs_are_adjacent_and_unlabelled_bars_belong_to_none() -> None:
    series = _series([None, None, "SHOCK", "SHOCK", "TRANSITION"])

    runs = regime_runs(series, "1day")

    assert runs["regime_label"].to_list() == ["SHOCK", "TRANSITION"]
    assert runs["bars"].to_list() == [2, 1]
    assert runs["start"].to_list() == [series["ts"][2], series["ts"][4]]
    assert runs["end"].to_list() == [series["ts"][4], series["ts"][4] + dt.timedelta(days=1)]


def test_a_series_without_labels_has_no_run() -> None:
    assert regime_runs(_series([None, None]), "1day").is_empty()


def _states(bars: list[tuple[str | None, float, float | None]]) -> pl.DataFrame:
    """Days with a label, a close and an escalation percentile."""
    labels, prices, ranks = zip(*bars, strict=True) if bars else ((), (), ())
    first = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
    rank = pl.col("esc_pctl")
    schema = {
        "ts": pl.Datetime("us", "UTC"),
        "regime_label": pl.Enum(REGIME_LABELS),
        "price": pl.Float64(),
        "esc_pctl": pl.Float64(),
    }
    days = [first + dt.timedelta(days=day) for day in range(len(bars))]
    bucket = pl.when(rank > 0.5).then(pl.lit("HIGH")).otherwise(pl.lit("LOW"))
    return pl.DataFrame([days, labels, prices, ranks], schema).with_columns(
        esc_bucket=bucket.cast(pl.Enum(ESCALATION_BUCKETS)), is_rank_immature=rank < 0.5
    )


BARS = st.lists(
    st.tuples(
        st.sampled_from([*REGIME_LABELS[:3], None]),
        st.floats(1.0, 100.0),
        st.floats(0.0, 1.0) | st.none(),
    ),
    min_size=1,
    max_size=30,
)


@settings(max_examples=25)
@given(BARS)
def test_the_figures_of_runs_and_of_the_time_in_regimes_follow_from_the_closes(
    bars: list[tuple[str | None, float, float | None]],
) -> None:
    states = _states(bars)
    closes = [price for _, price, _ in bars]
    expected, at = [], 0
    for label, run in groupby(label for label, _, _ in bars):
        stop = at + len(list(run))
        base = closes[max(at - 1, 0)]
        falls = [closes[k] / max(base, *closes[at : k + 1]) - 1 for k in range(at, stop)]
        following = closes[min(stop, len(bars) - 1)] / closes[at] - 1
        figures = (closes[stop - 1] / base - 1, following, min(falls))
        expected.append((label, stop - at, *figures))
        at = stop
    labelled = [run for run in expected if run[0] is not None]

    runs, times = measured_runs(states, "1day"), regime_times(with_neighbours(states))

    columns = ("regime_label", "bars", "return", "return_after", "max_drawdown")
    assert runs.select(columns).rows() == [pytest.approx(run) for run in labelled]
    whole = [(1 + run[2], 1 + run[3]) for run in expected]
    change = closes[-1] / closes[0]
    assert [prod(part) for part in zip(*whole, strict=True)] == pytest.approx([change, change])
    for row in times.iter_rows(named=True):
        of_label = [run for run in labelled if run[0] == row["regime_label"]]
        lengths, deepest = [run[1] for run in of_label], min(run[4] for run in of_label)
        places = [k for k, bar in enumerate(bars) if bar[0] == row["regime_label"]]
        past = [closes[k] / closes[k - 1] - 1 for k in places if k]
        later = [closes[k + 1] / closes[k] - 1 for k in places if k + 1 < len(bars)]
        assert (row["bars"], row["runs"]) == (len(places), len(lengths))
        assert (row["median_bars"], row["longest_bars"]) == (median(lengths), max(lengths))
        assert row["max_drawdown"] == pytest.approx(deepest)
        assert row["mean_return"] == (pytest.approx(mean(past)) if past else None)
        assert row["mean_next_return"] == (pytest.approx(mean(later)) if later else None)
    assert times.height == len({run[0] for run in labelled})
    assert not times.height or times["share"].sum() == pytest.approx(1.0)


def test_a_run_has_its_dates_and_its_highest_rank_and_the_last_one_is_open() -> None:
    shock, calm = "SHOCK", "TRANSITION"
    rows = [(shock, 9.0, 0.2), (shock, 8.0, 0.9), (shock, 8.5, 0.3), (calm, 9.0, None)]
    states = _states([*rows, (shock, 8.0, 0.1)])

    runs = measured_runs(states, "1day").to_dicts()

    days = states["ts"]
    assert [(run["start"], run["end"], run["days"]) for run in runs] == [
        (days[0], days[3], 3.0),
        (days[3], days[4], 1.0),
        (days[4], None, 1.0),
    ]
    ranks = ("max_esc_pctl", "max_esc_bucket", "is_rank_immature")
    assert [tuple(run[name] for name in ranks) for run in runs] == [
        (0.9, "HIGH", False),
        (None, None, None),
        (0.1, "LOW", True),
    ]


def test_without_bars_there_are_no_runs_and_no_time() -> None:
    empty = _states([])

    assert measured_runs(empty, "1day").schema == RUN_SCHEMA
    assert regime_times(with_neighbours(empty)).schema == TIME_SCHEMA


@pytest.mark.parametrize(
    ("labels", "start"), [(["A"], 0), (["A", "A"], 0), (["B", "A", "B", "B"], 2), ([None, "A"], 1)]
)
def test_the_last_run_starts_after_the_last_other_label(labels: list[str], start: int) -> None:
    assert run_start(pl.Series(labels)) == start
