"""Expected and present daily bars by month; the sessions are those of a printed calendar."""

import datetime as dt
from typing import Any

import polars as pl

from regime_platform.model.instruments import Instrument
from regime_platform.report.index.coverage import Calendar, coverage

_NOW = dt.datetime(2024, 3, 9, 12, tzinfo=dt.UTC)  # a Saturday
_SCHEMA = pl.Schema(
    {
        "symbol": pl.String(),
        "month": pl.List(pl.Date()),
        "bars": pl.List(pl.Int64()),
        "first": pl.Datetime("us", "UTC"),
        "last": pl.Datetime("us", "UTC"),
    }
)


def _instrument(symbol: str, **facts: Any) -> Instrument:
    known = {"name": symbol, "asset_class": "US_EQUITY", "tier": "daily", "source": "files"}
    return Instrument(symbol=symbol, **{**known, **facts})


def _day(month: int, day: int) -> dt.datetime:
    return dt.datetime(2024, month, day, tzinfo=dt.UTC)


def _rows(*series: tuple[str, list[int], dt.datetime, dt.datetime]) -> pl.DataFrame:
    rows = [
        (symbol, [dt.date(2024, first.month + at, 1) for at in range(len(bars))], bars, first, last)
        for symbol, bars, first, last in series
    ]
    return pl.DataFrame(rows, _SCHEMA, orient="row")


def _counts(calendar: Calendar) -> list[tuple[int, int, int]]:
    return [(each.month.month, each.present, each.expected) for each in calendar.months]


def test_bars_are_expected_from_the_first_to_those_that_are_late() -> None:
    # New York had 21 sessions in January 2024, 20 in February and 6 up to 8 March
    bars = _rows(("AAA", [20, 20, 4], _day(1, 2), _day(3, 6)))

    (calendar,) = coverage([_instrument("AAA")], bars, _NOW)

    assert _counts(calendar) == [(1, 20, 21), (2, 20, 20), (3, 4, 6)]
    assert calendar.missing == 3
    assert calendar.share == 44 / 47
    assert [month.level for month in calendar.months] == [4, 7, 1]


def test_nothing_is_expected_before_the_first_bar_nor_after_a_delisting() -> None:
    gone = _instrument("AAA", delisted="2024-02-02")
    bars = _rows(("AAA", [5, 2], _day(1, 25), _day(2, 2)))

    (calendar,) = coverage([gone], bars, _NOW)

    assert _counts(calendar) == [(1, 5, 5), (2, 2, 2)]
    assert calendar.years[2024][2] is None


def test_a_month_has_no_more_bars_than_its_calendar_expects() -> None:
    bars = _rows(("AAA", [23, 20, 6], _day(1, 2), _day(3, 8)))

    (calendar,) = coverage([_instrument("AAA")], bars, _NOW)

    assert _counts(calendar)[0] == (1, 21, 21)


def test_each_class_has_a_calendar_beside_that_of_all() -> None:
    stock, coin = _instrument("AAA"), _instrument("BBB", asset_class="CRYPTO")
    bars = _rows(
        ("AAA", [21, 20, 6], _day(1, 2), _day(3, 8)),
        ("BBB", [31, 28, 8], _day(1, 1), _day(3, 8)),
        ("CCC", [9], _day(1, 1), _day(1, 9)),  # no longer in the universe
    )

    everything, coins, stocks = coverage([stock, coin], bars, _NOW)

    assert [coins.name, stocks.name] == ["CRYPTO", "US_EQUITY"]
    assert _counts(coins)[1] == (2, 28, 29)
    assert _counts(everything)[1] == (2, 48, 49)


def test_without_bars_there_is_no_calendar() -> None:
    assert coverage([_instrument("AAA")], pl.DataFrame(schema=_SCHEMA), _NOW) == []
