"""Shares by date, and the areas that show them."""

import datetime as dt

import polars as pl

from regime_platform.report.index.breadth import Breadth, breadth

_MONDAY = dt.date(2024, 1, 1)
_ORDER = ("TRENDING_BULL", "TRANSITION", "SHOCK")


def _breadth(*counts: tuple[int, str, int]) -> Breadth:
    rows = [
        {"day": _MONDAY + dt.timedelta(days=day), "value": value, "symbols": symbols}
        for day, value, symbols in counts
    ]
    shown = breadth("Regimes", pl.DataFrame(rows), _ORDER)
    assert shown is not None
    return shown


def test_the_shares_of_a_date_are_those_of_the_symbols_that_have_a_state() -> None:
    shown = _breadth((1, "SHOCK", 1), (1, "TRENDING_BULL", 3), (0, "TRANSITION", 2), (0, "NA", 9))

    assert shown.dates == [_MONDAY, _MONDAY + dt.timedelta(days=1)]
    assert shown.counts == [2, 4]
    assert shown.shares == {
        "TRENDING_BULL": [0.0, 0.75],
        "TRANSITION": [1.0, 0.0],
        "SHOCK": [0.0, 0.25],
    }
    assert shown.latest == [("SHOCK", 0.25), ("TRANSITION", 0.0), ("TRENDING_BULL", 0.75)]
    assert shown.document["shares"] == {
        "shock": [0.0, 25.0],
        "transition": [100.0, 0.0],
        "trending bull": [0.0, 75.0],
    }


def test_the_areas_of_a_date_stand_on_each_other_until_the_next() -> None:
    shown = _breadth((0, "TRANSITION", 2), (1, "TRENDING_BULL", 1), (1, "SHOCK", 1))

    # two days on 1000 units, a share of one on 200 units, measured from above
    assert dict(shown.areas) == {
        "TRENDING_BULL": "M0,200 500,200 500,100 1000,100L1000,200 0,200Z",
        "TRANSITION": "M0,0 500,0 500,100 1000,100L1000,100 500,100 500,200 0,200Z",
        "SHOCK": "M0,0 1000,0L1000,100 500,100 500,0 0,0Z",
    }


def test_dates_without_bars_are_left_empty() -> None:
    days = (0, 1, 2, 3, 90, 91)
    shown = _breadth(*((day, "SHOCK", 1) for day in days))

    ((value, path),) = shown.areas

    # 92 days wide: four at its start, two at its end, nothing between
    assert value == "SHOCK"
    assert path == "M0,0 43.5,0L43.5,200 0,200ZM978.3,0 1000,0L1000,200 978.3,200Z"


def test_a_year_has_ticks_at_its_quarters_and_many_years_have_few() -> None:
    year = _breadth((0, "SHOCK", 1), (300, "SHOCK", 1))
    decades = _breadth(*((day, "SHOCK", 1) for day in range(0, 9000, 30)))

    assert [text for text, _ in year.ticks] == ["2024-04", "2024-07", "2024-10"]
    assert 4 <= len(decades.ticks) <= 8
    assert all(text.isdecimal() for text, _ in decades.ticks)


def test_without_a_state_there_is_no_breadth() -> None:
    rows = pl.DataFrame({"day": [_MONDAY], "value": ["NA"], "symbols": [3]})

    assert breadth("Escalation", rows, ("LOW", "MED", "HIGH")) is None
