"""The plan of a fetch: answered from a made-up vendor, it ends, covers all and asks no more."""

import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regime_platform.model.calendar.due import last_finished
from regime_platform.model.calendar.trading_hours import expected_opens
from regime_platform.model.coverage import UNREAD, Coverage
from regime_platform.model.fetch_plan import HISTORY, Need, TrackedSeries, after_answer, next_need
from regime_platform.model.markets import MARKETS

UTC = dt.UTC
SERIES = st.builds(
    TrackedSeries,
    st.just("AAA"),
    st.sampled_from(["15min", "1h", "4h", "1day", "1week"]),
    st.sampled_from([MARKETS[name] for name in ("US_EQUITY", "FX", "CRYPTO")]),
    st.sampled_from([0, 1, 20]),
)
FIRST_NOW = dt.datetime(2024, 6, 1, tzinfo=UTC)
NOW = st.integers(0, 900 * 24 * 60).map(lambda minutes: FIRST_NOW + dt.timedelta(minutes=minutes))


def fetched(
    series: TrackedSeries,
    coverage: Coverage,
    now: dt.datetime,
    opens: pl.Series,
    most_rows: int = 5000,
) -> tuple[Coverage, list[Need]]:
    """All needs at ``now``, answered from ``opens``."""
    needs: list[Need] = []
    asked = False
    while need := next_need(series, coverage, now, most_rows, tail_is_asked=asked):
        assert len(needs) < 200
        needs.append(need)
        asked |= need.is_final
        served = opens.filter(
            opens.is_between(need.start, need.end, closed="left") & (opens <= now)
        )
        assert served.len() < most_rows
        coverage = after_answer(series, coverage, need, served, now)
    return coverage, needs


def opens_of(series: TrackedSeries, start: dt.date, end: dt.datetime) -> pl.Series:
    first = dt.datetime.combine(start, dt.time(), UTC)
    return expected_opens(series.market, series.timeframe, first, end)


@settings(max_examples=60, deadline=None)
@given(series=SERIES, now=NOW, years=st.integers(0, 3))
def test_from_nothing_all_is_requested_once_in_windows_below_the_longest_answer(
    series: TrackedSeries, now: dt.datetime, years: int
) -> None:
    first = now.date() - dt.timedelta(days=365 * years + 10)
    first -= dt.timedelta(days=first.weekday())
    opens = opens_of(series, first, now + dt.timedelta(days=9))

    coverage, needs = fetched(series, Coverage(earliest=first), now, opens)

    bound = last_finished(now, series.timeframe, series.market)
    assert coverage.is_complete
    assert sum(window.rows for window in coverage.windows) == (opens < bound).sum()
    assert all(need.start.time() == need.end.time() == dt.time() for need in needs)
    assert next_need(series, coverage, now, 5000) is None
    expected = opens.len() / series.most_expected(5000)
    assert len(needs) <= expected * 1.1 + 2


@settings(max_examples=60, deadline=None)
@given(series=SERIES, now=NOW, pauses=st.lists(st.integers(1, 4000), min_size=1, max_size=12))
def test_updates_at_any_times_never_leave_a_hole_and_ask_nothing_twice(
    series: TrackedSeries, now: dt.datetime, pauses: list[int]
) -> None:
    first = now.date() - dt.timedelta(days=40)
    first -= dt.timedelta(days=first.weekday())
    opens = opens_of(series, first, now + dt.timedelta(days=60))
    coverage, _ = fetched(series, Coverage(earliest=first), now, opens)

    for minutes in pauses:
        now += dt.timedelta(minutes=minutes)
        coverage, _ = fetched(series, coverage, now, opens)
        assert coverage.is_complete
        assert next_need(series, coverage, now, 5000) is None

    bound = last_finished(now, series.timeframe, series.market)
    assert sum(window.rows for window in coverage.windows) == (opens < bound).sum()


@pytest.mark.parametrize("timeframe", ["1h", "4h"])
def test_bars_that_a_vendor_anchors_on_the_clock_are_requested_as_rarely(timeframe: str) -> None:
    series = TrackedSeries("AAA", timeframe, MARKETS["US_EQUITY"])
    first, now = dt.date(2026, 9, 7), dt.datetime(2026, 11, 17, tzinfo=UTC)
    opens = opens_of(series, first, now + dt.timedelta(days=9)).dt.truncate("1h")
    coverage, _ = fetched(series, Coverage(earliest=first), now, opens)
    asked = 0

    for _ in range(4 * 24):
        now += dt.timedelta(minutes=15)
        coverage, needs = fetched(series, coverage, now, opens)
        asked += len(needs)
        assert next_need(series, coverage, now, 5000) is None

    bars = {"1h": 7, "4h": 2}[timeframe]
    assert asked == bars + 1  # and the second look


def test_a_clock_that_goes_back_asks_for_nothing() -> None:
    series = TrackedSeries("AAA", "1day", MARKETS["US_EQUITY"], 1)
    now = dt.datetime(2026, 11, 20, 22, tzinfo=UTC)
    opens = opens_of(series, dt.date(2026, 1, 5), now)
    coverage, _ = fetched(series, Coverage(earliest=dt.date(2026, 1, 5)), now, opens)

    for back in (1, 5, 30):
        earlier = now - dt.timedelta(days=back)
        assert next_need(series, coverage.unread(), earlier, 5000) is None


def test_what_is_marked_unread_is_read_window_by_window() -> None:
    series = TrackedSeries("AAA", "15min", MARKETS["US_EQUITY"])
    now = dt.datetime(2026, 11, 20, 22, tzinfo=UTC)
    opens = opens_of(series, dt.date(2024, 1, 8), now)
    coverage, needs = fetched(series, Coverage(earliest=dt.date(2024, 1, 8)), now, opens)

    reread, again = fetched(series, coverage.unread(), now, opens)

    assert len(again) == len(needs) > 2
    assert reread == coverage
    assert UNREAD not in {window.read_at for window in reread.windows}


def test_windows_that_lost_bars_are_gaps_again() -> None:
    series = TrackedSeries("AAA", "15min", MARKETS["US_EQUITY"])
    now = dt.datetime(2026, 11, 20, 22, tzinfo=UTC)
    opens = opens_of(series, dt.date(2024, 1, 8), now)
    coverage, _ = fetched(series, Coverage(earliest=dt.date(2024, 1, 8)), now, opens)
    middle = coverage.windows[1]
    lost = opens.filter(~opens.is_between(middle.start, middle.start + dt.timedelta(days=5)))

    known = coverage.verified(lost)
    need = next_need(series, known, now, 5000)

    assert [window for window in coverage.windows if window not in known.windows] == [middle]
    assert need is not None
    assert (need.kind, need.start) == (HISTORY, middle.start)
