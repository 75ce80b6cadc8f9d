"""Which series changed at their last session, from what to what, and why."""

import datetime as dt
from typing import Any

import polars as pl

from regime_platform.compute_db.board import BOARD_SCHEMA
from regime_platform.report.index.changes import changes

_FRIDAY = dt.datetime(2026, 11, 27, tzinfo=dt.UTC)
_BEFORE = _FRIDAY - dt.timedelta(days=1)


def _row(symbol: str, timeframe: str = "1day", **facts: Any) -> dict[str, Any]:
    known = {
        "last_ts": _FRIDAY,
        "regime_label": "TRENDING_BULL",
        "regime_since": _BEFORE,
        "regime_before": "TRANSITION",
        "escalation_bucket": "LOW",
        "bucket_since": _BEFORE,
        "bucket_before": "MED",
    }
    return {"symbol": symbol, "timeframe": timeframe, **known, **facts}


def _rows(*rows: dict[str, Any]) -> pl.DataFrame:
    absent = dict.fromkeys(BOARD_SCHEMA)
    return pl.DataFrame([{**absent, **row} for row in rows], BOARD_SCHEMA)


def test_what_began_on_the_date_of_the_last_bar_is_news_the_riskiest_first() -> None:
    rows = _rows(
        _row("AAA", regime_since=_FRIDAY),
        _row("BBB", regime_since=_FRIDAY, regime_label="SHOCK"),
        _row("CCC", regime_since=_FRIDAY, bucket_since=_FRIDAY),
        _row("DDD"),
        _row("EEE", regime_label=None, last_ts=None),
    )

    (daily,) = changes(rows, {("AAA", "1day"): "market bias 0.53 -> 0.57 (>= 0.55)"}, {"AAA"})

    assert (daily.date, daily.series, daily.ended) == (_FRIDAY.date(), 4, 0)
    shock, bull = daily.regimes
    assert (shock.before, shock.now, shock.size) == ("TRANSITION", "SHOCK", 1)
    assert (bull.now, bull.size) == ("TRENDING_BULL", 2)
    first, second = bull.changes
    assert (first.symbol, first.link) == ("AAA", "AAA.html")
    assert first.why == "market bias 0.53 -> 0.57 (>= 0.55)"
    assert (second.symbol, second.link, second.why) == ("CCC", "", "")
    (bucket,) = daily.buckets
    assert (bucket.before, bucket.now) == ("MED", "LOW")
    assert [change.symbol for change in bucket.changes] == ["CCC"]


def test_a_series_that_ended_long_ago_and_a_first_state_are_no_news() -> None:
    old = _FRIDAY - dt.timedelta(days=30)
    rows = _rows(
        _row("AAA", last_ts=old, regime_since=old),
        _row("BBB", regime_since=_FRIDAY, regime_before=None),
    )

    (daily,) = changes(rows, {}, ())

    assert (daily.series, daily.ended) == (1, 1)
    assert not daily.regimes


def test_bars_within_a_day_are_compared_by_their_dates_and_days_come_first() -> None:
    noon, morning = _FRIDAY.replace(hour=12), _FRIDAY.replace(hour=1)
    rows = _rows(
        _row("AAA", "1h", last_ts=noon, regime_since=morning),
        _row("AAA", "1day"),
        _row("BBB", "1h", last_ts=noon, regime_since=_BEFORE.replace(hour=23)),
    )

    daily, hourly = changes(rows, {}, ())

    assert (daily.timeframe, hourly.timeframe) == ("1day", "1h")
    assert [change.symbol for each in hourly.regimes for change in each.changes] == ["AAA"]
