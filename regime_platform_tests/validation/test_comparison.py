"""Findings of several fetches, or several timeframes, of one symbol."""

import datetime as dt

import polars as pl
import pytest

from regime_platform.model.calendar.trading_hours import expected_count
from regime_platform.validation.comparison import compared
from regime_platform.validation.gate import GateResult
from regime_platform.validation.policy import STANDARD
from regime_platform.validation.rules.overlap import Overlap, overlap
from regime_platform_tests.builders import LONG_AFTER
from regime_platform_tests.validation.real_bars import (
    CLASS_OF,
    changed,
    finding_of,
    judged,
    real,
    timeframes,
    times,
)

LATER = LONG_AFTER + dt.timedelta(days=1)


def together(
    symbol: str,
    spoilt: dict[str, pl.DataFrame] | None = None,
    overlaps: dict[str, Overlap] | None = None,
) -> dict[str, GateResult]:
    rows = {name: real(symbol, name) for name in timeframes(symbol)} | (spoilt or {})
    results = {name: judged(row, symbol, name) for name, row in rows.items()}
    return compared(results, overlaps or {}, asset_class=CLASS_OF[symbol], standard=STANDARD)


@pytest.mark.parametrize("symbol", CLASS_OF)
def test_the_timeframes_of_the_samples_agree(symbol: str) -> None:
    results = together(symbol)

    for name, rule in (("1day", "day_disagrees"), ("1week", "week_disagrees")):
        found = finding_of(results[name], rule)
        assert found.count == 0
        assert found.checked > 30 or (name == "1day" and "1h" not in results)


def test_a_day_that_its_hours_contradict_is_told() -> None:
    days = changed(real("EURUSD", "1day"), 100, **times(1.05))

    results = together("EURUSD", {"1day": days})

    found = finding_of(results["1day"], "day_disagrees")
    assert found.count == 1
    assert found.examples[0].startswith(str(days["ts"][100].date()))
    assert "by its 1h bars" in found.examples[0]
    assert finding_of(results["1week"], "week_disagrees").count == 1


def test_a_split_that_only_the_days_know_is_told_for_every_day_before_it() -> None:
    days = changed(real("SYNTH", "1day"), slice(0, 300), **times(0.5))

    results = together("SYNTH", {"1day": days})

    # day 0 is a holiday, and day 1 the first session, which may be cut short
    days_of_the_calendar = expected_count("SYNTHETIC", "1day", days["ts"][2], days["ts"][300])
    assert finding_of(results["1day"], "day_disagrees").count == days_of_the_calendar


def test_a_day_of_which_hours_are_missing_is_not_compared() -> None:
    days = changed(real("EURUSD", "1day"), 100, **times(1.05))
    hours = real("EURUSD", "1h").filter(pl.col("ts").dt.date() != days["ts"][100].date())

    results = together("EURUSD", {"1day": days, "1h": hours})

    assert finding_of(results["1day"], "day_disagrees").count == 0


def fetches(factor: float, first_again: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """All revisions and those in force of bars of which the last come again at another price."""
    old = real("IBM", "1day").head(500).with_columns(batch=pl.lit("000001"))
    again = old[first_again:].with_columns(
        fetched_at=pl.lit(LATER).cast(old.schema["fetched_at"]), batch=pl.lit("000002")
    )
    again = again.with_columns(**times(factor))
    return pl.concat([old, again]), pl.concat([old[:first_again], again])


def test_an_overlap_on_another_price_basis_is_told() -> None:
    raw, rows = fetches(0.5, 495)

    found = overlap(raw, rows, "1day", "US_EQUITY")

    assert found.compared == 5
    assert found.disagreeing.height == 5
    first = found.disagreeing.row(0, named=True)
    assert first["close"] == first["earlier_close"] / 2


def test_a_restated_series_is_no_disagreement() -> None:
    raw, rows = fetches(0.5, 0)

    found = overlap(raw, rows, "1day", "US_EQUITY")

    assert (found.compared, found.disagreeing.height) == (500, 0)


def test_the_correction_of_a_last_digit_is_no_disagreement() -> None:
    raw, rows = fetches(1.0001, 495)

    assert overlap(raw, rows, "1day", "US_EQUITY").disagreeing.is_empty()


def test_the_disagreement_becomes_a_finding_with_both_prices() -> None:
    raw, rows = fetches(0.5, 495)
    overlaps = {"1day": overlap(raw, rows, "1day", "US_EQUITY")}

    found = finding_of(together("IBM", {"1day": rows}, overlaps)["1day"], "overlap_disagreement")

    assert (found.count, found.checked) == (5, 5)
    assert " was " in found.examples[0]
    assert " when fetched before" in found.examples[0]
