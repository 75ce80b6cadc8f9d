"""Marks keep extremes and alarms."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regime_platform.report.picture.marks import bars_per_mark, thinned
from regime_platform_tests.builders import make_bars

LABELS = ("TRANSITION", "TRENDING_BULL", "PANIC_RISK", "SHOCK")


def _series(labels: list[str | None]) -> pl.DataFrame:
    return make_bars(len(labels)).with_columns(
        regime_label=pl.Series(labels, dtype=pl.String),
        esc_pctl=pl.Series([index / len(labels) for index in range(len(labels))]),
        drawdown=pl.lit(-0.1),
    )


@given(st.lists(st.sampled_from(LABELS), min_size=1, max_size=80), st.integers(1, 40))
def test_extremes_and_alarms_are_kept(labels: list[str], most: int) -> None:
    series = _series(list(labels))

    marks = thinned(series, most)

    assert marks.height <= most
    assert marks["high"].max() == series["high"].max()
    assert marks["low"].min() == series["low"].min()
    assert marks["volume"].sum() == pytest.approx(series["volume"].sum())
    assert marks["esc_pctl"].max() == series["esc_pctl"].max()
    share = bars_per_mark(len(labels), most)
    for place, label in enumerate(marks["regime_label"]):
        within = labels[place * share : (place + 1) * share]
        alarms = [alarm for alarm in ("SHOCK", "PANIC_RISK") if alarm in within]
        assert label == (alarms or within[-1:])[0]


def test_short_series_is_unchanged() -> None:
    series = _series(["TRANSITION"] * 5)

    assert thinned(series, 5).equals(series)


def test_a_mark_without_volume_has_none() -> None:
    series = _series(["TRANSITION"] * 4).with_columns(volume=pl.lit(None, pl.Float64))

    assert thinned(series, 2)["volume"].to_list() == [None, None]
