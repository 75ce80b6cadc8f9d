"""Falls one by one and growth, drawn from the bars that were studied."""

import datetime as dt
import re
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from regime_platform.model.result_schema import ESCALATION_BUCKETS
from regime_platform.report.study.page import study_page, wants_series
from regime_platform.report.study.series_figures import series_figures
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.result import Column, StudyTable, Unit
from regime_platform.studies.series import StudySeries
from regime_platform_tests.report.study.reports import study_report, symbol_study

_BARS = 200
_FIRST = dt.datetime(2008, 1, 1, tzinfo=dt.UTC)


def _open(bar: int) -> dt.datetime:
    return _FIRST + dt.timedelta(days=bar)


@pytest.fixture(scope="module")
def series() -> StudySeries:
    """The price is 100 for 100 bars, falls to 70 within 30, and stays; HIGH from bar 110 to 119."""
    close = np.concatenate([np.full(100, 100.0), np.linspace(99, 70, 30), np.full(70, 70.0)])
    bucket = np.full(_BARS, ESCALATION_BUCKETS.index("LOW"), np.int8)
    bucket[110:120] = ESCALATION_BUCKETS.index("HIGH")
    first = np.datetime64("2008-01-01", "us")
    return StudySeries(
        symbol="IBM",
        timeframe="1day",
        asset_class="US_EQUITY",
        ts=first + np.arange(_BARS) * np.timedelta64(1, "D"),
        open=close,
        high=close,
        low=close,
        close=close,
        regime=np.zeros(_BARS, np.int8),
        posture=np.zeros(_BARS, np.int8),
        bucket=bucket,
        rank=np.full(_BARS, 0.5),
        raw=np.full(_BARS, 0.5),
        is_immature=np.zeros(_BARS, np.bool_),
        era=np.zeros(_BARS, np.int64),
    )


def _table(
    key: str, *rows: tuple[dt.datetime, dt.datetime | None, dt.datetime, float]
) -> StudyTable:
    names = ("peak", "first_high", "trough")
    columns = (
        *(Column(name, name, Unit.DATE) for name in names),
        Column("depth", "depth", Unit.PERCENT),
    )
    schema = {**dict.fromkeys(names, pl.Datetime("us", "UTC")), "depth": pl.Float64()}
    return StudyTable(key, key, columns, pl.DataFrame(list(rows), schema, orient="row"))


def test_a_fall_is_marked_at_peak_first_high_and_trough(series: StudySeries) -> None:
    crash = _table("crashes", (_open(99), _open(110), _open(129), -0.3))
    small = _table("corrections", (_open(150), None, _open(160), -0.1))
    study = replace(symbol_study(), study="events", tables=(crash, small))

    fall, other = series_figures(study, series, StudyOptions())

    assert fall.title == "Fall from 2008-04-09: -30 %"
    assert "peak 2008-04-09 at 100.00" in fall.wide
    assert "first HIGH 2008-04-20 at 89.00" in fall.wide
    assert "trough 2008-05-09 at 70.00" in fall.wide
    assert "HIGH on 9 % of bars" in fall.wide  # 10 of 111
    assert "first HIGH" not in other.wide
    assert len(re.findall(r"class='mark'", fall.wide)) == 3


def test_growth_is_that_of_the_exposure_by_the_signal(series: StudySeries) -> None:
    study = replace(symbol_study(), study="allocation", first=_open(0))

    by_bucket, by_posture = series_figures(study, series, StudyOptions(cost_bps=0.0))

    # out of the market from the close of bar 110 to that of bar 120, at 89 and 79
    expected = 70 / 100 * 89 / 79
    assert f"exposure by bucket: 1 became {expected:.2f}" in by_bucket.wide
    assert "hold: 1 became 0.70, deepest drawdown -30 %" in by_bucket.wide
    assert by_posture.title.startswith("Exposure by posture")


def test_the_page_has_pictures_of_bars_where_it_is_given_them(series: StudySeries) -> None:
    crash = _table("crashes", (_open(99), _open(110), _open(129), -0.3))
    study = replace(symbol_study(), study="events", tables=(crash,))
    report = replace(study_report(study), study="events")

    assert wants_series(report) == ["IBM"]
    assert wants_series(study_report(study)) == []
    assert "Fall from" in study_page(report, {"IBM": series})
    assert "Fall from" not in study_page(report)
