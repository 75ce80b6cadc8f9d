"""The timeframes of a symbol agree where every finer bar is stored."""

import polars as pl
import pytest

from regime_platform.model.calendar.trading_hours import expected_opens
from regime_platform.model.markets import MARKETS
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
