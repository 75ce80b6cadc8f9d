"""Figures of ten steps, recomputed with the standard library or by hand."""

import math
import statistics
from itertools import pairwise

import numpy as np
import pytest

from regime_platform.studies.allocation.equity import drawdowns
from regime_platform.studies.allocation.measures import (
    Clock,
    annual_return,
    calmar,
    max_drawdown,
    sharpe,
    ulcer_index,
    under_water,
    volatility,
    worst_period,
)

# wealth 1.1, 0.99, 0.99, 1.188, 0.9504, 1.0, 1.1, 1.21, 1.1495, 1.2
WEALTH = (1.0, 1.1, 0.99, 0.99, 1.188, 0.9504, 1.0, 1.1, 1.21, 1.1495, 1.2)
RETURNS = np.array([b / a - 1 for a, b in pairwise(WEALTH)])
#: Against the highest until then: 1.1, 1.188 from the fourth, 1.21 from the eighth.
FALLS = (0, -0.1, -0.1, 0, -0.2, 1 / 1.188 - 1, 1.1 / 1.188 - 1, 0, -0.05, 1.2 / 1.21 - 1)
CLOCK = Clock(np.datetime64("2019-12-28", "us") + np.arange(11) * np.timedelta64(1, "D"))
YEARS = 10 / 365.2425


def test_drawdown_and_ulcer_index() -> None:
    falls = drawdowns(RETURNS)

    assert falls == pytest.approx(FALLS, abs=1e-12)
    assert max_drawdown(falls) == pytest.approx(-0.2)
    assert ulcer_index(falls) == pytest.approx(math.sqrt(sum(fall**2 for fall in FALLS) / 10))


def test_a_year_is_counted_from_the_bars() -> None:
    assert CLOCK.years == pytest.approx(YEARS)
    assert CLOCK.steps_per_year == pytest.approx(365.2425)
    days = np.datetime64("2001-01-01", "us") + np.arange(3650) * np.timedelta64(1, "D")
    assert Clock(days[np.arange(3650) % 7 < 5]).steps_per_year == pytest.approx(
        365.2425 * 5 / 7, abs=0.2
    )


def test_return_calmar_and_sharpe() -> None:
    growth = 1.2 ** (1 / YEARS) - 1
    mean, spread = statistics.mean(RETURNS), statistics.stdev(RETURNS)

    assert annual_return(RETURNS, CLOCK) == pytest.approx(growth)
    assert calmar(RETURNS, CLOCK) == pytest.approx(growth / 0.2)
    assert sharpe(RETURNS, CLOCK.steps_per_year) == pytest.approx(
        mean / spread * math.sqrt(365.2425)
    )
    assert volatility(RETURNS, CLOCK.steps_per_year) == pytest.approx(spread * math.sqrt(365.2425))


def test_what_cannot_be_divided_has_no_value() -> None:
    assert np.isnan(sharpe(np.zeros(5), 252.0))
    assert np.isnan(calmar(np.array([0.1] * 10), CLOCK))


def test_time_under_water_is_the_share_and_the_longest_stretch() -> None:
    assert under_water(drawdowns(RETURNS)) == (0.7, 3)
    assert under_water(np.zeros(4)) == (0.0, 0)


def test_the_worst_month_and_year_are_of_the_calendar() -> None:
    # steps end on 29 December to 7 January
    december, january = 0.99, 1.2 / 0.99

    assert worst_period(RETURNS, CLOCK, "M") == pytest.approx(december - 1)
    assert worst_period(RETURNS, CLOCK, "Y") == pytest.approx(min(december, january) - 1)


def test_paths_in_rows_are_each_measured_alone() -> None:
    rows = np.stack([RETURNS, RETURNS[::-1]])

    falls = drawdowns(rows)

    assert falls == pytest.approx(np.stack([drawdowns(row) for row in rows]))
    assert sharpe(rows, 252.0) == pytest.approx([float(sharpe(row, 252.0)) for row in rows])
    assert ulcer_index(falls) == pytest.approx([float(ulcer_index(fall)) for fall in falls])
