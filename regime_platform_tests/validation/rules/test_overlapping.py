"""Bars of one series that overlap in time are rejected; short bars of a session are not."""

import datetime as dt

import polars as pl
import pytest

from regime_platform.model.calendar.trading_hours import expected_bars
from regime_platform.model.markets import MARKETS
from regime_platform.validation.gate import GateResult
from regime_platform_tests.builders import fetched, make_bars
from regime_platform_tests.validation.generated_bars import gated
from regime_platform_tests.validation.real_bars import finding_of


def _opens(timeframe: str, asset_class: str, anchor: str = "session") -> list[dt.datetime]:
    """The opens that the calendar expects in the autumn of 2023."""
    start, end = (dt.datetime(2023, month, 20, tzinfo=dt.UTC) for month in (10, 12))
    expected = expected_bars(MARKETS[asset_class], timeframe, start, end, anchor)
    return expected["ts"].to_list()


def _validated(opens: list[dt.datetime], timeframe: str, asset_class: str) -> GateResult:
    bars = make_bars(len(opens)).with_columns(
        ts=pl.Series(sorted(opens)).cast(pl.Datetime("us", "UTC"))
    )
    return gated(fetched(bars), timeframe, asset_class)


def _utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def test_a_bar_between_two_others_is_named_with_the_other() -> None:
    opens = [*_opens("1h", "US_EQUITY"), _utc("2023-11-14T16:00")]

    result = _validated(opens, "1h", "US_EQUITY")

    assert finding_of(result, "overlapping_bars").examples == (
        "2023-11-14 16:00 overlaps the bar that opens at 2023-11-14 15:30",
    )
    assert result.status == "blocked"
    assert result.rejected["ts"].to_list() == opens[-1:]
    assert finding_of(result, "missing_bars").count == 0


def test_bars_of_two_anchors_are_named_and_those_of_the_calendar_stay() -> None:
    expected = _opens("1h", "US_EQUITY")
    moved = [ts + dt.timedelta(minutes=30) for ts in expected if ts.date() == dt.date(2023, 11, 14)]

    result = _validated([*expected, *moved], "1h", "US_EQUITY")

    inside = moved[:-1]  # the last one opens as the session ends
    assert result.rejected["ts"].to_list() == inside
    assert result.valid["ts"].to_list() == sorted({*expected, *moved} - {*inside})


def test_bars_of_four_hours_that_moved_are_named() -> None:
    opens = [*_opens("4h", "US_EQUITY"), _utc("2023-11-14T16:00")]

    assert _validated(opens, "4h", "US_EQUITY").rejected["ts"].to_list() == opens[-1:]


def test_a_finer_series_is_no_coarser_one() -> None:
    result = _validated(_opens("1h", "CRYPTO", "clock"), "4h", "CRYPTO")

    assert finding_of(result, "overlapping_bars").count > 900


@pytest.mark.parametrize(
    ("timeframe", "asset_class", "anchor", "more"),
    [
        ("15min", "US_EQUITY", "session", ()),  # with an early close
        # before and after the session, on the clock
        ("1h", "US_EQUITY", "session", ("2023-11-14T13:00", "2023-11-14T14:00")),
        ("1h", "US_EQUITY", "session", ("2023-11-14T21:00", "2023-11-14T22:00")),
        ("1h", "US_EQUITY", "clock", ()),
        ("4h", "US_EQUITY", "session", ()),
        ("4h", "FX", "clock", ("2023-11-12T22:00",)),  # as a Sunday opens, cut short by the clock
        ("1h", "CRYPTO", "clock", ()),
    ],
)
def test_short_bars_of_a_session_do_not_overlap(
    timeframe: str, asset_class: str, anchor: str, more: tuple[str, ...]
) -> None:
    opens = {*_opens(timeframe, asset_class, anchor), *map(_utc, more)} - {_utc("2023-11-12T20:00")}

    result = _validated(list(opens), timeframe, asset_class)

    assert finding_of(result, "overlapping_bars").count == 0
