"""Which bars must be there by a moment, and how the age of a series is put in words."""

import datetime as dt

import pytest

from regime_platform.model.calendar import lateness
from regime_platform.model.calendar.lateness import age_lines, missing_bars, series_age
from regime_platform.model.instruments import Instrument
from regime_platform.model.markets import MARKETS, Market

FRIDAY = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
WEDNESDAY = FRIDAY - dt.timedelta(days=2)
EVENING = FRIDAY + dt.timedelta(days=1, hours=12)


def test_bars_are_missing_from_the_one_after_the_last_on() -> None:
    assert missing_bars(MARKETS["US_EQUITY"], "1day", FRIDAY, EVENING) == (0, None)
    assert missing_bars(MARKETS["US_EQUITY"], "1day", WEDNESDAY, EVENING) == (2, FRIDAY)


def test_a_weekend_needs_no_calendar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lateness, "expected_bars", None)
    sunday = FRIDAY + dt.timedelta(days=2, hours=23)

    assert lateness.missing_bars(MARKETS["US_EQUITY"], "1day", FRIDAY, sunday) == (0, None)
    monday = FRIDAY - dt.timedelta(days=4)
    assert lateness.missing_bars(MARKETS["US_EQUITY"], "1week", monday, sunday) == (0, None)


def _instrument(source: str = "files", delisted: str = "") -> Instrument:
    return Instrument(
        symbol="ELM",
        name="Elm",
        asset_class="US_EQUITY",
        tier="core",
        source=source,
        delisted=delisted,
    )


@pytest.mark.parametrize(
    ("timeframe", "last", "text"),
    [
        ("1day", FRIDAY, "last bar 2026-11-20"),
        ("1day", WEDNESDAY, "last bar 2026-11-18, 2 bars missing (due 2026-11-20)"),
        ("1day", WEDNESDAY + dt.timedelta(days=1), "1 bar missing (due 2026-11-20)"),
        ("1h", FRIDAY, "last bar 2026-11-20 00:00, 7 bars missing (due 2026-11-20 20:30)"),
        ("1day", FRIDAY - dt.timedelta(days=3000), "over 276 bars missing (due 2026-11-20)"),
        ("1week", None, "no bars, over 57 bars missing (due 2026-11-16)"),
    ],
)
def test_a_stale_series_is_described_by_its_last_bar_and_those_missing(
    timeframe: str, last: dt.datetime | None, text: str
) -> None:
    age = series_age(_instrument(), timeframe, last, EVENING)

    assert str(age).endswith(text)
    assert age.is_stale is ("missing" in text)


def test_nothing_is_due_of_a_delisted_symbol_and_the_age_of_a_sample_is_stated() -> None:
    gone = series_age(_instrument(delisted="2026-11-19"), "1day", WEDNESDAY, EVENING)
    sample = series_age(_instrument("sample"), "1day", WEDNESDAY, EVENING)

    assert (gone.due_bar, gone.missing, list(age_lines({"1day": gone}))) == (None, 0, [])
    assert (sample.due_bar, sample.missing, sample.is_stale) == (None, 0, False)
    (line,) = age_lines({"1day": sample, "1week": sample})
    assert line == "sample data, never updated: last bar 2026-11-18, 3 days ago"
    (stored,) = age_lines({"1day": sample}, with_days=False)
    assert stored == "sample data, never updated: last bar 2026-11-18"


@pytest.mark.parametrize(
    ("now", "missing"),
    [
        (FRIDAY + dt.timedelta(days=1, hours=20), (0, 1)),  # the hour after the close may bring one
        (FRIDAY + dt.timedelta(days=2, hours=20), (0, 1)),
        (FRIDAY + dt.timedelta(days=3, hours=8), (1, 1)),  # Sunday evening has brought some
    ],
)
def test_what_is_built_is_due_once_the_finer_bars_due_show_its_end(
    now: dt.datetime, missing: tuple[int, int]
) -> None:
    futures, thursday = Market("US_EQUITY", "CMES"), FRIDAY - dt.timedelta(days=1)
    built = missing_bars(futures, "1day", thursday, now, "5min")
    served = missing_bars(futures, "1day", thursday, now)
    assert (built[0], served[0]) == missing
    in_new_york = missing_bars(MARKETS["US_EQUITY"], "1day", thursday, now, "5min")
    assert in_new_york == (1, FRIDAY)
    monday = FRIDAY - dt.timedelta(days=11)
    assert missing_bars(futures, "1week", monday, now, "1day")[0] == 1
