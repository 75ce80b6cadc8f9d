"""The timeframes of a symbol agree where every finer bar is stored."""

import datetime as dt

import polars as pl
import pytest

from regime_platform.model.calendar.trading_hours import expected_opens
from regime_platform.model.markets import MARKETS, Market
from regime_platform.revisions.resampling import resampled
from regime_platform.validation.rules.calendar import calendar_fit
from regime_platform.validation.rules.comparison import disagreement
from regime_platform_tests.builders import make_bars
from regime_platform_tests.validation.real_bars import (
    CLASS_OF,
    changed,
    finding_of,
    real,
    times,
    together,
)


@pytest.mark.parametrize("symbol", CLASS_OF)
def test_the_timeframes_of_the_samples_agree(symbol: str) -> None:
    results = together(symbol)

    for name, rule in (("1day", "day_disagrees"), ("1week", "week_disagrees")):
        finding = finding_of(results[name], rule)
        assert finding.count == 0
        assert finding.checked > 30 or (name == "1day" and "1h" not in results)


def test_a_day_that_its_hours_contradict_is_reported() -> None:
    days = changed(real("EURUSD", "1day"), 100, **times(1.05))

    results = together("EURUSD", {"1day": days})

    finding = finding_of(results["1day"], "day_disagrees")
    assert finding.count == 1
    assert finding.examples[0].startswith(str(days["ts"][100].date()))
    assert "by its 1h bars" in finding.examples[0]
    assert finding_of(results["1week"], "week_disagrees").count == 1


def test_a_split_that_only_the_days_have_is_reported_for_every_day_before_it() -> None:
    days = changed(real("SYNTH", "1day"), slice(0, 300), **times(0.5))

    results = together("SYNTH", {"1day": days})

    # day 0 is a holiday, and day 1 the first session, which may be incomplete
    days_of_the_calendar = expected_opens(
        MARKETS["SYNTHETIC"], "1day", days["ts"][2], days["ts"][300]
    ).len()
    assert finding_of(results["1day"], "day_disagrees").count == days_of_the_calendar


def test_a_day_of_which_hours_are_missing_is_not_compared() -> None:
    days = changed(real("EURUSD", "1day"), 100, **times(1.05))
    hours = real("EURUSD", "1h").filter(pl.col("ts").dt.date() != days["ts"][100].date())

    results = together("EURUSD", {"1day": days, "1h": hours})

    assert finding_of(results["1day"], "day_disagrees").count == 0


@pytest.mark.parametrize("calendar", ["XNYS", "FX", "CMES"])
def test_bars_are_compared_with_finer_ones_that_are_not_computed(calendar: str) -> None:
    market = Market("US_EQUITY", calendar)
    span = dt.datetime(2024, 11, 20, tzinfo=dt.UTC), dt.datetime(2024, 12, 4, tzinfo=dt.UTC)
    opens = expected_opens(market, "5min", *span)
    finer = make_bars(opens.len(), "5min").with_columns(opens)
    early = finer.head(1).with_columns(pl.col("ts").dt.offset_by("-5m"), high=pl.lit(1e6))
    bars = {name: resampled(finer, "5min", name, market) for name in ("15min", "1h", "4h", "1day")}

    for name, series in bars.items():
        stored = {name: series, "5min": pl.concat([early, finer])}  # with a bar before the session
        anchors = {"5min": "", name: calendar_fit(series["ts"], name, market).anchor}
        right = disagreement(stored, name, market, anchors)
        stored[name] = series.with_columns(close=pl.col("close") * 1.02)
        wrong = disagreement(stored, name, market, anchors)

        assert right is not None
        assert right[2].is_empty()
        assert wrong is not None
        assert series.height - 2 <= wrong[2].height <= series.height
        assert wrong[0].name == ("day_disagrees" if name == "1day" else "bar_disagrees")
        assert set(wrong[2]["finer"]) == {"5min"}
