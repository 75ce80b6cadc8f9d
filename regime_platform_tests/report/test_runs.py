"""Runs of one regime cover the labelled bars without gaps."""

import datetime as dt

import polars as pl

from regime_platform.report.runs import regime_runs
from regime_platform_tests.builders import make_bars

LABELS = ("TRANSITION", "TRENDING_BULL", "PANIC_RISK", "SHOCK")


def _series(labels: list[str | None]) -> pl.DataFrame:
    return make_bars(len(labels)).with_columns(
        regime_label=pl.Series(labels, dtype=pl.String),
        esc_pctl=pl.Series([index / len(labels) for index in range(len(labels))]),
        drawdown=pl.lit(-0.1),
    )


def test_runs_are_adjacent_and_unlabelled_bars_belong_to_none() -> None:
    series = _series([None, None, "SHOCK", "SHOCK", "TRANSITION"])

    runs = regime_runs(series, "1day")

    assert runs["regime_label"].to_list() == ["SHOCK", "TRANSITION"]
    assert runs["bars"].to_list() == [2, 1]
    assert runs["start"].to_list() == [series["ts"][2], series["ts"][4]]
    assert runs["end"].to_list() == [series["ts"][4], series["ts"][4] + dt.timedelta(days=1)]


def test_a_series_without_labels_has_no_run() -> None:
    assert regime_runs(_series([None, None]), "1day").is_empty()
